package saga_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/saga"
)

// TestRequestsGoOutAsTheContractSays shows every request of a checkout that
// gets as far as its capture and is then undone.
func TestRequestsGoOutAsTheContractSays(t *testing.T) {
	seen := make(map[orderv1.Step]bool)
	var b strings.Builder
	r := start(t, at(capture, half), undoOnDecline, func(c *order.Create) {
		c.Customer = order.Customer{CustomerID: "c1", Email: "ada@example.com", IP: "203.0.113.9"}
		c.ShippingAddress, c.BillingAddress = &order.Address{CountryCode: "FR"}, &order.Address{CountryCode: "GB"}
		c.PromoCodes[0].Confirmation = "sesame"
	})
	for {
		if p, ok := saga.Pending(r.order); ok {
			seen[p.Step] = true
			show(t, &b, saga.RequestFor(r.order, p))
		}
		if !r.step() {
			break
		}
	}
	for number, name := range orderv1.Step_name {
		if s := orderv1.Step(number); s != orderv1.Step_STEP_UNSPECIFIED && s < orderv1.Step_STEP_RESERVE_UNITS && !seen[s] {
			t.Errorf("no request of %s", name)
		}
	}
	golden(t, "testdata/requests.golden", b.String())
}

func show(t *testing.T, b *strings.Builder, r saga.Request) {
	t.Helper()
	payload, err := json.MarshalIndent(r.Payload, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(b, "%s to %s\n", r.MsgID, r.Queue)
	headers := r.Headers()
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		for _, value := range headers[name] {
			fmt.Fprintf(b, "%s: %s\n", name, value)
		}
	}
	fmt.Fprintf(b, "%s\n\n", payload)
}

// TestRequestIsBuiltAgainToTheLetter is what a restart relies on.
func TestRequestIsBuiltAgainToTheLetter(t *testing.T) {
	r := start(t, always(comply))
	for {
		p, ok := saga.Pending(r.order)
		if !ok {
			break
		}
		first, again := saga.RequestFor(r.order, p), saga.RequestFor(r.order, p)
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("%s (-first +again):\n%s", first.ID, diff)
		}
		r.step()
	}
}

func TestRepeatedRequestHasItsIdAndAnotherMessageId(t *testing.T) {
	var ids []string
	r := start(t, at(reserve, ignore))
	for r.order.Status == order.Created {
		p, _ := saga.Pending(r.order)
		ids = append(ids, saga.RequestFor(r.order, p).MsgID)
		r.step()
	}
	want := []string{orderID + ":reserve_inventory:1#1", orderID + ":reserve_inventory:1#2", orderID + ":reserve_inventory:1#3"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("message ids (-want +got):\n%s", diff)
	}
}

// TestUndoTakesBackOneUnknownRequestAfterTheOtherAndThenWhatStands authorizes
// one payment in the first round and loses the other in the second.
func TestUndoTakesBackOneUnknownRequestAfterTheOtherAndThenWhatStands(t *testing.T) {
	r := start(t, at(authorize, half, lose, lose, lose))
	for r.order.Status == order.Created {
		r.step()
	}
	r.must(order.RetryPayment{})
	for p, _ := saga.Pending(r.order); p.Step != authorize; p, _ = saga.Pending(r.order) {
		r.step()
	}
	r.step()
	r.must(order.Cancel{})
	var voids []string
	for r.order.Status == order.Cancelling {
		if p, _ := saga.Pending(r.order); p.Step == orderv1.Step_STEP_VOID_PAYMENT {
			void := saga.RequestFor(r.order, p)
			for _, tx := range void.Payload.(skava.PaymentBulkTransaction).Transactions {
				voids = append(voids, fmt.Sprint(void.ID, " of ", void.UndoOf, ": ", tx.ID, " undoes ", tx.Property(skava.PropertyUndoes)))
			}
		}
		r.step()
	}
	want := []string{
		orderID + ":void_payment:2 of [" + orderID + ":authorize_payment:2]: " + orderID + ":p2:void:2 undoes " + orderID + ":p2:auth:2",
		orderID + ":void_payment:3 of [" + orderID + ":authorize_payment:1]: " + orderID + ":p1:void:3 undoes ",
	}
	if diff := cmp.Diff(want, voids); diff != "" {
		t.Errorf("voids (-want +got):\n%s", diff)
	}
	if len(r.world.held) > 0 {
		t.Errorf("cancelled, but still held: %v", r.world.held)
	}
}

// TestACaptureThatWasTornIsAuthorizedAnew has the first payment captured and
// refunded within the refused request: nothing is left of its authorization.
func TestACaptureThatWasTornIsAuthorizedAnew(t *testing.T) {
	r := start(t, at(capture, torn, comply))
	r.limit *= 2
	for r.order.Status == order.Created {
		r.step()
	}
	r.must(order.RetryPayment{})
	r.end()
	if r.order.Status != order.Submitted || !r.order.Paid() {
		t.Fatalf("the order is %s, paid %v", r.order.Status, r.order.Paid())
	}
	for _, item := range []string{"capture p1", "capture p2"} {
		if !r.world.held[item] {
			t.Errorf("no %s: %v", item, r.world.held)
		}
	}
}

