package participants

import (
	"slices"
	"strings"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/skava"
)

// nameOf is who serves a queue, as it is called in the reply subjects of sagas:
// reply.<name>.<partition>.
var nameOf = map[string]string{
	skava.QueueInventory: "inventory",
	skava.QueuePromotion: "promotion",
	skava.QueuePayment:   "payment",
	skava.QueueFraud:     "fraud",

	skava.QueueLinkedOrders: "orders",
}

// ours are the first tokens of the subjects on which oms itself listens or
// publishes.
var ours = []string{"cmd", "fraud", "inventory", "linked", "log", "order", "payment", "promotion", "reply", "t", "tick"}

// checkReplyTo refuses a reply subject at which a reply does harm. Replies are
// sent with the rights of oms and not with those of whoever asks: nobody must
// have oms write to its own log, speak to its subscribers, answer a saga for
// another participant or command the server.
func checkReplyTo(subject, name string) error {
	tokens := strings.Split(subject, ".")
	switch {
	case subject == "": // no reply wanted
		return nil
	case strings.ContainsAny(subject, " \t\r\n*>\x00"), slices.Contains(tokens, ""):
		return fault.Field(skava.HeaderReplyTo, "%q is no subject to publish to", subject)
	case strings.HasPrefix(subject, "reply."+name+"."):
		return nil
	case strings.HasPrefix(subject, "$"), slices.Contains(ours, tokens[0]):
		return fault.Field(skava.HeaderReplyTo, "%q is not for replies of %s", subject, name)
	}
	return nil
}
