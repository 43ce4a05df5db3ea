package order_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/order"
)

// validCreate is an order of 30.00 GBP with next to nothing said about it.
func validCreate() order.Create {
	return order.Create{
		Currency: "GBP", Now: noon,
		Items: []order.Line{{SKU: "tea", Quantity: 2, UnitPrice: gbp(1000)}, {SKU: "pot", Quantity: 1, UnitPrice: gbp(1000)}},
	}
}

func with(change func(*order.Create)) order.Create {
	c := validCreate()
	change(&c)
	return c
}

// place decides on an order that does not exist yet.
func place(t *testing.T, c order.Create) *orderv1.OrderCreated {
	t.Helper()
	es, err := c.Decide(order.New(orderID, 7))
	if err != nil {
		t.Fatal(err)
	}
	if len(es) != 1 {
		t.Fatalf("%d events, want 1", len(es))
	}
	return es[0].(*orderv1.OrderCreated)
}

func TestCreateFillsWhatWasLeftEmpty(t *testing.T) {
	want := &orderv1.OrderCreated{
		OrderId: orderID, OrderNumber: 7, CollectionId: 1, CurrencyCode: "GBP",
		Customer: &orderv1.Customer{Guest: true},
		Items: []*orderv1.OrderedItem{
			{ItemId: "1", SkuId: "tea", BinName: "main", Quantity: 2, UnitPriceMinor: 1000, Returnable: true},
			{ItemId: "2", SkuId: "pot", BinName: "main", Quantity: 1, UnitPriceMinor: 1000, Returnable: true},
		},
		Payments:  []*orderv1.PlannedPayment{{PaymentItemId: "p1", Gateway: "simulated", AmountMinor: 3000}},
		Totals:    &orderv1.StoredTotals{ItemsMinor: 3000, TotalMinor: 3000},
		CreatedAt: created.GetCreatedAt(),
	}
	if diff := cmp.Diff(want, place(t, validCreate()), protocmp.Transform()); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestCreateStoresEverythingItWasTold(t *testing.T) {
	c := order.Create{
		CollectionID: 3, Reference: "po-1", Channel: "web", StoreID: "s1", Locale: "en-GB", Currency: "GBP",
		Customer: order.Customer{CustomerID: "c1", Email: "ada@example.com", FirstName: "Ada", LastName: "Byron", Phone: "+44", IP: "203.0.113.9", AccountID: "acc", Guest: true},
		Items: []order.Line{{
			ItemID: "i1", SKU: "tea", Bin: "north", Name: "Tea", Quantity: 2, UnitPrice: gbp(1000), Tax: gbp(200),
			Adjustments: []order.Adjustment{{Kind: surcharge, Code: "WRAP", Description: "gift wrap", Amount: gbp(150)}},
			Properties:  map[string]string{"colour": "green"},
		}},
		Adjustments:     []order.Adjustment{{Code: "SPRING", Description: "spring sale", Amount: gbp(-100)}},
		Shipping:        order.Shipping{Method: "standard", Price: gbp(500), Tax: gbp(100)},
		ShippingAddress: address("FR"), BillingAddress: address("GB"),
		Payments:   []order.PaymentItem{{ItemID: "card", Gateway: "stripe", Token: "tok-1", Amount: gbp(2850)}},
		PromoCodes: []order.Promo{{Code: "SPRING", Confirmation: "sesame"}},
		Properties: map[string]string{"campaign": "march"},
		OnDecline:  orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_UNDO,
		CreatedBy:  "ada", Now: noon, ExpectedTotal: gbp(2850),
		Type: orderv1.OrderType_ORDER_TYPE_EXCHANGE, OriginalOrderID: "order-original-1", OriginalReturnID: "r1",
		CaptureAt: orderv1.CaptureAt_CAPTURE_AT_SHIP, Associate: ann,
		Metadata: order.Metadata{
			CommissionDate: "2026-03-01", PV: "10", QV: "12.5", Bonus: "1", PartyID: "p", LocalInvoiceNumber: "li", Notes: "n",
			CustomFields: map[string]string{"a": "b"},
		},
	}
	e := place(t, c)
	e.Imported, e.Payments[0].SettledMinor = true, 1 // only imports have them
	empty(t, "OrderCreated", e.ProtoReflect())
	if got := e.GetAdjustments()[0].GetKind(); got != discount {
		t.Errorf("an adjustment of no kind is stored as %v, want discount", got)
	}
	if got, want := e.GetTotals().GetTotalMinor(), int64(2850); got != want {
		t.Errorf("total %d, want %d", got, want)
	}
	c.Items[0].FinalSale = true
	if place(t, c).GetItems()[0].GetReturnable() {
		t.Error("a final sale is returnable")
	}
}

func address(country string) *order.Address {
	return &order.Address{
		FirstName: "Ada", LastName: "Byron", Company: "Engines", Line1: "1 Road", Line2: "Flat 2", City: "Town", Region: "Shire",
		PostalCode: "N1", CountryCode: country, Phone: "+44", Email: "ada@example.com",
	}
}

// empty complains of every field of a message that has no value.
func empty(t *testing.T, path string, m protoreflect.Message) {
	t.Helper()
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch name := path + "." + f.TextName(); {
		case !m.Has(f):
			t.Errorf("%s is not stored", name)
		case f.IsMap() || f.Message() == nil:
		case f.IsList():
			empty(t, name, m.Get(f).List().Get(0).Message())
		case f.Message().FullName().Parent() == created.ProtoReflect().Descriptor().FullName().Parent():
			empty(t, name, m.Get(f).Message())
		}
	}
}