// TestANewPaymentRoundKeepsThePromoCodesForLonger asks for them again, since a
// hold may be longer than their block; once redeemed they stay so.
func TestANewPaymentRoundKeepsThePromoCodesForLonger(t *testing.T) {
	for _, tt := range []struct {
		step   orderv1.Step
		blocks int
	}{{authorize, 2}, {capture, 1}} {
		step, blocks := tt.step, tt.blocks
		r := start(t, at(step, refuse, comply))
		for r.order.Status == order.Created {
			r.step()
		}
		r.must(order.RetryPayment{})
		r.end()
		asked := slices.DeleteFunc(slices.Clone(r.asked), func(s orderv1.Step) bool { return s != block })
		if len(asked) != blocks || r.order.Status != order.Submitted {
			t.Errorf("%s declined once: blocked %d times, the order is %s", step, len(asked), r.order.Status)
		}
	}
}

// TestAnUndoThatMovesNothingIsNotAskedForEver has a participant that says done
// to a refund and gives nothing back.
func TestAnUndoThatMovesNothingIsNotAskedForEver(t *testing.T) {
	r := start(t, always(comply)).end()
	r.must(order.Cancel{})
	for p, _ := saga.Pending(r.order); p.Step == orderv1.Step_STEP_REFUND_PAYMENT; p, _ = saga.Pending(r.order) {
		if r.moves++; r.moves > r.limit {
			t.Fatal("no end")
		}
		a := order.Answer{Step: p.Step, RequestID: p.RequestID, Succeeded: true, Code: skava.CodeDone}
		for _, tx := range p.Transactions {
			a.Transactions = append(a.Transactions, order.Transaction{ID: tx.ID, Succeeded: true})
		}
		r.must(a)
	}
	if !r.order.Parked {
		t.Errorf("the order is %s and does not wait for anybody", r.order.Status)
	}
}

// TestUndoIsRepeatedOnlyForWhatIsLeft refuses one of two refunds.
func TestUndoIsRepeatedOnlyForWhatIsLeft(t *testing.T) {
	for _, undo := range []orderv1.Step{orderv1.Step_STEP_REFUND_PAYMENT, orderv1.Step_STEP_VOID_PAYMENT} {
		r := start(t, at(undo, half, comply))
		for r.order.Status == order.Created && (undo == orderv1.Step_STEP_REFUND_PAYMENT || len(r.world.done) < 3) {
			r.step()
		}
		r.must(order.Cancel{})
		var items [][]string
		for r.order.Status == order.Cancelling {
			if p, _ := saga.Pending(r.order); p.Step == undo {
				var asked []string
				for _, tx := range p.Transactions {
					asked = append(asked, tx.ID)
				}
				items = append(items, asked)
			}
			r.step()
		}
		word := strings.TrimSuffix(order.StepName(undo), "_payment")
		want := [][]string{{orderID + ":p1:" + word + ":1", orderID + ":p2:" + word + ":1"}, {orderID + ":p2:" + word + ":2"}}
		if diff := cmp.Diff(want, items); diff != "" {
			t.Errorf("%s (-want +got):\n%s", undo, diff)
		}
		r.clean()
	}
}

func TestSkippedStepWithoutARequestIsNotNamed(t *testing.T) {
	r := start(t, always(comply))
	r.fold(&orderv1.StepSkipped{Step: block})
	r.must(order.Compensate{})
	r.end()
	if slices.Contains(r.asked, orderv1.Step_STEP_RELEASE_PROMOTION) {
		t.Error("promo codes are released that were never blocked")
	}
}

func TestRequestOfAnUnknownStepGoesNowhere(t *testing.T) {
	r := saga.RequestFor(order.New(orderID, 7), order.StepProgress{})
	if r.Queue != "" || r.Payload != nil {
		t.Errorf("request %+v", r)
	}
}

func TestGuestHasNoCustomerHeader(t *testing.T) {
	r := start(t, always(comply), func(c *order.Create) { c.Customer = order.Customer{} })
	p, _ := saga.Pending(r.order)
	if h, there := saga.RequestFor(r.order, p).Headers()[skava.HeaderCustomerID]; there {
		t.Errorf("customer %v", h)
	}
}

func TestRequestIDSaysWhoseItIs(t *testing.T) {
	for id, want := range map[string]orderv1.Step{
		orderID + ":reserve_inventory:1":   reserve,
		orderID + ":refund_payment:12":     orderv1.Step_STEP_REFUND_PAYMENT,
		orderID + ":RESERVE_INVENTORY:1":   0,
		orderID + ":unspecified:1":         0,
		orderID + ":reserve_inventory":     0,
		orderID + ":reserve_inventory:x":   0,
		orderID + ":reserve_inventory:1:2": 0,
		orderID + ":sell_everything:1":     0,
		"short:reserve_inventory:1":        0,
		orderID:                            0,
		"":                                 0,
	} {
		got, step, ok := saga.RequestID(id)
		if ok != (want != 0) || step != want && ok || ok && got != orderID {
			t.Errorf("RequestID(%q) = %q, %s, %v", id, got, step, ok)
		}
	}
}

// golden compares with a file, or rewrites it with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), rewrite it with -update:\n%s", path, diff)
	}
}
