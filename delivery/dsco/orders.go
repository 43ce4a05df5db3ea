package dsco

import (
	"context"
	"slices"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/orderhistory"
	"github.com/orderstream/oms/inventory"
)

// Lookup finds what orders and stock do not say themselves.
type Lookup interface {
	// Catalogue returns a SKU as it is in the catalogue now, or as it was when it
	// was deleted; it may be unknown.
	Catalogue(ctx context.Context, tenant string, collection int64, sku string) (inventory.CatalogueItem, error)
	// Warehouse returns a bin; it may be unknown.
	Warehouse(ctx context.Context, tenant string, collection int64, name string) (inventory.Bin, error)
	// Before returns how many units of a SKU were available in each bin right
	// before a commit.
	Before(ctx context.Context, c eventstore.Commit, collection int64, sku string) (map[string]int64, error)
}

// Orders translates the log of orders.
type Orders struct {
	lookup    Lookup
	accounts  Accounts
	histories *orderhistory.Histories
}

// NewOrders reads the history of an order with read when it began long ago.
func NewOrders(l Lookup, a Accounts, read orderhistory.Read) *Orders {
	return &Orders{l, a, orderhistory.New(read)}
}

// Log implements delivery.Translator.
func (*Orders) Log() string { return "order" }

// Translate implements delivery.Translator.
func (o *Orders) Translate(ctx context.Context, c eventstore.Commit, wanted func(deliveryv1.Vocabulary) bool) ([]delivery.Told, error) {
	events, err := c.Recorded()
	if err != nil {
		return nil, err
	}
	t := &orderTelling{telling: telling{commit: c}, Orders: o, ctx: ctx}
	for _, e := range events {
		o.histories.Note(c.GetTenant(), e, c.GetTime())
		if !wanted(words) || e.Event == nil {
			continue
		}
		if err := t.event(e); err != nil {
			return nil, err
		}
	}
	return t.told, nil
}

// orderTelling is what a commit of an order says.
type orderTelling struct {
	telling
	*Orders
	ctx context.Context //nolint:containedctx // it lives as long as one call
}

func (t *orderTelling) event(e eventstore.Recorded) error {
	if !tells(e) {
		return nil
	}
	o, err := t.histories.After(t.ctx, t.commit.GetTenant(), e, t.commit.Position)
	if err != nil || o == nil || !o.Confirmed {
		return err
	}
	switch ev := e.Event.(type) {
	case *orderv1.OrderConfirmed:
		return t.order(e, o, OrderCreated)
	case *orderv1.InvoiceCreated:
		return t.invoice(e, o, InvoiceCreated, ev.GetInvoice())
	case *orderv1.InvoiceUpdated:
		return t.invoice(e, o, InvoiceUpdated, ev.GetInvoice())
	case *orderv1.OrderItemsShipped:
		err = t.lines(e, o, "SHIPPED", ev.GetLines(), ev.GetTrackingNumber())
	case *orderv1.OrderItemsCancelled:
		err = t.lines(e, o, "CANCELLED", ev.GetLines(), "")
	case *orderv1.OrderCancelled:
		err = t.lines(e, o, "CANCELLED", o.Cancelled, "")
	}
	if err != nil {
		return err
	}
	return t.order(e, o, OrderUpdated)
}

// tells says whether an event is one that those outside hear of. What happens to
// a package before it is announced is none, nor what the service notes for
// itself.
func tells(e eventstore.Recorded) bool {
	switch ev := e.Event.(type) {
	case *orderv1.OrderConfirmed, *orderv1.OrderFinalized, *orderv1.OrderStatusPatched, *orderv1.OrderUpdated, *orderv1.OrderMetadataUpdated,
		*orderv1.OrderNoteAdded, *orderv1.OrderEdited, *orderv1.OrderItemsCancelled, *orderv1.OrderCancelled, *orderv1.OrderDeleted,
		*orderv1.OrderHeld, *orderv1.OrderHoldReleased, *orderv1.PackageSplit, *orderv1.PackageUpdated, *orderv1.PackageStatusChanged,
		*orderv1.OrderItemsShipped, *orderv1.OrderDelivered, *orderv1.ReturnSubmitted, *orderv1.ReturnAccepted, *orderv1.ReturnRejected,
		*orderv1.ReturnClosed, *orderv1.InvoiceCreated, *orderv1.InvoiceUpdated:
		return true
	case *orderv1.StepAnswered: // money moved after the sale
		return slices.ContainsFunc(ev.GetTransactions(), func(p *orderv1.PaymentTransaction) bool {
			return p.GetSucceeded() && (p.GetOperation() == orderv1.PaymentOperation_PAYMENT_OPERATION_CAPTURE || p.GetOperation() == orderv1.PaymentOperation_PAYMENT_OPERATION_REFUND)
		})
	}
	return false
}

// facts are whose data an order is.
func (t *orderTelling) facts(o *orderhistory.Order, kind string) endpoint.Facts {
	tenant := t.commit.GetTenant()
	retailer, supplier := t.accounts.sides(tenant, o.Document.GetProperties())
	all := []int64{t.accounts[tenant].ID, retailer, supplier}
	for _, i := range o.Document.GetItems() {
		if n := properties(i.GetProperties()).number("dscoSupplierId"); n != nil {
			all = append(all, *n)
		}
	}
	return endpoint.Facts{Type: kind, Accounts: ids(all...)}
}

func (t *orderTelling) order(e eventstore.Recorded, o *orderhistory.Order, kind string) error {
	body, err := t.bodyOf(o)
	if err != nil {
		return err
	}
	return t.tell(e, t.facts(o, kind), e.Aggregate, e.Aggregate, body)
}

// lineItemStatus is OrderLineItemStatusChanged.
type lineItemStatus struct {
	EventUUID      string           `json:"eventUuid"`
	Status         string           `json:"status"`
	Order          *orderBody       `json:"order"`
	LineItems      []lineItemChange `json:"lineItems"`
	TrackingNumber string           `json:"trackingNumber,omitempty"`
}

// lineItemChange is a line with the units that the change is about.
type lineItemChange struct {
	lineItem
	LineNumber int    `json:"lineNumber"`
	Status     string `json:"status"`
}

// lines tells that units of some lines were shipped or cancelled.
func (t *orderTelling) lines(e eventstore.Recorded, o *orderhistory.Order, status string, lines []*orderv1.ItemQuantity, tracking string) error {
	if len(lines) == 0 {
		return nil
	}
	body, err := t.bodyOf(o)
	if err != nil {
		return err
	}
	b := lineItemStatus{EventUUID: t.id(e), Status: status, Order: body, TrackingNumber: tracking}
	for _, l := range lines {
		for n, i := range o.Document.GetItems() {
			if i.GetItemId() == l.GetItemId() {
				change := lineItemChange{body.LineItems[n], n + 1, status}
				change.Quantity = l.GetQuantity()
				b.LineItems = append(b.LineItems, change)
			}
		}
	}
	return t.tell(e, t.facts(o, LineItemStatus), e.Aggregate, e.Aggregate, b)
}
