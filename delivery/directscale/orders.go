package directscale

import (
	"context"
	"strconv"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/orderhistory"
)

// Lookup finds the numbers that things are known by. A thing that is not there
// has the number 0.
type Lookup interface {
	// Order returns the number of an order.
	Order(ctx context.Context, tenant, id string) (int64, error)
	// Associate returns the number of an account.
	Associate(ctx context.Context, tenant, id string) (int64, error)
	// Bin returns the number of a bin, also called warehouse.
	Bin(ctx context.Context, tenant string, collection int64, name string) (int64, error)
	// Item returns the number of an item, or of an option of one.
	Item(ctx context.Context, tenant string, collection int64, sku string) (int64, error)
}

// Orders translates the log of orders.
type Orders struct {
	lookup    Lookup
	histories *orderhistory.Histories
}

// NewOrders reads the history of an order with read when it began long ago.
func NewOrders(l Lookup, read orderhistory.Read) *Orders { return &Orders{l, orderhistory.New(read)} }

// Log implements delivery.Translator.
func (*Orders) Log() string { return "order" }

// orderBody is CreateOrderEvent, FinalizeOrderEvent, UpdateOrderEvent and, with
// its own date, VoidOrderEvent.
type orderBody struct {
	VoidedDateUTC string `json:"VoidedDateUtc,omitempty"`
	OrderNumber   uint64
	CustomerID    int64  `json:"CustomerId"`
	OrderDateUTC  string `json:"OrderDateUtc"`
	OrderStatus   string
	OrderType     string
	event
}

// legacyOrder is OrderEvent. Its status is that of the payment, which is the
// defect that it is deprecated for.
type legacyOrder struct {
	OrderID       string `json:"OrderId"`
	OrderDateUTC  string `json:"OrderDateUtc"`
	DistributorID string `json:"DistributorId"`
	OrderType     string
	OrderTotal    any
	OrderCountry  string
	OrderCurrency string
	OrderStatus   string
	event
}

// Statuses of an order in the words of the source.
const (
	statusPending = "Pending processing"
	statusUnpaid  = "Pending Payment"
	statusVoided  = "Voided"
)