func TestCreateLeavesTheCommandAsItCame(t *testing.T) {
	c := validCreate()
	place(t, c)
	if diff := cmp.Diff(validCreate(), c); diff != "" {
		t.Errorf("command (-want +got):\n%s", diff)
	}
}

func TestCreateNumbersWhatHasNoNameAroundWhatHas(t *testing.T) {
	c := with(func(c *order.Create) {
		c.Items = append(c.Items, c.Items[0])
		c.Items[0].ItemID = "2"
		c.Payments = []order.PaymentItem{{ItemID: "p2", Amount: gbp(1000)}, {}}
	})
	var got []string
	e := place(t, c)
	for _, i := range e.GetItems() {
		got = append(got, i.GetItemId())
	}
	for _, p := range e.GetPayments() {
		got = append(got, p.GetPaymentItemId())
	}
	if diff := cmp.Diff([]string{"2", "3", "4", "p2", "p3"}, got); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
}

func TestCreateRefusesWhatNoFieldRuleSees(t *testing.T) {
	usd := func(minor int64) money.Amount { return money.Amount{Currency: "USD", Minor: minor} }
	refuse(t, map[string]refusal{
		"unknown currency": {with(func(c *order.Create) {
			c.Currency = "XXX"
			c.Items[0].UnitPrice.Currency, c.Items[1].UnitPrice.Currency = "XXX", "XXX"
		}), []string{"currency_code"}},
		"mixed currencies": {with(func(c *order.Create) {
			c.Items[1].UnitPrice = usd(1)
			c.Items[0].Tax = usd(1)
			c.Items[0].Adjustments = []order.Adjustment{{Amount: usd(-1)}}
			c.Adjustments = []order.Adjustment{{Amount: usd(-1)}}
			c.Shipping = order.Shipping{Price: usd(1), Tax: usd(1)}
			c.Payments = []order.PaymentItem{{Amount: usd(1)}}
			c.ExpectedTotal = usd(1)
		}), []string{
			"items[0].tax.currency_code", "items[0].adjustments[0].amount.currency_code", "items[1].unit_price.currency_code",
			"adjustments[0].amount.currency_code", "shipping.price.currency_code", "shipping.tax.currency_code",
			"expected_total.currency_code", "payments[0].amount.currency_code",
		}},
		"amount without a currency": {with(func(c *order.Create) { c.Items[0].Tax = money.Amount{Minor: 5} }), []string{"items[0].tax.currency_code"}},
		"price not given":           {with(func(c *order.Create) { c.Items[0].UnitPrice = money.Amount{} }), []string{"items[0].unit_price.currency_code"}},
		"nothing ordered":           {with(func(c *order.Create) { c.Items = nil }), []string{"items"}},
		"two lines of one id": {with(func(c *order.Create) {
			c.Items[0].ItemID, c.Items[1].ItemID = "a", "a"
		}), []string{"items[1].item_id"}},
		"two payments of one id": {with(func(c *order.Create) {
			c.Payments = []order.PaymentItem{{ItemID: "a", Amount: gbp(1000)}, {ItemID: "a"}}
		}), []string{"payments[1].payment_item_id"}},
		"one promo code twice": {with(func(c *order.Create) {
			c.PromoCodes = []order.Promo{{Code: "A"}, {Code: "B"}, {Code: "A", Confirmation: "x"}}
		}), []string{"promo_codes[2].promo_code"}},
		"another total than expected": {with(func(c *order.Create) { c.ExpectedTotal = gbp(2999) }), []string{"expected_total.minor_units"}},
		"expected to be free":         {with(func(c *order.Create) { c.ExpectedTotal = gbp(0) }), []string{"expected_total.minor_units"}},
		"adjustment of the wrong sign": {with(func(c *order.Create) {
			c.Adjustments = []order.Adjustment{{Kind: discount, Amount: gbp(1)}, {Kind: surcharge, Amount: gbp(-1)}}
		}), []string{"adjustments[0].amount.minor_units", "adjustments[1].amount.minor_units"}},
		"total and payments": {with(func(c *order.Create) {
			c.ExpectedTotal = gbp(1)
			c.Payments = []order.PaymentItem{{Amount: gbp(1)}}
		}), []string{"expected_total.minor_units", "payments"}},
		"everything at once": {with(func(c *order.Create) {
			c.Currency = "GBPX"
			c.Items[0].Quantity = 0
			c.PromoCodes = []order.Promo{{Code: "A"}, {Code: "A"}}
		}), []string{
			"currency_code", "items[0].unit_price.currency_code", "items[1].unit_price.currency_code",
			"promo_codes[1].promo_code", "items[0].quantity",
		}},
	})
}

