package participants

import (
	"testing"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
)

func TestRepliesGoWhereTheyDoNoHarm(t *testing.T) {
	for subject, good := range map[string]bool{
		"": true, "_INBOX.abc.1": true, "shop.replies": true, "reply.inventory.0": true, "reply.inventory.15": true, "orders.replies": true,
		"reply.payment.0": false, "reply": false, "reply.inventory": false, "order.created": false, "t.acme.order.created": false,
		"log.order.created.0": false, "cmd.order.0": false, "tick.fired.saga": false, "$JS.API.STREAM.PURGE.LOG_ORDER": false, "$SYS.x": false,
		skava.QueueInventory: false, skava.QueuePromotion: false, skava.QueuePayment: false, skava.QueueFraud: false,
		"a b": false, "a.*": false, "a.>": false, ".a": false, "a.": false, "a..b": false, "a\r\nPUB b": false,
	} {
		if err := checkReplyTo(subject, "inventory"); (err == nil) != good || err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", subject, err)
		}
	}
}

// TestSagasAreAnswered keeps the reply subjects of sagas open, for each
// participant its own.
func TestSagasAreAnswered(t *testing.T) {
	for queue, name := range nameOf {
		if err := checkReplyTo(workqueue.ReplySubject(name), name); err != nil {
			t.Errorf("%s: %v", queue, err)
		}
		if err := checkReplyTo(queue, name); err == nil {
			t.Errorf("%s can be replied to", queue)
		}
	}
}
