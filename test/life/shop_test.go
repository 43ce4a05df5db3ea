package life_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/testkit"
)

const (
	onHold            = orderv1.OrderStatus_ORDER_STATUS_ON_HOLD
	submitted         = orderv1.OrderStatus_ORDER_STATUS_SUBMITTED
	readyToShip       = orderv1.OrderStatus_ORDER_STATUS_READY_TO_SHIP
	partiallyShipped  = orderv1.OrderStatus_ORDER_STATUS_PARTIALLY_SHIPPED
	shipped           = orderv1.OrderStatus_ORDER_STATUS_SHIPPED
	unableToDeliver   = orderv1.OrderStatus_ORDER_STATUS_UNABLE_TO_DELIVER
	delivered         = orderv1.OrderStatus_ORDER_STATUS_DELIVERED
	returnSubmitted   = orderv1.OrderStatus_ORDER_STATUS_RETURN_SUBMITTED
	returned          = orderv1.OrderStatus_ORDER_STATUS_RETURNED
	cancelled         = orderv1.OrderStatus_ORDER_STATUS_CANCELLED
	deleted           = orderv1.OrderStatus_ORDER_STATUS_DELETED
	atConfirm, atShip = orderv1.CaptureAt_CAPTURE_AT_CONFIRM, orderv1.CaptureAt_CAPTURE_AT_SHIP

	hold = orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_HOLD
	undo = orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_UNDO

	packageShipped       = orderv1.PackageStatus_PACKAGE_STATUS_SHIPPED
	packageDelivered     = orderv1.PackageStatus_PACKAGE_STATUS_DELIVERED
	packageUndeliverable = orderv1.PackageStatus_PACKAGE_STATUS_UNDELIVERABLE
)

var (
	line  = testkit.Line
	euros = testkit.Euros
	cents = testkit.Cents
	order = testkit.Order
	card  = testkit.Card
)

// shop is a running oms with what the test knows of it.
type shop struct {
	*testkit.Process
	dir     string
	stock   map[string]int64
	closing sync.Once
}

// open starts oms with some stock. At the end of the test the books must
// balance.
func open(t *testing.T, stock map[string]int64, args ...string) *shop {
	t.Helper()
	s := &shop{dir: t.TempDir(), stock: stock}
	s.start(t, args...)
	s.AddStock(t, stock)
	return s
}

// start runs a process. The one that runs last is there when the books are
// balanced.
func (s *shop) start(t *testing.T, args ...string) {
	t.Helper()
	s.Process = testkit.Start(t, s.dir, args...)
	t.Cleanup(func() { s.closing.Do(func() { s.balance(t) }) })
}

// balance lets everything come to its end and looks at the books.
func (s *shop) balance(t *testing.T) {
	t.Helper()
	if t.Failed() {
		return // the books would only repeat it
	}
	s.WaitForSagas(t, 2*time.Minute)
	for id := range s.AllOrders(t) {
		s.AwaitSettled(t, id) // held orders have work too
	}
	orders := s.AllOrders(t)
	testkit.CheckUnits(t, orders)
	s.Audit(t)
	s.CheckStock(t, s.stock, orders)
	s.CheckLedgers(t, orders)
	s.CheckView(t, "orders")
	s.CheckView(t, "stock")
	s.Stop(t)
	testkit.CheckCharges(t, s.dir, orders)
	for line := range strings.Lines(s.Log()) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic") {
			t.Errorf("logged: %s", line)
		}
	}
}

// sell places an order and waits until it is confirmed.
func (s *shop) sell(t *testing.T, at orderv1.CaptureAt, lines ...*orderv1.LineItem) string {
	t.Helper()
	req := order(lines...)
	req.CaptureAt = at
	return s.confirm(t, req)
}

func (s *shop) confirm(t *testing.T, req *orderv1.CreateOrderRequest) string {
	t.Helper()
	id := s.Place(t, req)
	s.Await(t, id, submitted)
	return id
}

// units are some units of a line.
func units(item string, n int64) *orderv1.ItemQuantity {
	return &orderv1.ItemQuantity{ItemId: item, Quantity: n}
}

func lines(us ...*orderv1.ItemQuantity) []*orderv1.ItemQuantity { return us }

