package testkit

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// Audit replays the logs of orders, stock, payments and promotions from their
// beginning and proves after every commit, and not only at the end, that
//
//   - the revisions of each aggregate have no gap, and no idempotency key was
//     obeyed twice,
//   - the quantities and the worth of each order add up, its status moved by the
//     table, and what was finished stayed so,
//   - stock is never negative or oversold, no more is shipped or released of a
//     reservation than it holds,
//   - no more is taken of an authorization than it allows, or given back than was
//     taken, and every payment request is recorded once,
//   - promo codes are never used more often than their limits allow.
//
// Over the logs it proves that each order that is settled holds exactly the
// stock that it has still to ship and exactly the money that it is due, and that
// a cancelled one gave back all that it ever had, and that the read model shows
// each order as its events make it. It runs on what is stored now.
func (p *Process) Audit(t *testing.T) {
	t.Helper()
	js := p.JetStream(t)
	a := auditor{revisions: map[string]uint64{}, obeyed: map[string]string{}, tenants: map[string]books{}}
	for _, log := range []audited{
		{"promotion", books.promotion, books.wrongPromotion},
		{"inventory", books.inventory, books.wrongStock},
		{"payment", books.payment, books.wrongPayment},
		{"order", books.order, books.wrongOrder},
	} {
		for _, c := range commits(t, js, log.name) {
			for _, wrong := range a.commit(t, c, log) {
				t.Errorf("%s log at %d, %s: %s", log.name, c.Position, c.GetCommand(), wrong)
			}
			if t.Failed() {
				if log.name == "order" {
					p.Tell(t, c.GetEvents()[0].GetAggregate())
				}
				return // what follows would only repeat it
			}
		}
	}
	for _, b := range a.tenants {
		for _, wrong := range b.crosswise() {
			t.Error(wrong)
		}
	}
	for id, o := range p.AllOrders(t) { // of the default tenant
		if wrong := misshown(o, a.tenants["default"].orders[id]); wrong != "" {
			t.Errorf("order %s is shown with %s", id, wrong)
		}
	}
}

// misshown is where the read model differs from the folded order.
func misshown(o *orderv1.Order, is order.Order) string {
	switch status := orderv1.OrderStatus(is.Status); {
	case o.GetStatus() != status:
		return fmt.Sprintf("status %s, but is %s", o.GetStatus(), status)
	case o.GetDue().GetMinorUnits() != is.DueMinor:
		return fmt.Sprintf("%d due, but that are %d", o.GetDue().GetMinorUnits(), is.DueMinor)
	case len(is.Work) == 0 && o.GetPaymentDue().GetMinorUnits() != is.OwedMinor:
		return fmt.Sprintf("%d that could not be taken, but that are %d", o.GetPaymentDue().GetMinorUnits(), is.OwedMinor)
	case int(o.GetOpenWork()) != len(is.Work):
		return fmt.Sprintf("%d pieces of open work, but has %d", o.GetOpenWork(), len(is.Work))
	}
	for _, i := range o.GetItems() {
		at, _ := is.Item(i.GetItemId())
		shown := order.Item{
			Quantity: i.GetQuantity(), Cancelled: i.GetCancelled(), Packed: i.GetPacked(), Shipped: i.GetShipped(), Delivered: i.GetDelivered(),
			Undelivered: i.GetUndelivered(), ReturnPending: i.GetReturnPending(), Returned: i.GetReturned(), NotReturnable: !i.GetReturnable(),
		}
		counted := order.Item{
			Quantity: at.Quantity, Cancelled: at.Cancelled, Packed: at.Packed, Shipped: at.Shipped, Delivered: at.Delivered,
			Undelivered: at.Undelivered, ReturnPending: at.ReturnPending, Returned: at.Returned, NotReturnable: at.NotReturnable,
		}
		if shown != counted {
			return fmt.Sprintf("line %s as %+v, but that is %+v", i.GetItemId(), shown, counted)
		}
		if s := orderv1.OrderStatus(at.Status()); is.Status.Confirmed() && i.GetStatus() != s {
			return fmt.Sprintf("line %s as %s, but that is %s", i.GetItemId(), i.GetStatus(), s)
		}
	}
	return ""
}

// audited is a log, what folds an event of it, and what says what is wrong with
// an aggregate after a commit.
type audited struct {
	name  string
	fold  func(books, eventstore.Recorded) string
	wrong func(b books, id string) string
}

// auditor is what the replay knows so far.
type auditor struct {
	revisions map[string]uint64
	obeyed    map[string]string // idempotency key to commit
	tenants   map[string]books
}

// commit replays a commit and says what is wrong after it.
func (a auditor) commit(t *testing.T, c eventstore.Commit, log audited) (wrong []string) {
	t.Helper()
	b, known := a.tenants[c.GetTenant()]
	if !known {
		b = newBooks()
		a.tenants[c.GetTenant()] = b
	}
	say := func(what string) {
		if what != "" {
			wrong = append(wrong, what)
		}
	}
	if c.GetCommandKey() != "" {
		key := strings.Join([]string{c.Log, c.GetTenant(), c.GetScope(), c.GetCommandKey()}, " ")
		if other := a.obeyed[key]; other != "" {
			say(fmt.Sprintf("key %q was obeyed by commits %s and %s", c.GetCommandKey(), other, c.GetId()))
		}
		a.obeyed[key] = c.GetId()
	}
	recorded, err := c.Recorded()
	if err != nil {
		t.Fatal(err)
	}
	touched := map[string]bool{}
	for _, r := range recorded {
		id := strings.Join([]string{c.Log, c.GetTenant(), r.Aggregate}, " ")
		if a.revisions[id]++; a.revisions[id] != r.Revision {
			say(fmt.Sprintf("revision %d of %s follows %d", r.Revision, r.Aggregate, a.revisions[id]-1))
		}
		if what := log.fold(b, r); what != "" {
			say(r.Type + " " + what)
		}
		touched[r.Aggregate] = true
	}
	for id := range touched {
		say(log.wrong(b, id))
	}
	return wrong
}

// commits reads a log from its beginning to its end; none when it does not
// exist.
func commits(t *testing.T, js jetstream.JetStream, log string) (all []eventstore.Commit) {
	t.Helper()
	ctx := Lasting(t)
	st, err := js.Stream(ctx, jsstore.StreamName(log))
	if err != nil {
		t.Fatal(err)
	}
	last := st.CachedInfo().State.LastSeq
	if last == 0 {
		return nil
	}
	cons, err := st.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	it, err := cons.Messages()
	if err != nil {
		t.Fatal(err)
	}
	defer it.Stop()
	for {
		m, err := it.Next()
		if err != nil {
			t.Fatal(err)
		}
		meta, err := m.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		group := &logv1.CommitGroup{}
		if err := proto.Unmarshal(m.Data(), group); err != nil {
			t.Fatal(err)
		}
		for n, c := range group.GetCommits() {
			all = append(all, eventstore.Commit{Log: log, Position: meta.Sequence.Stream, Index: n, Commit: c})
		}
		if meta.Sequence.Stream >= last {
			return all
		}
	}
}
