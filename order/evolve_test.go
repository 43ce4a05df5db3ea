package order_test

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// everyEvent has a history before each event and the event itself.
var everyEvent = []struct {
	given []proto.Message
	event proto.Message
}{
	{nil, created},
	{events(created), reserving},
	{events(created, reserving), reserved},
	{events(created, reserving), &orderv1.StepSkipped{Step: reserving.GetStep(), Reason: "counted by hand"}},
	{events(created, compensating, releasing), parked},
	{events(created, compensating, releasing, parked), &orderv1.SagaResumed{Step: releasing.GetStep()}},
	{events(created, reserving), compensating},
	{events(created, reserving, reserved), confirmed},
	{events(created), &orderv1.OrderFinalized{Paid: true}},
	{events(created), forPayment},
	{events(created, forPayment), retried},
	{events(created, compensating), cancelled},
	{events(created), cancelRequested},

	{sold, told(order.CancelItems{Lines: one})},
	{onward(order.CancelItems{Lines: one}), &orderv1.OrderItemsCancelled{CancellationId: "c1", WorkId: "w1"}},
	{sold, told(dearer)},
	{onward(dearer), &orderv1.OrderEdited{EditId: "e1", WorkId: "w1"}},
	{onward(dearer), &orderv1.OrderEditRejected{EditId: "e1", WorkId: "w1"}},
	{onward(dearer), &orderv1.WorkRejected{WorkId: "w1", Reason: order.ReasonOutOfStock}},
	{onward(dearer), &orderv1.WorkDone{WorkId: "w1"}},
	{sold, told(order.Patch{Status: order.ReadyToEdit})},
	{sold, told(order.Update{Customer: order.Customer{Email: "new@example.com"}, Now: later})},
	{sold, told(order.EditMetadata{Now: noon})},
	{sold, told(order.AddNote{Text: "call first"})},
	{events(created), told(order.Delete{Now: later}, created)},
	{events(created, compensating, cancelled), &orderv1.OrderDeleted{DeletedBy: "ada"}},
	{sold, told(order.CreateInvoice{})},
	{onward(order.CreateInvoice{Invoice: order.Invoice{ID: "i1"}}), &orderv1.InvoiceUpdated{At: timestamppb.New(noon), Invoice: &orderv1.Invoice{InvoiceId: "i1"}}},
	{sold, told(order.Pack{Lines: one})},
	{onward(order.Pack{Lines: one}), &orderv1.PackageSubmitted{PackageId: "k1"}},
	{packed, told(order.SplitPackage{PackageID: "k1", Into: [][]order.Units{one, one}}, packed...)},
	{packed, told(order.UpdatePackage{PackageID: "k1", Transport: order.Transport{Carrier: "UPS"}}, packed...)},
	{packed, &orderv1.PackageUnitsRemoved{PackageId: "k1", Lines: []*orderv1.ItemQuantity{{ItemId: "1", Quantity: 1}}}},
	{packed, &orderv1.PackageStatusChanged{PackageId: "k1", Status: order.PackagePrinted}},
	{packed, &orderv1.OrderItemsShipped{PackageId: "k1", Lines: []*orderv1.ItemQuantity{{ItemId: "1", Quantity: 1}}, Work: &orderv1.Work{WorkId: "w2"}}},
	{shipped, &orderv1.ShipmentSettled{PackageId: "k1", WorkId: "w2"}},
	{shipped, &orderv1.OrderDelivered{PackageId: "k1", Lines: []*orderv1.ItemQuantity{{ItemId: "1", Quantity: 2}}}},
	{shipped, told(order.SubmitReturn{Lines: one}, shipped...)},
	{comingBack, told(order.AcceptReturn{ReturnID: "r3"}, comingBack...)},
	{comingBack, &orderv1.ReturnRejected{ReturnId: "r3"}},
	{cameBack, &orderv1.ReturnClosed{ReturnId: "r3", WorkId: "w4"}},
	{cameBack, &orderv1.ExchangeOrderCreated{ReturnId: "r3", OrderId: "order-exchange-1"}},
	{shipped, told(order.Replace{OrderID: "order-replace-01", Lines: one}, shipped...)},
	{sold, told(order.NotePayment{RecordID: "recorded:1", Minor: 500})},
	{onward(order.NotePayment{RecordID: "recorded:1", Minor: 500}), &orderv1.SurplusFound{AmountMinor: 500, Work: &orderv1.Work{WorkId: "w1"}}},
	{sold, &orderv1.CreditFreed{AmountMinor: 500, OriginalOrderId: "order-original-1", Work: &orderv1.Work{WorkId: "w1", CreditMinor: 500}}},
	{after(sold, &orderv1.CreditFreed{Work: &orderv1.Work{WorkId: "w1"}}), &orderv1.CreditReturned{WorkId: "w1"}},
	{shipped, told(order.GiveBackCredit{RequestID: "x1", Minor: 500}, shipped...)},
	{shipped, unpaid},
	{owing, told(order.RetryPayment{}, owing...)},
	{then(owing, order.RetryPayment{}), &orderv1.PaymentRetried{RetryId: "y3", WorkId: "w3"}},
	{shipped, &orderv1.ReplaceOrderCreated{OrderId: "order-replace-01"}},
}

