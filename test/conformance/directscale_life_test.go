package conformance_test

import (
	"net/http"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/gen/oms/delivery/v1/deliveryv1connect"
	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/gen/oms/payment/v1/paymentv1connect"
	"github.com/orderstream/oms/internal/testkit"
)

// shop asks a service for everything that DirectScale tells of. The first of
// each kind is what the samples tell of, so numbers match, too.
type shop struct {
	*testing.T
	p *testkit.Process
	// Orders by what became of them.
	sample, shipped, retried, imported, autoship, deleted, refunded string
	// parent of the packages that it was split into.
	parent int64
}

const (
	held      = orderv1.OrderStatus_ORDER_STATUS_ON_HOLD
	submitted = orderv1.OrderStatus_ORDER_STATUS_SUBMITTED
	cancelled = orderv1.OrderStatus_ORDER_STATUS_CANCELLED
)

func (s *shop) people() {
	ctx, c := testkit.Lasting(s.T), s.p.Customers()
	_, err := c.CreateAssociate(ctx, &customerv1.CreateAssociateRequest{AssociateId: "sponsor", Profile: &customerv1.Profile{
		Username: proto.String("sponsor"), FirstName: proto.String("Sue"), LastName: proto.String("Sponsor"), CompanyName: proto.String("Sue Inc"),
		Email: proto.String("sue@example.com"), Type: proto.Int64(1), WebAliases: &customerv1.WebAliases{Names: []string{"sue"}},
		BackOfficeId: proto.String("BO-1"), ExternalReferenceId: proto.String("ext-1"), CountryCode: proto.String("US"),
	}})
	must(s.T, err)
	_, err = c.EnrollAssociate(ctx, &customerv1.EnrollAssociateRequest{AssociateId: "ann", SponsorId: "sponsor", Profile: &customerv1.Profile{
		Username: proto.String("ann"), Type: proto.Int64(2), CountryCode: proto.String("US"),
	}})
	must(s.T, err)
	_, err = c.UpdateAssociate(ctx, &customerv1.UpdateAssociateRequest{AssociateId: "ann", Profile: &customerv1.Profile{Email: proto.String("ann@example.com")}})
	must(s.T, err)
	_, err = c.CreateSubscription(ctx, &customerv1.CreateSubscriptionRequest{
		SubscriptionId: "s1", AssociateId: "ann", Name: "Tea", Schedule: &customerv1.Schedule{Unit: customerv1.IntervalUnit_INTERVAL_UNIT_MONTH, Every: 1},
		Items:      &customerv1.SubscriptionItems{Items: []*customerv1.SubscriptionItem{{SkuId: "tea", Quantity: 1, UnitPrice: usd(500)}}},
		FirstRunAt: timestamppb.New(time.Now().Add(240 * time.Hour)),
	})
	must(s.T, err)
	_, err = c.UpdateSubscription(ctx, &customerv1.UpdateSubscriptionRequest{SubscriptionId: "s1", Name: proto.String("Green tea")})
	must(s.T, err)
	_, err = c.VoidSubscription(ctx, &customerv1.VoidSubscriptionRequest{SubscriptionId: "s1"})
	must(s.T, err)
}

func (s *shop) catalogue() {
	ctx, c := testkit.Lasting(s.T), s.p.Inventory()
	for _, sku := range []string{"shoe", "lace", "tea", "TST_EVT", "last"} { // the fourth is what the samples tell of
		_, err := c.CreateItem(ctx, &inventoryv1.CreateItemRequest{SkuId: sku})
		must(s.T, err)
	}
	for _, options := range [][]*inventoryv1.ItemOption{{{SkuId: "TST_RED"}, {SkuId: "TST_BLUE"}}, {{SkuId: "TST_BLUE"}}} {
		_, err := c.SetItemOptions(ctx, &inventoryv1.SetItemOptionsRequest{SkuId: "TST_EVT", Options: options})
		must(s.T, err)
	}
	_, err := c.UpdateItem(ctx, &inventoryv1.UpdateItemRequest{SkuId: "TST_EVT", Name: proto.String("Test")})
	must(s.T, err)
	_, err = c.DeleteItem(ctx, &inventoryv1.DeleteItemRequest{SkuId: "TST_EVT"})
	must(s.T, err)
	s.p.AddStock(s.T, map[string]int64{"shoe": 1000, "lace": 5})
	for _, n := range []int64{1, 4} { // the second one takes the last
		_, err := c.AdjustStock(ctx, &inventoryv1.AdjustStockRequest{Lines: []*inventoryv1.StockLine{{
			Movement: inventoryv1.StockMovement_STOCK_MOVEMENT_REMOVE, SkuId: "lace", Quantity: n,
		}}})
		must(s.T, err)
	}
}

