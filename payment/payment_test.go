package payment_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/payment"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

type tb interface {
	Helper()
	Fatalf(format string, args ...any)
}

// order is an order's payment with everything that was recorded for it.
type order struct {
	t       tb
	payment payment.Payment
	history []proto.Message
}

func given(t tb, events ...proto.Message) *order {
	t.Helper()
	o := &order{t: t, payment: payment.New("o1", 1)}
	for _, e := range events {
		o.fold(e)
	}
	return o
}

// fold moves the state by one event, and checks that the state from before is
// left as it was and that the new one survives being stored.
func (o *order) fold(e proto.Message) {
	o.t.Helper()
	before := o.payment
	kept := encode(o.t, before)
	after := payment.Evolve(before, e)
	if !bytes.Equal(kept, encode(o.t, before)) {
		o.t.Fatalf("%T changed the state that it was given", e)
	}
	var stored payment.Payment
	if err := cbor.Unmarshal(encode(o.t, after), &stored); err != nil {
		o.t.Fatalf("decode state: %v", err)
	}
	if diff := cmp.Diff(after, stored); diff != "" {
		o.t.Fatalf("stored state differs (-want +got):\n%s", diff)
	}
	o.payment, o.history = after, append(o.history, e)
}

func encode(t tb, p payment.Payment) []byte {
	t.Helper()
	mode, err := cbor.EncOptions{Time: cbor.TimeRFC3339Nano}.EncMode()
	if err != nil {
		t.Fatalf("encoding: %v", err)
	}
	b, err := mode.Marshal(p)
	if err != nil {
		t.Fatalf("encode state: %v", err)
	}
	return b
}

// command is a command on one aggregate.
type command interface {
	Decide(payment.Payment) ([]proto.Message, error)
}

// must runs a command and returns what it recorded.
func (o *order) must(c command) []proto.Message {
	o.t.Helper()
	events, err := c.Decide(o.payment)
	if err != nil {
		o.t.Fatalf("%T: %v", c, err)
	}
	for _, e := range events {
		o.fold(e)
	}
	return events
}

// plan plans a request that is well formed.
func (o *order) plan(r payment.Request) payment.Work {
	o.t.Helper()
	w, err := payment.Plan(o.payment, r)
	if err != nil {
		o.t.Fatalf("plan %s: %v", r.ID, err)
	}
	return w
}

// answer is the answer to a request that was decided.
func (o *order) answer(id string) payment.Answer {
	o.t.Helper()
	a, found := o.payment.Answer(id)
	if !found {
		o.t.Fatalf("request %s has no answer", id)
	}
	return a
}

// tx is a stored transaction in pounds.
func tx(id, item string, o payment.Operation, amount int64, ref, code string) *paymentv1.Transaction {
	return &paymentv1.Transaction{
		TransactionId: id, PaymentItemId: item, Operation: o, AmountMinor: amount, CurrencyCode: "GBP",
		Gateway: "sim", GatewayReference: ref, ResponseCode: code, At: timestamppb.New(noon),
	}
}

func authorized(id, item string, amount int64) proto.Message {
	return &paymentv1.PaymentAuthorized{Transaction: tx(id, item, payment.Authorize, amount, "ref-"+id, "200")}
}

func captured(id, item, ref string, amount int64) proto.Message {
	return &paymentv1.PaymentCaptured{Transaction: tx(id, item, payment.Capture, amount, ref, "200")}
}

func voided(id, item, ref string, amount int64) proto.Message {
	return &paymentv1.AuthorizationVoided{Transaction: tx(id, item, payment.Void, amount, ref, "200")}
}

func refunded(id, item, ref string, amount int64) proto.Message {
	return &paymentv1.PaymentRefunded{Transaction: tx(id, item, payment.Refund, amount, ref, "200")}
}

func failed(id, item string, o payment.Operation, amount int64, code string) proto.Message {
	return failedWith(tx(id, item, o, amount, "", code))
}

func recorded(request string, succeeded, allOrNone bool, ids ...string) proto.Message {
	return &paymentv1.BulkTransactionRecorded{RequestId: request, Succeeded: succeeded, AllOrNone: allOrNone, TransactionIds: ids}
}

