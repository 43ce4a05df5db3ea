package projections_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/projections"
)

func (w *world) payments() (*log, *opened, projections.Payments) {
	w.Helper()
	p := projections.PaymentsProjector()
	l := w.log(&p)
	v := w.run(w.TempDir(), p)
	l.follow(v)
	return l, v, projections.Payments{View: v.View()}
}

// moved is a transaction with the number of its record.
func moved(record int64, o payment.Operation, amount int64, minute int) *paymentv1.Transaction {
	return &paymentv1.Transaction{
		TransactionId: "t", PaymentItemId: "card", Operation: o, AmountMinor: amount, CurrencyCode: "USD", Gateway: "sim",
		PaymentNumber: record, At: timestamppb.New(time.Date(2026, 1, 1, 12, minute, 0, 0, time.UTC)),
	}
}

// recordsOf are the numbers and amounts of all pages.
func recordsOf(t *testing.T, v projections.Payments, order string, size int) (all [][2]int64) {
	t.Helper()
	for token, pages := "", 0; ; pages++ {
		page, next, err := v.Records(tenant, order, size, token)
		if err != nil || pages > 50 {
			t.Fatal(err, pages)
		}
		for _, r := range page {
			all = append(all, [2]int64{r.GetPaymentNumber(), r.GetAmount().GetMinorUnits()})
		}
		if token = next; token == "" {
			return all
		}
	}
}

func TestPaymentsListEveryRecordNewestFirst(t *testing.T) {
	l, v, payments := newWorld(t).payments()
	l.put("o1",
		&paymentv1.PaymentAuthorized{Transaction: moved(0, payment.Authorize, 3200, 0)},
		&paymentv1.PaymentCaptured{Transaction: moved(3001, payment.Capture, 3200, 0)},
		&paymentv1.BulkTransactionRecorded{RequestId: "r"})
	refund := moved(3002, payment.Refund, 1800, 2)
	refund.RefundedPaymentNumber = 3001
	l.put("o1", &paymentv1.PaymentRefunded{Transaction: refund})
	l.put("o2", &paymentv1.PaymentFailed{Transaction: moved(4001, payment.Authorize, 700, 1)},
		&paymentv1.PaymentFailed{Transaction: moved(0, payment.Void, 700, 1)})
	v.reach(l.put("o2", &paymentv1.PaymentRecorded{Transaction: moved(4002, payment.Capture, 50, 3), Method: "cash", Reference: "till 4"}))

	for _, size := range []int{0, 1, 3} {
		if diff := cmp.Diff([][2]int64{{4002, 50}, {3002, -1800}, {4001, 700}, {3001, 3200}}, recordsOf(t, payments, "", size)); diff != "" {
			t.Errorf("all, pages of %d (-want +got):\n%s", size, diff)
		}
		if diff := cmp.Diff([][2]int64{{3002, -1800}, {3001, 3200}}, recordsOf(t, payments, "o1", size)); diff != "" {
			t.Errorf("one order, pages of %d (-want +got):\n%s", size, diff)
		}
	}
	all, _, err := payments.Records(tenant, "o1", 0, "")
	if err != nil || all[0].GetType() != payment.Credit || all[0].GetRefundedPaymentNumber() != 3001 || all[1].GetStatus() != payment.Paid {
		t.Errorf("got %v, %v", all, err)
	}
	if all, _, err = payments.Records(tenant, "o2", 1, ""); err != nil || all[0].GetMethod() != "cash" || all[0].GetReference() != "till 4" {
		t.Errorf("got %v, %v", all, err)
	}
	if got, _, err := payments.Records("other", "", 0, ""); err != nil || len(got) != 0 {
		t.Errorf("records of another tenant: %v, %v", got, err)
	}
	if _, _, err := payments.Records(tenant, "", 1, "%"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a cursor of one's own: %v", err)
	}
	l.sendAgain(v)
	v.mustEqualRebuilt()
}

// Every event of payments must mean something to the view.
func TestEveryPaymentEventIsKnown(t *testing.T) {
	l, v, _ := newWorld(t).payments()
	before := v.Status(t.Context()).Unknown
	messages := paymentv1.File_oms_payment_v1_events_proto.Messages()
	for i := range messages.Len() {
		name := messages.Get(i).FullName()
		if name.Name() == "Transaction" {
			continue
		}
		m, err := protoregistry.GlobalTypes.FindMessageByName(name)
		if err != nil {
			t.Fatal(err)
		}
		v.reach(l.put("o1", m.New().Interface()))
		if got := v.Status(t.Context()).Unknown; got != before {
			t.Errorf("%s is not known", name)
			before = got
		}
	}
}

// The view shows what the domain says, whatever happened.
func TestPaymentsAreThoseOfTheLedger(t *testing.T) {
	l, v, payments := newWorld(t).payments()
	p := payment.New("o1", 7)
	result := func(id string, o payment.Operation, amount int64, approved bool) payment.TaskResult {
		return payment.TaskResult{
			Task:   payment.Task{TransactionID: id, PaymentItemID: "card", Gateway: "sim", Call: payment.Call{Operation: o, AmountMinor: amount, Currency: "USD", Reference: "r"}},
			Result: payment.Result{Approved: approved, Code: "x", Reference: "r"},
		}
	}
	events, err := payment.Settle{Results: []payment.TaskResult{
		result("t1", payment.Authorize, 900, false), result("t2", payment.Authorize, 900, true), result("t3", payment.Capture, 900, true),
		result("t4", payment.Refund, 400, true), result("t5", payment.Refund, 500, true),
	}, Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}.Decide(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		p = payment.Evolve(p, proto.CloneOf(e))
	}
	v.reach(l.put("o1", events...))
	var want [][2]int64
	for _, e := range slices.Backward(p.Entries()) {
		want = append(want, [2]int64{e.Number, e.Amount})
	}
	if diff := cmp.Diff(want, recordsOf(t, payments, "o1", 0)); diff != "" || len(want) != 4 {
		t.Errorf("records (-ledger +view):\n%s", diff)
	}
	v.mustEqualRebuilt()
}