// place makes an order of shoes, bought by number 2, and waits for a status.
func (s *shop) place(units, each int64, token string, status orderv1.OrderStatus, change ...func(*orderv1.CreateOrderRequest)) string {
	req := &orderv1.CreateOrderRequest{
		CurrencyCode: "USD", Customer: &orderv1.Customer{CustomerId: "ann"}, Items: []*orderv1.LineItem{{SkuId: "shoe", Quantity: units, UnitPrice: usd(each)}},
		Payments: []*orderv1.PaymentItem{{Token: token}}, ShippingAddress: &orderv1.Address{CountryCode: "US"},
	}
	for _, f := range change {
		f(req)
	}
	res, err := s.p.Orders().CreateOrder(testkit.Lasting(s.T), req)
	must(s.T, err)
	s.p.Await(s.T, res.GetOrderId(), status)
	return res.GetOrderId()
}

func units(n int64) []*orderv1.ItemQuantity {
	return []*orderv1.ItemQuantity{{ItemId: "1", Quantity: n}}
}

func (s *shop) orders() {
	ctx, change := testkit.Lasting(s.T), s.p.Changes()
	s.sample = s.place(2, 1000, "tok_good", submitted)
	_, err := change.EditMetadata(ctx, &orderv1.EditMetadataRequest{OrderId: s.sample, Metadata: &orderv1.OrderMetadata{
		CommissionDate: "2021-10-12", Pv: "1", Qv: "2", Bonus: "3", PartyId: "p", LocalInvoiceNumber: "i", Notes: "n", CustomFields: map[string]string{"a": "b"},
	}})
	must(s.T, err)
	_, err = change.CancelItems(ctx, &orderv1.CancelItemsRequest{OrderId: s.sample, Lines: units(1)})
	must(s.T, err)
	s.p.AwaitSettled(s.T, s.sample)
	_, err = s.p.Orders().CancelOrder(ctx, &orderv1.CancelOrderRequest{OrderId: s.sample})
	must(s.T, err)
	s.p.Await(s.T, s.sample, cancelled)
	s.packages()
	s.retried = s.place(1, 3200, "tok_decline", held)
	_, err = s.p.Orders().RetryPayment(ctx, &orderv1.RetryPaymentRequest{OrderId: s.retried, Payments: []*orderv1.PaymentItem{{Token: "tok_good"}}})
	must(s.T, err)
	s.p.Await(s.T, s.retried, submitted)
	imported, err := s.p.Orders().ImportOrder(ctx, &orderv1.ImportOrderRequest{
		Order: &orderv1.CreateOrderRequest{
			CurrencyCode: "USD", Customer: &orderv1.Customer{CustomerId: "77"}, Items: []*orderv1.LineItem{{SkuId: "shoe", Quantity: 1, UnitPrice: usd(100)}},
			Payments: []*orderv1.PaymentItem{{PaymentItemId: "p1", Gateway: "elsewhere"}},
		},
		Settled: map[string]*moneyv1.Money{"p1": usd(100)},
	})
	must(s.T, err)
	s.imported = imported.GetOrderId()
	s.autoship = s.place(1, 100, "tok_good", submitted, func(r *orderv1.CreateOrderRequest) { r.OrderType = orderv1.OrderType_ORDER_TYPE_AUTOSHIP })
	s.deleted = s.place(1, 100, "tok_capture_decline", cancelled, func(r *orderv1.CreateOrderRequest) {
		r.OnPaymentDecline = orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_UNDO
	})
	_, err = change.DeleteOrder(ctx, &orderv1.DeleteOrderRequest{OrderId: s.deleted, Reason: "test order"})
	must(s.T, err)
	s.refunded = s.place(2, 1600, "tok_good", submitted, func(r *orderv1.CreateOrderRequest) {
		r.Items = []*orderv1.LineItem{{ItemId: "1", SkuId: "shoe", Quantity: 1, UnitPrice: usd(1800)}, {ItemId: "2", SkuId: "shoe", Quantity: 1, UnitPrice: usd(1400)}}
	})
	_, err = s.p.Fulfilment().ShipOrder(ctx, &orderv1.ShipOrderRequest{OrderId: s.refunded})
	must(s.T, err)
	_, err = s.p.Returns().SubmitReturn(ctx, &orderv1.SubmitReturnRequest{OrderId: s.refunded, ReturnId: "r", Lines: []*orderv1.ReturnLine{{ItemId: "1", Quantity: 1}}})
	must(s.T, err)
	_, err = s.p.Returns().AcceptReturn(ctx, &orderv1.AcceptReturnRequest{OrderId: s.refunded, ReturnId: "r"})
	must(s.T, err)
	s.p.AwaitSettled(s.T, s.refunded)
	_, err = change.AddNote(ctx, &orderv1.AddNoteRequest{OrderId: s.refunded, Text: "given back"})
	must(s.T, err)
}