// Translate implements delivery.Translator.
func (o *Orders) Translate(ctx context.Context, c eventstore.Commit, wanted func(deliveryv1.Vocabulary) bool) ([]delivery.Told, error) {
	events, err := c.Recorded()
	if err != nil {
		return nil, err
	}
	t := &orderTelling{telling: telling{commit: c}, Orders: o, ctx: ctx}
	for _, e := range events {
		o.histories.Note(c.GetTenant(), e, c.GetTime())
		if !wanted(deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE) || e.Event == nil {
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
	switch ev := e.Event.(type) {
	case *orderv1.OrderCreated:
		return t.order(e, CreateOrder, statusPending)
	case *orderv1.OrderFinalized:
		return t.finalized(e)
	case *orderv1.OrderMetadataUpdated, *orderv1.OrderNoteAdded:
		return t.order(e, UpdateOrder, "")
	case *orderv1.OrderCancelled:
		return t.order(e, VoidOrder, statusVoided)
	case *orderv1.OrderDeleted:
		return t.deleted(e)
	case *orderv1.PackageSubmitted:
		return t.packages(e, SubmitPackage, ev.GetPackageId())
	case *orderv1.PackageSplit:
		return t.split(e, ev)
	case *orderv1.PackageUpdated:
		if ev.GetLegacyFtp() {
			return nil
		}
		return t.packages(e, UpdatePackageStatus, ev.GetPackageId())
	case *orderv1.PackageStatusChanged:
		return t.packageStatus(e, ev)
	}
	return nil
}

// after is the order right after an event; nil when that cannot be known.
func (t *orderTelling) after(e eventstore.Recorded) (*orderhistory.Order, error) {
	return t.histories.After(t.ctx, t.commit.GetTenant(), e, t.commit.Position)
}

// order tells of an order as a whole. An empty status is that of its payment.
func (t *orderTelling) order(e eventstore.Recorded, kind, status string) error {
	o, err := t.after(e)
	if err != nil || o == nil {
		return err
	}
	customer, err := t.customer(o)
	if err != nil {
		return err
	}
	at := t.commit.GetTime().AsTime()
	if status == "" {
		status = paymentStatus(o)
	}
	b := orderBody{
		OrderNumber: o.Document.GetOrderNumber(), CustomerID: customer, OrderDateUTC: date(o.Document.GetCreatedAt().AsTime()),
		OrderStatus: status, OrderType: typeName(o.Document.GetOrderType()), event: orderEvent(kind, at),
	}
	if kind == VoidOrder {
		b.VoidedDateUTC = date(at)
	}
	return t.tell(e, kind, e.Aggregate, e.Aggregate, b)
}

// finalized tells of the end of a payment attempt; after the first one also in
// the deprecated form.
func (t *orderTelling) finalized(e eventstore.Recorded) error {
	o, err := t.after(e)
	if err != nil || o == nil {
		return err
	}
	status := paymentStatus(o)
	if status == statusPending { // the attempt is over, and the order is not sold
		status = statusUnpaid
	}
	if err := t.order(e, FinalizeOrder, status); err != nil || o.Finalized != 1 {
		return err
	}
	customer, err := t.customer(o)
	if err != nil {
		return err
	}
	d := o.Document
	return t.tell(e, Order, e.Aggregate, e.Aggregate, legacyOrder{
		OrderID: strconv.FormatUint(d.GetOrderNumber(), 10), OrderDateUTC: date(d.GetCreatedAt().AsTime()), DistributorID: strconv.FormatInt(customer, 10),
		OrderType: typeName(d.GetOrderType()), OrderTotal: amount(d.GetTotals().GetTotal().GetMinorUnits(), d.GetCurrencyCode()),
		OrderCountry: d.GetShippingAddress().GetCountryCode(), OrderCurrency: d.GetCurrencyCode(), OrderStatus: status,
		event: legacyEvent(Order, t.commit.GetTime().AsTime()),
	})
}

// deleted tells of an order that was not void before.
func (t *orderTelling) deleted(e eventstore.Recorded) error {
	o, err := t.after(e)
	if err != nil || o == nil || o.Before == orderv1.OrderStatus_ORDER_STATUS_CANCELLED {
		return err
	}
	return t.order(e, VoidOrder, statusVoided)
}

// customer is the number of whoever bought: that of the account, or the id when
// it is a number.
func (t *orderTelling) customer(o *orderhistory.Order) (int64, error) {
	id := o.Document.GetCustomer().GetCustomerId()
	if id == "" {
		return 0, nil
	}
	n, err := t.lookup.Associate(t.ctx, t.commit.GetTenant(), id)
	if err != nil || n != 0 {
		return n, err
	}
	return number(id), nil
}

// paymentStatus is the status of an order by its ledger.
func paymentStatus(o *orderhistory.Order) string {
	if s := o.Document.GetPaymentStatus(); s != "" {
		return s
	}
	return statusPending
}

// typeName is where an order came from (DS-PD-02).
func typeName(t orderv1.OrderType) string {
	switch t {
	case orderv1.OrderType_ORDER_TYPE_AUTOSHIP:
		return "AutoShip"
	case orderv1.OrderType_ORDER_TYPE_ENROLLMENT:
		return "Enrollment"
	case orderv1.OrderType_ORDER_TYPE_VOLUME_ADJUSTMENT:
		return "VolumeAdjustment"
	case orderv1.OrderType_ORDER_TYPE_EXCHANGE:
		return "Exchange"
	case orderv1.OrderType_ORDER_TYPE_REPLACE:
		return "Replacement"
	case orderv1.OrderType_ORDER_TYPE_STANDARD, orderv1.OrderType_ORDER_TYPE_UNSPECIFIED:
	}
	return "Standard"
}
