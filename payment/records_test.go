package payment_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/payment"
)

// row is what a payment record says.
type row struct {
	Number  int64
	Type    string
	Status  string
	Amount  int64
	Refunds int64
	Full    bool
}

func rows(p payment.Payment) (all []row) {
	for _, e := range p.Entries() {
		all = append(all, row{e.Number, e.Type.String(), e.Status.String(), e.Amount, e.Refunds, e.Full})
	}
	return all
}

const (
	charge   = "PAYMENT_TYPE_CHARGE"
	credit   = "PAYMENT_TYPE_CREDIT"
	paid     = "PAYMENT_STATUS_PAID"
	rejected = "PAYMENT_STATUS_REJECTED"
)

// numbered starts an order whose payments are the third of the installation.
func numbered(t *testing.T) *order {
	t.Helper()
	return &order{t: t, payment: payment.New("3442", 3)}
}

// did records one transaction of an item.
func (o *order) did(id string, op payment.Operation, item string, amount int64, approved bool) {
	o.t.Helper()
	r := payment.TaskResult{
		Task: payment.Task{
			TransactionID: id, PaymentItemID: item, Gateway: "sim",
			Call: payment.Call{Operation: op, AmountMinor: amount, Currency: "USD", Reference: "ref-" + item},
		},
		Result: payment.Result{Approved: approved, Code: "402", Reference: "ref-" + item},
	}
	o.must(payment.Settle{Results: []payment.TaskResult{r}, Now: noon})
}

// The worked example of the payment events: a charge of 32.00, of which a credit
// gives back 18.00. The charge stays as it was.
func TestARefundIsAnotherPayment(t *testing.T) {
	o := numbered(t)
	o.did("auth", payment.Authorize, "card", 3200, true)
	o.did("charge", payment.Capture, "card", 3200, true)
	want := []row{{3001, charge, paid, 3200, 0, false}}
	if diff := cmp.Diff(want, rows(o.payment)); diff != "" {
		t.Errorf("after the charge (-want +got):\n%s", diff)
	}
	o.did("refund", payment.Refund, "card", 1800, true)
	want = append(want, row{3002, credit, paid, -1800, 3001, false})
	if diff := cmp.Diff(want, rows(o.payment)); diff != "" {
		t.Errorf("after the credit (-want +got):\n%s", diff)
	}
	if o.payment.Paid() != 1400 {
		t.Errorf("%d are paid, want 1400", o.payment.Paid())
	}
	o.did("rest", payment.Refund, "card", 1400, true)
	if got := rows(o.payment)[2]; got != (row{3003, credit, paid, -1400, 3001, true}) {
		t.Errorf("the rest was given back as %+v", got)
	}
}