// must fails the test when a call was refused.
func must[R any](t *testing.T) func(R, error) R {
	t.Helper()
	return func(res R, err error) R {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
}

// refused fails the test unless a call was refused with a code.
func refused(t *testing.T, code connect.Code, err error, what string) {
	t.Helper()
	if got := connect.CodeOf(err); err == nil || got != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// ship ships units of an order, or all that are open.
func (s *shop) ship(t *testing.T, id string, us ...*orderv1.ItemQuantity) string {
	t.Helper()
	return must[*orderv1.ShipOrderResponse](t)(s.Fulfilment().ShipOrder(t.Context(), &orderv1.ShipOrderRequest{
		OrderId: id, Lines: us, Transport: &orderv1.Transport{Carrier: "UPS", TrackingNumber: "1Z"},
	})).GetPackageId()
}

// cancelItems cancels units of an order.
func (s *shop) cancelItems(t *testing.T, id string, us ...*orderv1.ItemQuantity) *orderv1.OrderReceipt {
	t.Helper()
	return must[*orderv1.CancelItemsResponse](t)(s.Changes().CancelItems(t.Context(), &orderv1.CancelItemsRequest{
		OrderId: id, Lines: us, Reason: "changed my mind",
	})).GetReceipt()
}

// sendBack submits a return.
func (s *shop) sendBack(t *testing.T, id string, us ...*orderv1.ItemQuantity) string {
	t.Helper()
	req := &orderv1.SubmitReturnRequest{OrderId: id}
	for _, u := range us {
		req.Lines = append(req.Lines, &orderv1.ReturnLine{ItemId: u.GetItemId(), Quantity: u.GetQuantity(), Reason: "too small"})
	}
	return must[*orderv1.SubmitReturnResponse](t)(s.Returns().SubmitReturn(t.Context(), req)).GetReturnId()
}

// accept accepts a return.
func (s *shop) accept(t *testing.T, req *orderv1.AcceptReturnRequest) string {
	t.Helper()
	return must[*orderv1.AcceptReturnResponse](t)(s.Returns().AcceptReturn(t.Context(), req)).GetExchangeOrderId()
}

// stands proves how an order stands: its status, what it owes, and what of that
// is authorized and paid.
func (s *shop) stands(t *testing.T, id string, status orderv1.OrderStatus, due, authorized, paid int64) *orderv1.Order {
	t.Helper()
	o := s.AwaitSettled(t, id)
	ledger := s.Ledger(t, id)
	var open int64
	for _, i := range ledger.GetItems() {
		open += i.GetAuthorized().GetMinorUnits()
	}
	got := fmt.Sprint(o.GetStatus(), o.GetDue().GetMinorUnits(), open, ledger.GetPaid().GetMinorUnits())
	if want := fmt.Sprint(status, due, authorized, paid); got != want {
		t.Errorf("order %s: status, due, authorized and paid are %s, want %s", id, got, want)
	}
	said, total := "Paid", o.GetTotals().GetTotal().GetMinorUnits()
	switch {
	case status == cancelled:
		said = "Voided"
	case paid == 0 && total > 0:
		said = "Pending Payment"
	case paid < total:
		said = "Partial Paid"
	}
	if o.GetPaymentStatus() != said {
		t.Errorf("order %s: payment status %q, want %q", id, o.GetPaymentStatus(), said)
	}
	return o
}

// has proves how many units of a SKU there are.
func (s *shop) has(t *testing.T, sku string, onHand, reserved int64) {
	t.Helper()
	if u := s.Stock(t)[sku]; u.OnHand != onHand || u.Reserved != reserved {
		t.Errorf("%s: %d on hand and %d reserved, want %d and %d", sku, u.OnHand, u.Reserved, onHand, reserved)
	}
}

// events counts the events of an order by name.
func (s *shop) events(t *testing.T, id string) map[string]int {
	t.Helper()
	n := map[string]int{}
	for _, e := range s.OrderEvents(t, id) {
		n[testkit.EventName(e)]++
	}
	return n
}

// same proves that two answers are one, but for the word that one is a repeat.
func same[R proto.Message](t *testing.T, first, second R, receipt func(R) *orderv1.OrderReceipt) {
	t.Helper()
	if !receipt(second).GetRepeated() {
		t.Errorf("the second answer is not a repeat: %v", second)
	}
	receipt(second).Repeated = receipt(first).GetRepeated()
	if !proto.Equal(first, second) {
		t.Errorf("answered first\n%v\nand then\n%v", first, second)
	}
}
