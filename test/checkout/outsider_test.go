package checkout_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	sagav1 "github.com/orderstream/oms/gen/oms/saga/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// question is a request on a queue, as an outside service sees it that knows
// the contract and nothing else of oms.
type question struct {
	jetstream.Msg
	js jetstream.JetStream
}

func (q question) id() string { return q.Headers().Get("Request-Id") }

// undo tells the undo of an earlier request.
func (q question) undo() bool { return q.Headers().Get("Undo-Of") != "" }

// sku is that of the first line.
func (q question) sku() string {
	var body struct {
		BinItems []struct {
			SKUID string `json:"skuId"`
		} `json:"binItems"`
	}
	if json.Unmarshal(q.Data(), &body) != nil || len(body.BinItems) == 0 {
		return ""
	}
	return body.BinItems[0].SKUID
}

// answer publishes a reply, with the headers of the contract.
func (q question) answer(t *testing.T, body string) {
	t.Helper()
	m := nats.NewMsg(q.Headers().Get("Reply-To"))
	m.Data = []byte(body)
	m.Header.Set("Request-Id", q.id())
	q.publish(t, m)
}

func (q question) publish(t *testing.T, m *nats.Msg) {
	t.Helper()
	if _, err := q.js.PublishMsg(testkit.Lasting(t), m); err != nil {
		t.Error(err)
	}
}

// done is the shortest reply that says yes.
func (q question) done() string { return `{"requestId":"` + q.id() + `","responseCode":"200"}` }

// takeOver consumes a work queue in place of oms, as long as oms runs.
func (s *shop) takeOver(t *testing.T, stream string, serve func(question)) {
	t.Helper()
	js := s.outside
	cons, err := js.CreateConsumer(t.Context(), stream, jetstream.ConsumerConfig{Durable: "outside", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		t.Fatal(err)
	}
	_, err = cons.Consume(func(m jetstream.Msg) {
		serve(question{m, js})
		if err := m.Ack(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAnOutsideServiceOwnsTheInventory has the test itself answer for the
// stock, in every way that the contract allows and in some that it does not.
func TestAnOutsideServiceOwnsTheInventory(t *testing.T) {
	t.Parallel()
	s := open(t, nil, everythingBut("inventory")...)
	s.stock, s.drops = nil, true
	warehouse := &warehouse{shop: s, late: map[string]question{}}
	s.takeOver(t, "SKQ_INVENTORY", func(q question) { warehouse.serve(t, q) })
	for _, row := range []struct {
		sku    string
		end    orderv1.OrderStatus
		reason string
	}{
		{"answers", submitted, ""},
		{"answers-with-unknown-fields", submitted, ""},
		{"answers-twice", submitted, ""},
		{"answers-nonsense-first", submitted, ""},
		{"refuses", cancelled, "warehouse_closed"},
		{"refuses-then-agrees", cancelled, "out_of_stock"},
	} {
		t.Run(row.sku, func(t *testing.T) {
			id := s.place(t, order(line(row.sku, 1)))
			if o := s.Await(t, id, row.end); o.GetStatusReason() != row.reason {
				t.Errorf("order is %s for %q, want %q", o.GetStatus(), o.GetStatusReason(), row.reason)
			}
			if n := count(s.events(t, id), "StepAnswered"); row.end == cancelled && n != 1 {
				t.Errorf("%d answers were taken", n)
			}
		})
	}
	t.Run("answers-late", func(t *testing.T) {
		id := s.place(t, order(line("answers-late", 1)))
		s.AwaitStep(t, id, orderv1.Step_STEP_RESERVE_INVENTORY)
		s.cancel(t, id)
		s.Await(t, id, cancelled)
		before := len(s.events(t, id))
		warehouse.answerLate(t, id)
		s.Await(t, s.place(t, order(line("answers", 1))), submitted) // what came before it has been read
		if after := len(s.events(t, id)); after != before {
			t.Errorf("a late answer made %d events", after-before)
		}
	})
	t.Run("does-not-take-back", func(t *testing.T) {
		id := s.place(t, order(line("does-not-take-back", 1)))
		s.Await(t, id, submitted)
		s.cancel(t, id)
		testkit.Until(t, testkit.Patience, func() string {
			if !s.Saga(t, id).GetParked() {
				return "the saga is not parked"
			}
			return ""
		})
		if stuck := s.stuck(t); len(stuck) != 1 || stuck[0] != id {
			t.Errorf("stuck are %v, want %s", stuck, id)
		}
		warehouse.relent()
		if _, err := s.Sagas().RetrySaga(t.Context(), &sagav1.RetrySagaRequest{OrderId: id, Reason: "the warehouse has been told"}); err != nil {
			t.Fatal(err)
		}
		s.Await(t, id, cancelled)
	})
}

// stuck are the orders that need a look.
func (s *shop) stuck(t *testing.T) (ids []string) {
	t.Helper()
	res, err := s.Sagas().ListSagas(t.Context(), &sagav1.ListSagasRequest{Stuck: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, saga := range res.GetSagas() {
		ids = append(ids, saga.GetOrderId())
	}
	return ids
}

// warehouse answers as the SKU of the order says.
type warehouse struct {
	*shop
	mu       sync.Mutex
	relented bool
	late     map[string]question // not answered yet, by order
}

func (w *warehouse) relent() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.relented = true
}

func (w *warehouse) answerLate(t *testing.T, order string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	q := w.late[order]
	q.answer(t, q.done())
}

func (w *warehouse) serve(t *testing.T, q question) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	switch sku := q.sku(); {
	case sku == "does-not-take-back" && q.undo() && !w.relented:
		q.answer(t, `{"responseCode":"409","responseMessage":"forklift_broken"}`)
	case q.undo():
		q.answer(t, q.done())
	case sku == "answers-with-unknown-fields":
		q.answer(t, `{"requestId":"`+q.id()+`","responseCode":"200","warehouse":{"aisle":7},"binItems":[{"skuId":"x","robot":true,"responseCode":"200"}]}`)
	case sku == "answers-twice":
		q.answer(t, q.done())
		q.answer(t, q.done())
	case sku == "answers-nonsense-first":
		q.nonsense(t)
		q.answer(t, q.done())
	case sku == "refuses":
		q.answer(t, `{"requestId":"`+q.id()+`","responseCode":"409","responseMessage":"warehouse_closed"}`)
	case sku == "refuses-then-agrees":
		q.answer(t, `{"responseCode":"409","responseMessage":"No, not today!"}`)
		q.answer(t, q.done())
	case sku == "answers-late":
		w.late[q.Headers().Get("Order-Id")] = q
	default:
		q.answer(t, q.done())
	}
}

// nonsense is what a broken service may send; none of it is an answer.
func (q question) nonsense(t *testing.T) {
	t.Helper()
	for _, body := range []string{"", "no", "[]", "{", "7", "null", "{}", `{"responseCode":200}`, `{"responseMessage":"hello"}`, `{"requestId":"another","responseCode":"200"}`} {
		q.answer(t, body)
	}
	order, _, _ := strings.Cut(q.id(), ":")
	for _, id := range []string{"", "x", order, order + ":", order + ":reserve_inventory:2", order + ":capture_payment:1", "no-order-has-this:reserve_inventory:1"} {
		m := nats.NewMsg(q.Headers().Get("Reply-To"))
		m.Data = []byte(`{"responseCode":"200"}`)
		m.Header.Set("Request-Id", id)
		q.publish(t, m)
	}
}