// packages is the second order: packed, announced, split, described and sent.
func (s *shop) packages() {
	ctx, f := testkit.Lasting(s.T), s.p.Fulfilment()
	id := s.place(3, 1000, "tok_good", submitted)
	s.shipped = id
	packed, err := f.CreatePackage(ctx, &orderv1.CreatePackageRequest{OrderId: id, Lines: units(1), Transport: &orderv1.Transport{
		ShipMethodId: 1, ShipBy: timestamppb.New(time.Date(2021, 10, 12, 18, 21, 31, 0, time.UTC)),
	}})
	must(s.T, err)
	_, err = f.SubmitPackage(ctx, &orderv1.SubmitPackageRequest{OrderId: id, PackageId: packed.GetPackageId()})
	must(s.T, err)
	parent, err := f.CreatePackage(ctx, &orderv1.CreatePackageRequest{OrderId: id, Lines: units(2), Submit: true})
	must(s.T, err)
	children, err := f.SplitPackage(ctx, &orderv1.SplitPackageRequest{OrderId: id, PackageId: parent.GetPackageId(), Into: []*orderv1.PackageLines{{Lines: units(1)}, {Lines: units(1)}}})
	must(s.T, err)
	for _, p := range s.p.AwaitSettled(s.T, id).GetPackages() {
		if p.GetPackageId() == parent.GetPackageId() {
			s.parent = p.GetPackageNumber()
		}
	}
	update := func(pkg string, legacy bool, status orderv1.PackageStatus, tracking string) {
		_, err := f.UpdatePackage(ctx, &orderv1.UpdatePackageRequest{
			OrderId: id, PackageId: pkg, Status: status, LegacyFtp: legacy, Transport: &orderv1.Transport{Carrier: "UPS", TrackingNumber: tracking},
		})
		must(s.T, err)
	}
	update(packed.GetPackageId(), false, 0, "1Z")
	update(packed.GetPackageId(), false, orderv1.PackageStatus_PACKAGE_STATUS_PRINTED, "1Z")
	update(packed.GetPackageId(), false, orderv1.PackageStatus_PACKAGE_STATUS_SHIPPED, "1Z")
	update(children.GetPackageIds()[0], true, orderv1.PackageStatus_PACKAGE_STATUS_SHIPPED, "FTP")
}

// custom is an event of the client's own.
func (s *shop) custom() {
	c := deliveryv1connect.NewDeliveryServiceClient(http.DefaultClient, s.p.URL)
	_, err := c.DefineCustomEvent(testkit.Lasting(s.T), &deliveryv1.DefineCustomEventRequest{Type: "PartyClosed"})
	must(s.T, err)
	data, err := structpb.NewStruct(map[string]any{"PartyId": 7})
	must(s.T, err)
	_, err = c.PublishCustomEvent(testkit.Lasting(s.T), &deliveryv1.PublishCustomEventRequest{Type: "PartyClosed", Data: data})
	must(s.T, err)
}

// last things: one in each log, heard when all before it was.
func (s *shop) last() {
	ctx := testkit.Lasting(s.T)
	_, err := s.p.Inventory().DeleteItem(ctx, &inventoryv1.DeleteItemRequest{SkuId: "last"})
	must(s.T, err)
	_, err = s.p.Customers().CreateAssociate(ctx, &customerv1.CreateAssociateRequest{AssociateId: "last", Profile: &customerv1.Profile{Username: proto.String("last")}})
	must(s.T, err)
	_, err = paymentv1connect.NewPaymentServiceClient(http.DefaultClient, s.p.URL).RecordPayment(ctx, &paymentv1.RecordPaymentRequest{
		OrderId: s.imported, Amount: usd(999), Method: "check",
	})
	must(s.T, err)
	_, err = s.p.Changes().AddNote(ctx, &orderv1.AddNoteRequest{OrderId: s.imported, Text: "the end"})
	must(s.T, err)
}