// refusal is an order with the fields that are wrong.
type refusal struct {
	when order.Create
	want []string
}

func refuse(t *testing.T, rows map[string]refusal) {
	t.Helper()
	for name, tt := range rows {
		t.Run(name, func(t *testing.T) {
			es, err := tt.when.Decide(order.New(orderID, 7))
			if es != nil || fault.KindOf(err) != fault.Invalid {
				t.Fatalf("got %v, %v; want an invalid request", es, err)
			}
			if diff := cmp.Diff(tt.want, fields(err)); diff != "" {
				t.Errorf("fields (-want +got):\n%s\n%v", diff, err)
			}
		})
	}
}

func TestOrderIDHasOneSyntax(t *testing.T) {
	for id, want := range map[string]bool{
		"order-01234567":             true, // 14
		"order_0123456789ABCDEFGHI":  true, // 25
		"01JQXYZABCDEFGHJKMNPQRSTVW": false,
		"order-0123456":              false,
		"order.01234567":             false,
		"order 01234567":             false,
		"order-*1234567":             false,
		"order->1234567":             false,
		"order/01234567":             false,
		"örder-01234567":             false,
		"order-01234567\n":           false,
		"":                           false,
	} {
		if got := order.ValidID(id); got != want {
			t.Errorf("ValidID(%q) = %v, want %v", id, got, want)
		}
		_, err := validCreate().Decide(order.New(id, 7))
		if refused := err != nil; refused == want {
			t.Errorf("create %q: %v", id, err)
		}
		if err != nil && fields(err)[0] != "order_id" {
			t.Errorf("create %q complains of %v", id, fields(err))
		}
	}
}

func TestCreateTwiceIsAConflict(t *testing.T) {
	check(t, map[string]row{
		"exists":    {given: events(created), when: validCreate(), kind: fault.Conflict, reason: "order_exists"},
		"cancelled": {given: events(created, compensating, cancelled), when: validCreate(), kind: fault.Conflict, reason: "order_exists"},
	})
}

// TestOversizedOrderIsRefusedNotWrapped has quantities and prices that wrap.
func TestOversizedOrderIsRefusedNotWrapped(t *testing.T) {
	c := with(func(c *order.Create) {
		c.Items[0].Quantity, c.Items[0].UnitPrice = math.MaxInt64, gbp(math.MaxInt64)
	})
	if _, err := c.Decide(order.New(orderID, 7)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v, want an invalid request", err)
	}
}

func BenchmarkCreate(b *testing.B) {
	for name, lines := range map[string]int{"3 lines": 3, "5000 lines": 5000} {
		b.Run(name, func(b *testing.B) {
			c := with(func(c *order.Create) {
				c.Items = slices.Repeat(c.Items[:1], lines)
				c.Customer.CustomerID = "c1"
			})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Decide(order.New(orderID, 7)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