func TestEveryAttemptThatFailedIsAPaymentRecord(t *testing.T) {
	o := numbered(t)
	o.did("declined", payment.Authorize, "card", 500, false)
	o.did("auth", payment.Authorize, "card", 500, true)
	o.did("not taken", payment.Capture, "card", 500, false)
	o.did("taken", payment.Capture, "card", 300, true)
	o.did("void refused", payment.Void, "card", 200, false)
	o.did("given up", payment.Void, "card", 200, true)
	o.did("not given back", payment.Refund, "card", 100, false)
	want := []row{
		{3001, charge, rejected, 500, 0, false},
		{3002, charge, rejected, 500, 0, false},
		{3003, charge, paid, 300, 0, false},
		{3004, credit, rejected, -100, 0, false},
	}
	if diff := cmp.Diff(want, rows(o.payment)); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestARefundNamesAChargeWithRoomForIt(t *testing.T) {
	o := numbered(t)
	o.did("auth", payment.Authorize, "a", 1000, true)
	o.did("c1", payment.Capture, "a", 300, true)
	o.did("c2", payment.Capture, "a", 700, true)
	o.did("r1", payment.Refund, "a", 500, true) // only the second has room
	o.did("r2", payment.Refund, "a", 300, true)
	o.did("r3", payment.Refund, "a", 200, true)
	var got [][2]int64
	for _, r := range rows(o.payment)[2:] {
		full := int64(0)
		if r.Full {
			full = 1
		}
		got = append(got, [2]int64{r.Refunds, full})
	}
	if diff := cmp.Diff([][2]int64{{3002, 0}, {3001, 1}, {3002, 1}}, got); diff != "" {
		t.Errorf("charges and whether nothing is left (-want +got):\n%s", diff)
	}
}

func TestNumbersOfALongOrderMeetNoOtherOrder(t *testing.T) {
	o := numbered(t)
	o.payment.Records = 998
	for _, id := range []string{"a", "b", "c"} {
		o.did(id, payment.Authorize, "card", 1, false)
	}
	want := []int64{3999, 1_000_000_000_003_000, 1_000_000_000_003_001}
	for n, r := range rows(o.payment) {
		if r.Number != want[n] {
			t.Errorf("number %d, want %d", r.Number, want[n])
		}
	}
}

func TestAPaymentMadeElsewhereIsACharge(t *testing.T) {
	o := numbered(t)
	c := payment.RecordExternal{ID: "receipt-1", Amount: 1500, Currency: "USD", Method: "cash", Reference: "till 4", By: "ann", Now: noon}
	o.must(c)
	if again := o.must(c); len(again) != 0 {
		t.Errorf("recorded twice: %v", again)
	}
	if diff := cmp.Diff([]row{{3001, charge, paid, 1500, 0, false}}, rows(o.payment)); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	e := o.payment.Entries()[0].Transaction
	if e.Gateway != payment.External || e.Method != "cash" || e.ExternalReference != "till 4" || o.payment.Paid() != 1500 {
		t.Errorf("got %+v, paid %d", e, o.payment.Paid())
	}
	for name, refused := range map[string]struct {
		change func(*payment.RecordExternal)
		kind   fault.Kind
	}{
		"another amount":   {func(c *payment.RecordExternal) { c.Amount++ }, fault.Conflict},
		"another currency": {func(c *payment.RecordExternal) { c.ID, c.Currency = "x", "EUR" }, fault.Invalid},
		"nothing":          {func(c *payment.RecordExternal) { c.ID, c.Amount = "x", 0 }, fault.Invalid},
		"too much":         {func(c *payment.RecordExternal) { c.ID, c.Amount = "x", payment.MaxAmount }, fault.Invalid},
		"no id":            {func(c *payment.RecordExternal) { c.ID = "" }, fault.Invalid},
	} {
		changed := c
		refused.change(&changed)
		if _, err := changed.Decide(o.payment); fault.KindOf(err) != refused.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMoneyThatWasGivenBackElsewhereIsACredit gives back no more than is left
// of one recorded payment.
func TestMoneyThatWasGivenBackElsewhereIsACredit(t *testing.T) {
	o := numbered(t)
	pay := payment.RecordExternal{ID: "a", Amount: 1500, Currency: "USD", Method: "cash", Now: noon}
	o.must(pay)
	pay.ID, pay.Amount = "b", 1000
	o.must(pay)
	back := payment.RecordExternal{ID: "c", Credit: true, Amount: 1200, Currency: "USD", Method: "cash", Now: noon}
	o.must(back)
	if again := o.must(back); len(again) != 0 {
		t.Errorf("given back twice: %v", again)
	}
	back.ID, back.Amount = "d", 1000
	o.must(back)
	want := []row{{3001, charge, paid, 1500, 0, false}, {3002, charge, paid, 1000, 0, false}, {3003, credit, paid, -1200, 3001, false}, {3004, credit, paid, -1000, 3002, true}}
	if diff := cmp.Diff(want, rows(o.payment)); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	checkEntries(t, o.payment)
	back.ID, back.Amount = "e", 301
	if _, err := back.Decide(o.payment); fault.KindOf(err) != fault.Invalid {
		t.Errorf("301 of 300 given back: %v", err)
	}
	pay.ID, pay.Amount, pay.Credit = "b", 1000, true
	if _, err := pay.Decide(o.payment); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the id of a charge as that of a credit: %v", err)
	}
}

// TestTheOrderIsToldOfEachRecordOnce keeps a record among those to tell until
// it was told.
func TestTheOrderIsToldOfEachRecordOnce(t *testing.T) {
	o := numbered(t)
	o.must(payment.RecordExternal{ID: "a", Amount: 1500, Currency: "USD", Method: "cash", By: "ann", Now: noon})
	o.must(payment.RecordExternal{ID: "b", Credit: true, Amount: 500, Currency: "USD", Method: "cash", Now: noon})
	active, at := payment.Wake(o.payment)
	if es := o.payment.Unknown(); len(es) != 2 || es[0].Transaction.RecordedBy != "ann" || es[1].Amount != -500 || !active || !at.Equal(noon) {
		t.Errorf("to tell %+v, active %v at %s", es, active, at)
	}
	tell := payment.Tell{TransactionIDs: []string{"recorded:a", "recorded:b"}}
	o.must(tell)
	if again := o.must(tell); len(again) != 0 || len(o.payment.Unknown()) != 0 {
		t.Errorf("told again: %v, to tell %v", again, o.payment.Unknown())
	}
	if active, _ := payment.Wake(o.payment); active {
		t.Error("nothing is left to tell, but it is active")
	}
}

// checkEntries proves that the records say what the ledger says.
func checkEntries(t tb, p payment.Payment) {
	t.Helper()
	var sum int64
	charges := map[int64]bool{}
	for n, e := range p.Entries() {
		if want := int64(p.Ordinal)*1000 + int64(n) + 1; e.Number != want {
			t.Fatalf("record %d has number %d, want %d", n, e.Number, want)
		}
		if e.Status == payment.Paid {
			sum += e.Amount
		}
		if e.Type == payment.Charge && e.Status == payment.Paid {
			charges[e.Number] = true
		}
		if e.Type == payment.Credit && e.Status == payment.Paid && (e.Amount >= 0 || !charges[e.Refunds]) {
			t.Fatalf("credit %+v gives back from no charge", e)
		}
	}
	if sum != p.Paid() {
		t.Fatalf("the records come to %d, the ledger to %d", sum, p.Paid())
	}
}
