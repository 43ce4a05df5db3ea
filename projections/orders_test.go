package projections_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"
	"pgregory.net/rapid"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/projections"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// pretty is the JSON of a message, with the spaces that protojson leaves to
// chance put straight.
func pretty(t *testing.T, m proto.Message) string {
	t.Helper()
	raw, err := protojson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String() + "\n"
}

const (
	orderID = "order-000000001"
	auth    = orderv1.PaymentOperation_PAYMENT_OPERATION_AUTHORIZE
	void    = orderv1.PaymentOperation_PAYMENT_OPERATION_VOID
	capture = orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE
	refund  = orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// placed is an order with a bit of everything.
func placed(id string, number uint64) *orderv1.OrderCreated {
	return &orderv1.OrderCreated{
		OrderId: id, OrderNumber: number, CollectionId: 7, Reference: "PO-" + id, Channel: "web", StoreId: "s1", Locale: "en-GB",
		Customer:     &orderv1.Customer{CustomerId: "c1", Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"},
		CurrencyCode: "GBP",
		Items: []*orderv1.OrderedItem{
			{
				ItemId: "1", SkuId: "tea", BinName: "main", Name: "Tea", Quantity: 3, UnitPriceMinor: 450, TaxMinor: 225, Returnable: true,
				Adjustments: []*orderv1.StoredAdjustment{{Kind: orderv1.AdjustmentKind_ADJUSTMENT_KIND_DISCOUNT, Code: "SPRING", AmountMinor: -150}},
				Properties:  map[string]string{"leaf": "loose", "box": "blue"},
			},
			{ItemId: "2", SkuId: "cup", BinName: "east", Name: "Cup", Quantity: 1, UnitPriceMinor: 1200},
		},
		Adjustments: []*orderv1.StoredAdjustment{{
			Kind: orderv1.AdjustmentKind_ADJUSTMENT_KIND_SURCHARGE, Code: "WRAP", Description: "Gift wrap", AmountMinor: 200,
		}},
		ShippingMethod: "standard", ShippingMinor: 399, ShippingTaxMinor: 80,
		ShippingAddress: &orderv1.Address{LastName: "Lovelace", Line1: "12 St James's Square", City: "London", PostalCode: "SW1Y 4JH", CountryCode: "GB"},
		Payments: []*orderv1.PlannedPayment{
			{PaymentItemId: "p1", Gateway: "simulated", Token: "tok", AmountMinor: 3000},
			{PaymentItemId: "p2", Gateway: "simulated", AmountMinor: 304},
		},
		PromoCodes: []*orderv1.PromoCode{{PromoCode: "SPRING"}},
		Properties: map[string]string{"b": "2", "a": "1", "c": "3"},
		Totals:     &orderv1.StoredTotals{ItemsMinor: 2550, AdjustmentsMinor: 50, ShippingMinor: 399, TaxMinor: 305, TotalMinor: 3304},
		CreatedAt:  timestamppb.New(noon.Add(time.Duration(number) * time.Minute)), CreatedBy: "ada",
	}
}

func request(s orderv1.Step, id string, ts ...*orderv1.PaymentTransaction) *orderv1.StepRequested {
	return &orderv1.StepRequested{Step: s, RequestId: id, Attempt: 1, Transactions: ts}
}

func answer(s orderv1.Step, id string, ok bool, ts ...*orderv1.PaymentTransaction) *orderv1.StepAnswered {
	a := &orderv1.StepAnswered{Step: s, RequestId: id, Succeeded: ok, ResponseCode: "200", ResponseMessage: "done", Transactions: ts}
	if !ok {
		a.ResponseCode, a.ResponseMessage = "409", "refused"
	}
	return a
}

func pay(id, item string, op orderv1.PaymentOperation, amount int64, ok bool) *orderv1.PaymentTransaction {
	return &orderv1.PaymentTransaction{
		TransactionId: id, PaymentItemId: item, Operation: op, AmountMinor: amount, Succeeded: ok, ResponseCode: "200", ResponseMessage: id,
	}
}

// life is an order that is held for a declined payment, goes on, is confirmed
// and then cancelled after all. Each line is a commit.
func life() [][]proto.Message {
	const (
		reserve, fraud, authorize = orderv1.Step_STEP_RESERVE_INVENTORY, orderv1.Step_STEP_CHECK_FRAUD, orderv1.Step_STEP_AUTHORIZE_PAYMENT
		take, back, release       = orderv1.Step_STEP_CAPTURE_PAYMENT, orderv1.Step_STEP_REFUND_PAYMENT, orderv1.Step_STEP_RELEASE_INVENTORY
	)
	checked := answer(fraud, "f1", true)
	checked.Verdict = orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT
	return [][]proto.Message{
		{placed(orderID, 1), request(reserve, "r1")},
		{answer(reserve, "r1", true), request(fraud, "f1")},
		{checked, request(authorize, "a1", pay("t1", "p1", auth, 3000, false), pay("t2", "p2", auth, 304, false))},
		{
			answer(authorize, "a1", false, pay("t1", "p1", auth, 3000, true), pay("t2", "p2", auth, 304, false)),
			&orderv1.OrderFinalized{}, &orderv1.OrderHeld{Reason: "payment_declined", Until: timestamppb.New(noon.AddDate(0, 0, 3))},
		},
		{&orderv1.OrderHoldReleased{Reason: "payment_retried"}, request(authorize, "a2", pay("t1", "p1", auth, 3000, false), pay("t3", "p2", auth, 304, false))},
		{answer(authorize, "a2", true, pay("t1", "p1", auth, 3000, true), pay("t3", "p2", auth, 304, true)), &orderv1.OrderFinalized{Paid: true}},
		{request(take, "c1", pay("t4", "p1", capture, 3000, false), pay("t5", "p2", capture, 304, false))},
		{&orderv1.SagaParked{Step: take, Reason: "no answer after 5 attempts"}},
		{&orderv1.SagaResumed{Step: take, Reason: "gateway is back"}, request(take, "c1", pay("t4", "p1", capture, 3000, false))},
		{
			answer(take, "c1", true, pay("t4", "p1", capture, 3000, true), pay("t5", "p2", capture, 304, true)),
			&orderv1.OrderConfirmed{ConfirmedAt: timestamppb.New(noon)},
		},
		{&orderv1.OrderCancelRequested{Reason: "wrong cup", RequestedBy: "ada"}},
		{request(back, "b1", pay("t6", "p1", refund, 3000, false), pay("t7", "p2", refund, 304, false))},
		{answer(back, "b1", true, pay("t6", "p1", refund, 3000, true), pay("t7", "p2", refund, 304, true)), request(release, "l1")},
		{answer(release, "l1", true), &orderv1.OrderCancelled{Reason: "cancelled", Message: "wrong cup", CancelledBy: "ada"}},
	}
}

// orders opens the view of orders on a log of its own.
func (w *world) orders() (*log, *opened, projections.Orders) {
	w.Helper()
	p := projections.OrdersProjector()
	l := w.log(&p)
	v := w.run(w.TempDir(), p)
	l.follow(v)
	return l, v, projections.Orders{View: v.View()}
}

func TestTheLifeOfAnOrder(t *testing.T) {
	l, v, orders := newWorld(t).orders()
	var b strings.Builder
	var refs []projections.CommitRef
	for i, events := range life() {
		l.setClock(noon.Add(time.Duration(i+1) * time.Minute))
		position := l.put(orderID, events...)
		refs = append(refs, projections.CommitRef{Position: position})
		v.reach(position)
		o, err := orders.Get(tenant, orderID)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "commit %d:", i+1)
		for _, e := range events {
			fmt.Fprintf(&b, " %s", e.ProtoReflect().Descriptor().Name())
		}
		fmt.Fprintf(&b, "\n  %s %q %q\n", o.GetStatus(), o.GetStatusReason(), o.GetStatusMessage())
		for _, s := range o.GetSteps() {
			fmt.Fprintf(&b, "  %s %s %q\n", s.GetStep(), s.GetState(), s.GetResponseMessage())
		}
		for _, p := range o.GetPayments() {
			fmt.Fprintf(&b, "  %s authorized %d captured %d refunded %d %q\n", p.GetPaymentItemId(),
				p.GetAuthorized().GetMinorUnits(), p.GetCaptured().GetMinorUnits(), p.GetRefunded().GetMinorUnits(), p.GetResponseMessage())
		}
	}
	golden(t, "testdata/life.golden", b.String())

	o, err := orders.Get(tenant, orderID)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/order.golden.json", pretty(t, o))
	history, err := orders.History(tenant, orderID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(refs, history); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	ts, err := orders.Transactions(tenant, orderID)
	if err != nil || len(ts) != 7 || ts[1].GetSucceeded() || !ts[2].GetSucceeded() {
		t.Errorf("transactions %v, %v", ts, err)
	}
	v.mustEqualRebuilt()
}

func TestRedeliveryOfOrdersChangesNothing(t *testing.T) {
	l, v, _ := newWorld(t).orders()
	var last uint64
	for _, events := range life() {
		last = l.put(orderID, events...)
	}
	v.reach(last)
	l.sendAgain(v)
}

func TestAnOrderIsFoundByEachOfItsNames(t *testing.T) {
	l, v, orders := newWorld(t).orders()
	first, second := placed("order-000000001", 1), placed("order-000000002", 2)
	first.Reference, second.Reference = "PO", "PO"
	l.put(first.GetOrderId(), first)
	v.reach(l.put(second.GetOrderId(), second))

	check := func(what string, want string, o *orderv1.Order, err error) {
		t.Helper()
		if err != nil || o.GetOrderId() != want {
			t.Errorf("%s: order %q, want %q; %v", what, o.GetOrderId(), want, err)
		}
	}
	o, err := orders.Get(tenant, first.GetOrderId())
	check("id", first.GetOrderId(), o, err)
	o, err = orders.GetByNumber(tenant, 1)
	check("number", first.GetOrderId(), o, err)
	o, err = orders.GetByReference(tenant, "PO")
	check("the newest one with a reference", second.GetOrderId(), o, err)

	for what, get := range map[string]func() error{
		"unknown id":        func() error { _, err := orders.Get(tenant, "order-000000003"); return err },
		"unknown number":    func() error { _, err := orders.GetByNumber(tenant, 3); return err },
		"unknown reference": func() error { _, err := orders.GetByReference(tenant, "P"); return err },
		"another tenant":    func() error { _, err := orders.Get("acm", first.GetOrderId()); return err },
		"unknown history":   func() error { _, err := orders.History(tenant, "o"); return err },
		"unknown payments":  func() error { _, err := orders.Transactions(tenant, "o"); return err },
	} {
		if err := get(); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: error %v, want not found", what, err)
		}
	}
}

// Every message of events.proto that is an event, and not a part of one, must
// mean something to the view.
func TestEveryOrderEventIsKnown(t *testing.T) {
	l, v, _ := newWorld(t).orders()
	files := []protoreflect.FileDescriptor{
		orderv1.File_oms_order_v1_events_proto, orderv1.File_oms_order_v1_change_events_proto, orderv1.File_oms_order_v1_fulfilment_events_proto,
	}
	parts, messages := map[protoreflect.FullName]bool{}, []protoreflect.FullName{}
	for _, file := range files {
		for i := range file.Messages().Len() {
			messages = append(messages, file.Messages().Get(i).FullName())
			fields := file.Messages().Get(i).Fields()
			for j := range fields.Len() {
				if m := fields.Get(j).Message(); m != nil && m.Name() != "OrderCreated" {
					parts[m.FullName()] = true
				}
			}
		}
	}
	last := l.put(orderID, placed(orderID, 1))
	v.reach(last)
	before := v.Status(t.Context()).Unknown
	events := 0
	for _, name := range messages {
		if parts[name] {
			continue
		}
		events++
		m, err := protoregistry.GlobalTypes.FindMessageByName(name)
		if err != nil {
			t.Fatal(err)
		}
		v.reach(l.put(orderID, m.New().Interface()))
		if got := v.Status(t.Context()).Unknown; got != before {
			t.Errorf("%s is not known", name)
			before = got
		}
	}
	if events < 40 {
		t.Errorf("found %d events only", events)
	}
	v.reach(l.put(orderID, wrapperspb.String("of the future")))
	if got := v.Status(t.Context()).Unknown; got != before+1 {
		t.Errorf("an event of the future counts %d", got-before)
	}
}

// The view and the aggregate must come to the same, whatever happened.
func TestTheViewFoldsAsTheOrderDoes(t *testing.T) {
	w := newWorld(t)
	l, v, orders := w.orders()
	number := uint64(0)
	rapid.Check(t, func(rt *rapid.T) {
		number++
		id := fmt.Sprintf("order-%09d", number)
		events := []proto.Message{placed(id, number)}
		for range rapid.IntRange(1, 30).Draw(rt, "events") {
			e := anyEvent().Draw(rt, "event")
			events = append(events, e)
			if _, end := e.(*orderv1.OrderCancelled); end {
				break // a cancelled order is not sold any more
			}
		}
		want := order.New(id, number)
		for _, e := range events {
			want = order.Evolve(want, e)
		}
		cut := rapid.IntRange(1, len(events)).Draw(rt, "cut")
		l.put(id, events[:cut]...)
		if cut < len(events) {
			l.put(id, events[cut:]...)
		}
		v.reach(l.put("nothing", wrapperspb.Bool(true)))
		o, err := orders.Get(tenant, id)
		if err != nil {
			rt.Fatal(err)
		}
		got := order.Order{
			Status: order.Status(o.GetStatus()), Reason: o.GetStatusReason(), Message: o.GetStatusMessage(), FraudVerdict: o.GetFraudVerdict(),
		}
		if got.Status != want.Status || got.Reason != want.Reason || got.Message != want.Message || got.FraudVerdict != want.FraudVerdict {
			rt.Errorf("view says %v %q %q %v, order says %v %q %q %v", got.Status, got.Reason, got.Message, got.FraudVerdict,
				want.Status, want.Reason, want.Message, want.FraudVerdict)
		}
		if o.GetRevision() != uint64(len(events)) {
			rt.Errorf("revision %d after %d events", o.GetRevision(), len(events))
		}
		for _, s := range o.GetSteps() {
			checkStep(rt, s, want, parked(events, s.GetStep()))
		}
		for n, i := range o.GetItems() {
			line := o.GetStatus()
			if want.Confirmed() {
				line = orderv1.OrderStatus(want.Items[n].Status())
			}
			if i.GetStatus() != line {
				rt.Errorf("line %s is %s, want %s", i.GetItemId(), i.GetStatus(), line)
			}
		}
	})
	v.mustEqualRebuilt()
}

// checkStep compares a step. The two say "parked" in other words: there it is
// the order's state, here the step's, which hides what the step was before.
func checkStep(t *rapid.T, s *orderv1.CheckoutStep, o order.Order, parked bool) {
	want, asked := o.Step(s.GetStep())
	if !asked {
		return
	}
	if s.GetRequestId() != want.RequestID {
		t.Errorf("%s: request %q, want %q", s.GetStep(), s.GetRequestId(), want.RequestID)
	}
	if s.GetState() == orderv1.StepState_STEP_STATE_PARKED && !parked {
		t.Errorf("%s is parked, and never was", s.GetStep())
	}
	done, skipped := s.GetState() == orderv1.StepState_STEP_STATE_DONE, s.GetState() == orderv1.StepState_STEP_STATE_SKIPPED
	if !parked && (done != (want.State == order.StepDone) || skipped != (want.State == order.StepSkipped)) {
		t.Errorf("%s is %s, want %s", s.GetStep(), s.GetState(), want.State)
	}
}

// parked reports whether the saga was ever parked at a step.
func parked(events []proto.Message, s orderv1.Step) bool {
	return slices.ContainsFunc(events, func(e proto.Message) bool {
		p, ok := e.(*orderv1.SagaParked)
		return ok && p.GetStep() == s
	})
}

func anyEvent() *rapid.Generator[proto.Message] {
	return rapid.Custom(func(t *rapid.T) proto.Message {
		s := orderv1.Step(rapid.IntRange(1, 4).Draw(t, "step"))
		id := rapid.SampledFrom([]string{"r1", "r2"}).Draw(t, "request")
		reason := rapid.SampledFrom([]string{"payment_declined", "fraud_review", "other"}).Draw(t, "reason")
		ok := rapid.Bool().Draw(t, "ok")
		a := answer(s, id, ok)
		a.Verdict = orderv1.FraudVerdict(rapid.IntRange(0, 3).Draw(t, "verdict"))
		return rapid.SampledFrom([]proto.Message{
			request(s, id), a, a, request(s, id),
			&orderv1.StepSkipped{Step: s}, &orderv1.SagaParked{Step: s, Reason: reason}, &orderv1.SagaResumed{Step: s},
			&orderv1.CompensationStarted{Reason: reason, Message: id}, &orderv1.OrderConfirmed{}, &orderv1.OrderFinalized{Paid: ok},
			&orderv1.OrderHeld{Reason: reason, Until: timestamppb.New(noon)}, &orderv1.OrderHoldReleased{Reason: id},
			&orderv1.OrderCancelRequested{Reason: id}, &orderv1.OrderCancelled{Reason: reason, Message: id},
		}).Draw(t, "event")
	})
}

func TestAWatcherSeesTheOrderAndItsNewestState(t *testing.T) {
	l, v, orders := newWorld(t).orders()
	v.reach(l.put(orderID, placed(orderID, 1)))
	states, done := make(chan *orderv1.Order), make(chan struct{})
	go func() {
		defer close(done)
		for o, err := range orders.Watch(t.Context(), tenant, orderID) {
			if err != nil {
				t.Error(err)
				return
			}
			states <- o
			if o.GetStatus() == orderv1.OrderStatus_ORDER_STATUS_CANCELLED {
				return
			}
		}
	}()
	if o := <-states; o.GetStatus() != orderv1.OrderStatus_ORDER_STATUS_CREATED {
		t.Errorf("first state: %s", o.GetStatus())
	}
	l.put("order-000000002", placed("order-000000002", 2))
	for range 50 {
		l.put(orderID, &orderv1.OrderHeld{}, &orderv1.OrderHoldReleased{})
	}
	v.reach(l.put(orderID, &orderv1.OrderCancelled{}))
	seen := 0
	for revision := uint64(1); ; seen++ {
		o := <-states
		if o.GetRevision() <= revision {
			t.Errorf("revision %d after %d", o.GetRevision(), revision)
		}
		if revision = o.GetRevision(); revision == 102 {
			break
		}
	}
	<-done
	for _, err := range orders.Watch(t.Context(), tenant, "unknown") {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("watching an unknown order: %v", err)
		}
	}
}

// What the rows share with the events must not let one order's change reach
// another reader's copy.
func TestReadersOwnWhatTheyGet(t *testing.T) {
	l, v, orders := newWorld(t).orders()
	v.reach(l.put(orderID, placed(orderID, 1)))
	a, err := orders.Get(tenant, orderID)
	if err != nil {
		t.Fatal(err)
	}
	a.Items[0].Name = "changed"
	b, err := orders.Get(tenant, orderID)
	if err != nil || b.GetItems()[0].GetName() != "Tea" {
		t.Errorf("the change reached another copy: %v %v", b.GetItems()[0], err)
	}
	if diff := cmp.Diff(a.GetTotals(), b.GetTotals(), protocmp.Transform()); diff != "" {
		t.Errorf("totals (-a +b):\n%s", diff)
	}
}
