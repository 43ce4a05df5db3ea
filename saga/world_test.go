package saga_test

import (
	"slices"
	"time"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/saga"
)

const orderID = "order-0123456789"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// act is what a participant does with one send of a request.
type act = int

const (
	comply   act = iota // does it and says so
	refuse              // says no
	half                // does the first of its transactions only; other steps refuse
	torn                // does the first of its transactions and takes it back; other steps refuse
	tornLost            // as torn, but the answer is lost
	lose                // does it, but the answer is lost
	ignore              // the request is lost
	twice               // does it and says so two times
	late                // does it, but the answer comes after the next send
	review              // the fraud check is undecided; other steps comply
	reject              // the fraud check says no; other steps refuse
	acts
)

// world has all participants. It remembers what took effect, and like the real
// ones it answers a repeated request as before and refuses an undone one.
type world struct {
	t      fataler
	answer func(step orderv1.Step, send int) act

	sends   map[orderv1.Step]int
	replies map[string]order.Answer // by request id
	closed  map[string]bool         // request ids that were undone
	held    map[string]bool         // what is reserved, blocked, authorized, captured
	moved   map[string]string       // by transaction id: the thing that it made
	done    []orderv1.Step          // effects forward, in order
	late    []order.Answer
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func newWorld(t fataler, answer func(orderv1.Step, int) act) *world {
	return &world{
		t: t, answer: answer,
		sends: make(map[orderv1.Step]int), replies: map[string]order.Answer{}, closed: map[string]bool{}, held: map[string]bool{}, moved: map[string]string{},
	}
}

// receive handles one send and returns the answers that come in time.
func (w *world) receive(r saga.Request) []order.Answer {
	w.sends[r.Step]++
	what := w.answer(r.Step, w.sends[r.Step])
	if what == ignore {
		return nil
	}
	a, known := w.replies[r.ID]
	if !known {
		a = w.work(r, what)
		w.replies[r.ID] = a
	}
	answers := slices.Concat(w.late, []order.Answer{a})
	w.late = nil
	switch what {
	case lose, tornLost:
		return answers[:len(answers)-1]
	case late:
		w.late = answers[len(answers)-1:]
		return answers[:len(answers)-1]
	case twice:
		return append(answers, a)
	default:
		return answers
	}
}

// work does what is asked, once, and makes the answer.
func (w *world) work(r saga.Request, what act) order.Answer {
	no := what == refuse || what == half || what == torn || what == tornLost || what == reject || w.closed[r.ID]
	for _, id := range r.UndoOf {
		w.closed[id] = !no || w.closed[id]
	}
	a := order.Answer{Step: r.Step, RequestID: r.ID, Succeeded: !no, Code: skava.CodeDone}
	if no {
		a.Code, a.Message = skava.CodeRefused, "refused_by_test"
	}
	switch body := r.Payload.(type) {
	case skava.InventoryBulkTransaction:
		w.effect(r.Step, !no, "stock")
	case skava.PromotionBulkTransaction:
		w.effect(r.Step, !no, "promotion")
	case skava.FraudRequest:
		a.Verdict = map[act]orderv1.FraudVerdict{
			refuse: orderv1.FraudVerdict_FRAUD_VERDICT_UNSPECIFIED, half: orderv1.FraudVerdict_FRAUD_VERDICT_UNSPECIFIED,
			torn:     orderv1.FraudVerdict_FRAUD_VERDICT_UNSPECIFIED,
			tornLost: orderv1.FraudVerdict_FRAUD_VERDICT_UNSPECIFIED,
			review:   orderv1.FraudVerdict_FRAUD_VERDICT_REVIEW, reject: orderv1.FraudVerdict_FRAUD_VERDICT_REJECT,
		}[what]
		if !no && what != review {
			a.Verdict = orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT
		}
	case skava.PaymentBulkTransaction:
		for i, tx := range body.Transactions {
			first := i == 0 && !w.closed[r.ID]
			out := order.Transaction{ID: tx.ID, Succeeded: !no || what == half && first, Code: a.Code, Message: a.Message}
			if out.Succeeded {
				out.MovedMinor = w.pay(r, tx)
			}
			if (what == torn || what == tornLost) && first {
				before := slices.Clone(w.done)
				out.RevertedMinor = w.pay(r, tx)
				delete(w.held, w.moved[tx.ID])
				w.done = before
			}
			a.Transactions = append(a.Transactions, out)
		}
	default:
		w.t.Fatalf("%s: nobody takes a %T", r.ID, r.Payload)
	}
	return a
}

// effect does or undoes a step that is about one thing.
func (w *world) effect(s orderv1.Step, yes bool, thing string) {
	switch {
	case !yes:
	case s == orderv1.Step_STEP_RELEASE_INVENTORY || s == orderv1.Step_STEP_RELEASE_PROMOTION:
		delete(w.held, thing)
	default:
		w.held[thing] = true
		w.done = append(w.done, s)
	}
}

// pay moves the money of one payment item, and returns how much. An undo that
// finds nothing to take back has done all that was asked.
func (w *world) pay(r saga.Request, tx skava.PaymentTransaction) int64 {
	authorized, captured := "auth "+tx.PaymentItemID, "capture "+tx.PaymentItemID
	from, to := "", ""
	switch r.Step { //nolint:exhaustive // the other steps move no money
	case orderv1.Step_STEP_AUTHORIZE_PAYMENT:
		to = authorized
		if w.held[authorized] || w.held[captured] {
			w.t.Fatalf("%s is authorized twice", tx.PaymentItemID)
		}
	case orderv1.Step_STEP_CAPTURE_PAYMENT:
		from, to = authorized, captured
		if !w.held[authorized] {
			w.t.Fatalf("%s is captured without being authorized", tx.PaymentItemID)
		}
	case orderv1.Step_STEP_VOID_PAYMENT:
		from = authorized
	case orderv1.Step_STEP_REFUND_PAYMENT:
		from = captured
	}
	undoes := tx.Property(skava.PropertyUndoes)
	if from != "" && !w.held[from] || undoes != "" && w.moved[undoes] != from {
		return 0
	}
	delete(w.held, from)
	if to == "" {
		return tx.Value
	}
	w.held[to], w.moved[tx.ID] = true, to
	if !slices.Contains(w.done, r.Step) { // once for all items
		w.done = append(w.done, r.Step)
	}
	return tx.Value
}