// silent events change nothing that a decision or the saga needs.
var silent = map[protoreflect.Name]bool{"OrderFinalized": true}

func TestEveryEventOfTheProtoIsFolded(t *testing.T) {
	tested := map[protoreflect.Name]bool{}
	for _, tt := range everyEvent {
		name := tt.event.ProtoReflect().Descriptor().Name()
		tested[name] = true
		before := fold(tt.given...)
		after := order.Evolve(before, tt.event)
		if changed := !cmp.Equal(before, after); changed == silent[name] {
			t.Errorf("%s: changed %v", name, changed)
		}
	}
	for _, name := range eventNames() {
		if !tested[name] {
			t.Errorf("no case for %s", name)
		}
	}
}

// eventNames are the messages of the files of events that no other of them
// contains, and OrderCreated, which a piece of work may bring along.
func eventNames() []protoreflect.Name {
	part, out := map[protoreflect.FullName]bool{}, []protoreflect.Name{}
	files := []protoreflect.FileDescriptor{
		orderv1.File_oms_order_v1_events_proto, orderv1.File_oms_order_v1_change_events_proto, orderv1.File_oms_order_v1_fulfilment_events_proto,
		orderv1.File_oms_order_v1_payment_events_proto,
	}
	for _, file := range files {
		for i := range file.Messages().Len() {
			fields := file.Messages().Get(i).Fields()
			for j := range fields.Len() {
				if m := fields.Get(j).Message(); m != nil && m.Name() != "OrderCreated" {
					part[m.FullName()] = true
				}
			}
		}
	}
	for _, file := range files {
		for i := range file.Messages().Len() {
			if m := file.Messages().Get(i); !part[m.FullName()] {
				out = append(out, m.Name())
			}
		}
	}
	return out
}

func TestEvolveNeverFailsWhateverTheStateIs(t *testing.T) {
	for _, s := range everySituation {
		for _, tt := range everyEvent {
			order.Evolve(fold(s.given...), tt.event)
			order.Evolve(fold(s.given...), tt.event.ProtoReflect().New().Interface()) // with nothing in it
		}
	}
	before := fold(created)
	if after := order.Evolve(before, timestamppb.New(noon)); !cmp.Equal(before, after) {
		t.Error("an event from elsewhere changed the order")
	}
}

// TestEvolveLeavesTheOldStateAlone is what lets a store go back to it.
func TestEvolveLeavesTheOldStateAlone(t *testing.T) {
	for _, s := range everySituation {
		for _, tt := range everyEvent {
			before := fold(s.given...)
			bytesBefore := encode(t, before)
			order.Evolve(before, tt.event)
			order.Evolve(before, cancelRequested)
			if !bytes.Equal(bytesBefore, encode(t, before)) {
				t.Errorf("%s: folding %T changed the state before it", s.name, tt.event)
			}
		}
	}
}

