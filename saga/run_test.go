package saga_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/order/ordertest"
	"github.com/orderstream/oms/saga"
)

// run is one order on its way.
type run struct {
	t     fataler
	world *world
	takes receiver // who receives requests: the world, or the books after the sale
	plan  saga.Plan
	pol   saga.Policy
	order order.Order
	now   time.Time
	asked []orderv1.Step // every send
	did   []orderv1.Step // when the saga turned round: what was done, or may have been
	moves int
	limit int

	history []proto.Message
}

// start places an order and lets the saga look at it. Its answers come from
// the given function.
func start(t fataler, answer func(orderv1.Step, int) act, change ...func(*order.Create)) *run {
	t.Helper()
	gbp := func(minor int64) money.Amount { return money.Amount{Currency: "GBP", Minor: minor} }
	c := order.Create{
		Currency: "GBP", Now: noon, Customer: order.Customer{CustomerID: "c1"},
		Items:      []order.Line{{SKU: "tea", Quantity: 2, UnitPrice: gbp(1000)}, {SKU: "pot", Quantity: 1, UnitPrice: gbp(1000)}},
		Payments:   []order.PaymentItem{{Amount: gbp(1000), Token: "tok-1"}, {Token: "tok-2"}},
		PromoCodes: []order.Promo{{Code: "SPRING"}},
	}
	for _, f := range change {
		f(&c)
	}
	r := &run{
		t: t, world: newWorld(t, answer), plan: saga.Checkout, order: order.New(orderID, 7), now: noon,
		limit: 4*len(saga.Checkout.Steps) + 16,
	}
	r.must(c)
	r.takes = r.world
	return r
}

// receiver takes requests and answers in time, or not.
type receiver interface {
	receive(r saga.Request) []order.Answer
}

func (r *run) must(c decider) {
	r.t.Helper()
	if err := r.do(c); err != nil {
		r.t.Fatalf("%T: %v", c, err)
	}
}

type decider interface {
	Decide(order.Order) ([]proto.Message, error)
}

// do decides a command and lets the saga react until it has nothing to add, as
// the store does within one commit.
func (r *run) do(c decider) error {
	r.t.Helper()
	es, err := c.Decide(r.order)
	if err != nil {
		return err
	}
	for range 8 {
		for _, e := range es {
			r.fold(e)
		}
		if es = saga.Next(r.plan, r.pol, r.order, r.now); es == nil {
			if wrong := ordertest.Wrong(r.order); wrong != "" {
				r.t.Fatalf("after %T: %s", c, wrong)
			}
			return nil
		}
	}
	r.t.Fatalf("the saga still reacts: %v", es)
	return nil
}

func (r *run) fold(e proto.Message) {
	r.t.Helper()
	if _, ok := e.(*orderv1.CompensationStarted); ok {
		r.did = r.touched()
	}
	next := order.Evolve(r.order, e)
	if wrong := ordertest.WrongMove(r.order, next); wrong != "" {
		r.t.Fatalf("%T %s", e, wrong)
	}
	r.order = next
	r.history = append(r.history, e)
	if req, ok := e.(*orderv1.StepRequested); ok {
		r.asked = append(r.asked, req.GetStep())
	}
	waiting := 0
	for _, p := range r.order.Steps {
		if p.State == order.StepPending {
			waiting++
		}
	}
	if waiting > 1 {
		r.t.Fatalf("%d steps run at once after %T: %+v", waiting, e, r.order.Steps)
	}
}

// step lets the participants answer what is asked, or time pass; false when
// only a person can move the order.
func (r *run) step() bool {
	r.t.Helper()
	if r.moves++; r.moves > r.limit {
		r.t.Fatalf("no end after %d moves: %s, %+v", r.limit, r.order.Status, r.order.Steps)
	}
	if p, ok := saga.Pending(r.order); ok {
		for _, a := range r.takes.receive(saga.RequestFor(r.order, p)) {
			r.must(a)
		}
		if still, ok := saga.Pending(r.order); !ok || still.RequestID != p.RequestID || still.Attempt != p.Attempt {
			return true
		}
	}
	at := saga.WakeAt(r.order)
	if at.IsZero() {
		return false
	}
	r.now = at
	r.must(order.Wake{})
	return true
}

// end plays until nothing moves by itself any more.
func (r *run) end() *run {
	r.t.Helper()
	for r.step() {
	}
	return r
}

// touched is what was done, and the step whose answer was not heard. An
// authorization counts while some of it may be left: a capture uses it up.
func (r *run) touched() []orderv1.Step {
	var did []orderv1.Step // a step that a new payment round asks again is where it was
	for _, s := range r.world.done {
		if !slices.Contains(did, s) {
			did = append(did, s)
		}
	}
	p, waiting := saga.Pending(r.order)
	if waiting && !slices.Contains(did, p.Step) {
		did = append(did, p.Step)
	}
	usedUp := p.Step != orderv1.Step_STEP_AUTHORIZE_PAYMENT
	for thing := range r.world.held {
		usedUp = usedUp && !strings.HasPrefix(thing, "auth ")
	}
	return slices.DeleteFunc(did, func(s orderv1.Step) bool { return usedUp && s == orderv1.Step_STEP_AUTHORIZE_PAYMENT })
}

// clean states the law for an order that ended without a sale: what was taken
// back is the exact reverse of what was done, and nothing is held any more.
func (r *run) clean() {
	r.t.Helper()
	var undone []orderv1.Step
	for _, s := range r.asked {
		if undoes(s) && !slices.Contains(undone, s) {
			undone = append(undone, s)
		}
	}
	if want := reverse(r.did); !slices.Equal(undone, want) {
		r.t.Fatalf("did %v, took back %v, want %v", r.did, undone, want)
	}
	if len(r.world.held) > 0 {
		r.t.Fatalf("cancelled, but still held: %v", r.world.held)
	}
}

// reverse is what takes steps back: each by its undo, the last first, those
// with the same undo together.
func reverse(did []orderv1.Step) []orderv1.Step {
	var out []orderv1.Step
	for _, s := range slices.Backward(did) {
		i := slices.IndexFunc(saga.Checkout.Steps, func(p saga.PlanStep) bool { return p.Step == s })
		if undo := saga.Checkout.Steps[i].Undo; undo != orderv1.Step_STEP_UNSPECIFIED && !slices.Contains(out, undo) {
			out = append(out, undo)
		}
	}
	return out
}

func undoes(s orderv1.Step) bool {
	return slices.ContainsFunc(saga.Checkout.Steps, func(p saga.PlanStep) bool { return p.Undo == s })
}

func always(a act) func(orderv1.Step, int) act {
	return func(orderv1.Step, int) act { return a }
}

// at answers one step with these acts, one per send and then the last one; the
// others comply.
func at(step orderv1.Step, as ...act) func(orderv1.Step, int) act {
	return func(s orderv1.Step, send int) act {
		if s != step {
			return comply
		}
		return as[min(send, len(as))-1]
	}
}

func steps(t *testing.T) []orderv1.Step {
	t.Helper()
	var out []orderv1.Step
	for _, s := range saga.Checkout.Steps {
		out = append(out, s.Step)
	}
	return out
}