func closed(request string) proto.Message {
	return &paymentv1.BulkTransactionClosed{RequestId: request}
}

func events(e ...proto.Message) []proto.Message { return e }

func same(t *testing.T, want, got []proto.Message) {
	t.Helper()
	if diff := cmp.Diff(want, got, protocmp.Transform(), unnumbered); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestEveryStoredEventMovesTheState(t *testing.T) {
	partsOfEvents := map[protoreflect.Name]bool{"Transaction": true}
	messages := paymentv1.File_oms_payment_v1_events_proto.Messages()
	for n := range messages.Len() {
		md := messages.Get(n)
		if partsOfEvents[md.Name()] {
			continue
		}
		mt, err := protoregistry.GlobalTypes.FindMessageByName(md.FullName())
		if err != nil {
			t.Fatal(err)
		}
		e := mt.New()
		if field := md.Fields().ByName("transaction"); field != nil {
			e.Set(field, protoreflect.ValueOfMessage(tx("t1", "p1", payment.Authorize, 1, "ref", "200").ProtoReflect()))
		}
		if field := md.Fields().ByName("request_id"); field != nil {
			e.Set(field, protoreflect.ValueOfString("r1"))
		}
		before := payment.New("o1", 1)
		if field := md.Fields().ByName("transaction_ids"); field != nil && md.Name() == "PaymentTold" {
			before.Untold = []string{"t1"}
			e.Mutable(field).List().Append(protoreflect.ValueOfString("t1"))
		}
		if cmp.Equal(payment.Evolve(before, e.Interface()), before) {
			t.Errorf("%s leaves the state as it was", md.Name())
		}
	}
}

func TestUnknownEventsAreIgnored(t *testing.T) {
	p := given(t, authorized("t1", "p1", 1000)).payment
	for _, e := range []proto.Message{nil, timestamppb.New(noon)} {
		if got := payment.Evolve(p, e); !cmp.Equal(got, p) {
			t.Errorf("%T made %+v of %+v", e, got, p)
		}
	}
}

func TestEvolveNeverJudges(t *testing.T) {
	p := given(t,
		captured("c0", "p1", "ref-nobody", 5), // without an authorization there is nothing to book it on
		authorized("a1", "p1", 1000),
		captured("c1", "p1", "ref-a1", 2000),
		&paymentv1.PaymentAuthorized{}, &paymentv1.BulkTransactionRecorded{},
	).payment
	if got := p.Item("p1").Captured(); got != 2000 {
		t.Errorf("captured %d, want what history says", got)
	}
}

func TestLedgerSumsEveryItem(t *testing.T) {
	p := given(t,
		authorized("a1", "p1", 1000), captured("c1", "p1", "ref-a1", 700), voided("v1", "p1", "ref-a1", 200),
		refunded("r1", "p1", "ref-a1", 100), refunded("r2", "p1", "ref-a1", 50),
		authorized("a2", "p1", 300), authorized("a3", "p2", 500), failed("c2", "p2", payment.Capture, 500, "402"),
	).payment
	i := p.Item("p1")
	if i.Authorized() != 1300 || i.Captured() != 700 || i.Refunded() != 150 || i.Open() != 400 || i.Gateway() != "sim" {
		t.Errorf("item is %+v", i)
	}
	if p.Paid() != 550 || p.Open() != 900 || p.Currency != "GBP" {
		t.Errorf("paid %d, open %d %s; want 550, 900 GBP", p.Paid(), p.Open(), p.Currency)
	}
	if i := p.Item("p3"); i.Open() != 0 || i.Gateway() != "" {
		t.Errorf("an item that nobody paid is %+v", i)
	}
}

func failedWith(t *paymentv1.Transaction) proto.Message {
	return &paymentv1.PaymentFailed{Transaction: t}
}

// rule marks a transaction as refused by rule.
func rule(t *paymentv1.Transaction) *paymentv1.Transaction {
	t.ResponseMessage = "refused by rule"
	return t
}

// unnumbered leaves the numbers of payment records to the tests that are about
// them.
var unnumbered = protocmp.IgnoreFields(&paymentv1.Transaction{}, "payment_number", "refunded_payment_number", "full_refund")