func TestCreatedOrderKnowsWhatTheSagaNeeds(t *testing.T) {
	e := proto.CloneOf(created)
	e.Customer = &orderv1.Customer{CustomerId: "c1", Email: "ada@example.com", Ip: "203.0.113.9", Guest: true}
	e.ShippingAddress = &orderv1.Address{CountryCode: "FR"}
	e.PromoCodes[0].ConfirmationCode = "sesame"
	e.Payments[0].Token = "tok-1"
	want := order.Order{
		ID: orderID, Number: 7, Status: order.Created, CollectionID: 1,
		CustomerID: "c1", Email: "ada@example.com", IP: "203.0.113.9", Guest: true,
		BillingCountry: "FR", ShippingCountry: "FR", Currency: "GBP", TotalMinor: 2000,
		Totals: order.Totals{Items: 2000, Total: 2000}, DueMinor: 2000,
		Items: []order.Item{{ItemID: "1", SKU: "tea", Bin: "main", Quantity: 2, LineMinor: 2000}},
		Payments: []order.Payment{
			{ItemID: "p1", Gateway: "simulated", Token: "tok-1", AmountMinor: 1500},
			{ItemID: "p2", Gateway: "simulated", AmountMinor: 500},
		},
		PromoCodes: []order.Promo{{Code: "SPRING", Confirmation: "sesame"}},
		OnDecline:  orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_HOLD,
		CreatedAt:  noon, UpdatedAt: noon, Round: 1,
	}
	if diff := cmp.Diff(want, fold(e)); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	e.BillingAddress = &orderv1.Address{CountryCode: "GB"}
	if got := fold(e); got.BillingCountry != "GB" || got.ShippingCountry != "FR" {
		t.Errorf("billing %s, shipping %s; want GB, FR", got.BillingCountry, got.ShippingCountry)
	}
}

func TestOrderKnowsTheLatestTimeItWasTold(t *testing.T) {
	for name, tt := range map[string]struct {
		given []proto.Message
		want  time.Time
	}{
		"created":   {events(created, reserving), noon},
		"confirmed": {events(created, confirmed), later},
		"cancelled": {events(created, compensating, cancelled), later},
	} {
		if got := fold(tt.given...); !got.UpdatedAt.Equal(tt.want) || !got.CreatedAt.Equal(noon) {
			t.Errorf("%s: created %v, updated %v; want %v", name, got.CreatedAt, got.UpdatedAt, tt.want)
		}
	}
}

// TestStateSurvivesItsEncoding fills every field of the state, so that none
// can be forgotten, or share its number with another.
func TestStateSurvivesItsEncoding(t *testing.T) {
	var o order.Order
	fill(reflect.ValueOf(&o).Elem())
	for name, want := range map[string]order.Order{
		"full": o, "zero": {}, "folded": fold(created, reserving, reserved, authorizing, halfPaid, forPayment),
	} {
		var got order.Order
		if err := cbor.Unmarshal(encode(t, want), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// fill gives every field a value that is not zero and differs from its
// neighbours'.
func fill(v reflect.Value) { fillFrom(v, new(int)) }

func fillFrom(v reflect.Value, n *int) {
	*n++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(noon.Add(time.Duration(*n))))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fillFrom(v.Field(i), n)
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		v.SetBytes([]byte{byte(*n), 1})
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fillFrom(v.Index(0), n)
		fillFrom(v.Index(1), n)
	case v.Kind() == reflect.String:
		v.SetString(noon.Add(time.Duration(*n)).Format("05.000000000"))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(int64(*n % 100))
	case v.CanUint():
		v.SetUint(uint64(*n % 100))
	default:
		panic(v.Type())
	}
}
