package order

import (
	"fmt"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// What a field means when it is left empty.
const (
	DefaultBin        = "main"
	DefaultGateway    = "simulated"
	DefaultCollection = 1
)

// Create places an order. Its fields mirror OrderCreated; every amount carries
// its own currency, so that a mixed order is refused and not added up. What is
// left empty gets its default: bin, gateway, collection, ids of lines and
// payments, one payment of the total.
type Create struct {
	CollectionID    int64
	Reference       string
	Channel         string
	StoreID         string
	Locale          string
	Customer        Customer
	Currency        string
	Items           []Line
	Adjustments     []Adjustment
	Shipping        Shipping
	ShippingAddress *Address
	BillingAddress  *Address
	Payments        []PaymentItem
	PromoCodes      []Promo
	Properties      map[string]string
	OnDecline       orderv1.PaymentDeclinePolicy
	// ExpectedTotal is the total as the buyer saw it; another one is refused.
	ExpectedTotal money.Amount
	CreatedBy     string
	Now           time.Time
	// Type says where the order comes from; unspecified is standard.
	Type orderv1.OrderType
	// OriginalOrderID and OriginalReturnID name what a linked order settles.
	OriginalOrderID  string
	OriginalReturnID string
	// Credit is what the units of that return pay of it.
	Credit money.Amount
	// CaptureAt is when the payment is taken; unspecified is at confirm.
	CaptureAt orderv1.CaptureAt
	Metadata  Metadata
	// Associate is the account that the order counts for.
	Associate Associate
}

// Line is one line to order.
type Line struct {
	ItemID      string
	SKU         string
	Bin         string
	Name        string
	Quantity    int64
	UnitPrice   money.Amount
	Adjustments []Adjustment
	Tax         money.Amount
	FinalSale   bool
	Properties  map[string]string
}

// Adjustment is a discount or a surcharge.
type Adjustment struct {
	Kind        orderv1.AdjustmentKind
	Code        string
	Description string
	Amount      money.Amount
}

// Shipping is how the order travels and what that costs.
type Shipping struct {
	Method string
	Price  money.Amount
	Tax    money.Amount
}

// PaymentItem is one way to pay. Without an amount it pays the rest.
type PaymentItem struct {
	ItemID  string
	Gateway string
	Token   string
	Amount  money.Amount
}

// Decide stores the order, or reports everything that is wrong with it at once.
func (c Create) Decide(o Order) ([]proto.Message, error) {
	if o.Status != None {
		return nil, fault.New(fault.Conflict, "order_exists", "order %s exists", o.ID)
	}
	if err := c.Associate.check(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	var v fault.Fields
	if !ValidID(o.ID) {
		v.Add("order_id", `must be 14 to 25 letters, digits, "-" or "_"`)
	}
	c.check(&v)
	totals := c.bill().sum(&v)
	sound := v.OK() // else the total is no total, and nothing is held against it
	c.checkTotal(totals, sound, &v)
	payments := append(c.creditOf(), pay(c.Payments, c.Currency, totals.Total-c.Credit.Minor, sound, &v)...)
	if err := v.Err(); err != nil {
		return nil, err
	}
	return []proto.Message{c.event(o, totals, payments)}, nil
}

// check notes what no rule on a single field can see.
func (c Create) check(v *fault.Fields) {
	if _, known := money.Exponent(c.Currency); !known {
		v.Add("currency_code", "is not a known currency: %q", c.Currency)
	}
	if len(c.Items) == 0 {
		v.Add("items", "must not be empty")
	}
	ids, codes := unique{}, unique{}
	for i, l := range c.Items {
		path := fmt.Sprintf("items[%d]", i)
		ids.add(path+".item_id", l.ItemID, v)
		c.currency(path+".unit_price", l.UnitPrice, true, v)
		c.currency(path+".tax", l.Tax, false, v)
		c.adjustments(path+".adjustments", l.Adjustments, v)
	}
	c.adjustments("adjustments", c.Adjustments, v)
	c.currency("shipping.price", c.Shipping.Price, false, v)
	c.currency("shipping.tax", c.Shipping.Tax, false, v)
	for i, p := range c.PromoCodes {
		codes.add(fmt.Sprintf("promo_codes[%d].promo_code", i), p.Code, v)
	}
}

func (c Create) adjustments(path string, as []Adjustment, v *fault.Fields) {
	for i, a := range as {
		c.currency(fmt.Sprintf("%s[%d].amount", path, i), a.Amount, true, v)
	}
}

// currency notes an amount that is not in the order's currency.
func (c Create) currency(path string, a money.Amount, required bool, v *fault.Fields) {
	checkCurrency(path, a, c.Currency, required, v)
}

func checkCurrency(path string, a money.Amount, want string, required bool, v *fault.Fields) {
	if !a.Given() && !required || a.Currency == want {
		return
	}
	v.Add(path+".currency_code", "must be %q like the order, not %q", want, a.Currency)
}

// checkTotal notes a total that the buyer did not see.
func (c Create) checkTotal(t Totals, sound bool, v *fault.Fields) {
	c.currency("expected_total", c.ExpectedTotal, false, v)
	if sound && c.ExpectedTotal.Currency == c.Currency && t.Total != c.ExpectedTotal.Minor {
		v.Add("expected_total.minor_units", "is %s, but the order comes to %s",
			c.ExpectedTotal, money.Amount{Currency: c.Currency, Minor: t.Total})
	}
}

func (c Create) bill() Bill {
	b := Bill{Adjustments: amounts(c.Adjustments), Shipping: c.Shipping.Price.Minor, ShippingTax: c.Shipping.Tax.Minor}
	for _, l := range c.Items {
		b.Lines = append(b.Lines, BillLine{
			Quantity: l.Quantity, UnitPrice: l.UnitPrice.Minor, Adjustments: amounts(l.Adjustments), Tax: l.Tax.Minor,
		})
	}
	return b
}

func amounts(as []Adjustment) []BillAdjustment {
	out := make([]BillAdjustment, len(as))
	for i, a := range as {
		out[i] = BillAdjustment{Kind: a.Kind, Amount: a.Amount.Minor}
	}
	return out
}

// withDefaults fills what was left empty, in copies: the command stays as it
// came.
func (c Create) withDefaults() Create {
	if c.CollectionID == 0 {
		c.CollectionID = DefaultCollection
	}
	c.Customer.Guest = c.Customer.Guest || c.Customer.CustomerID == ""
	c.Items = append([]Line(nil), c.Items...)
	name := numbering("", len(c.Items), func(i int) string { return c.Items[i].ItemID })
	for i := range c.Items {
		c.Items[i].ItemID = name(i)
		if c.Items[i].Bin == "" {
			c.Items[i].Bin = DefaultBin
		}
	}
	return c
}

// numbering names what has no name by its place, 1 first, and passes over the
// names that are taken.
func numbering(prefix string, n int, given func(int) string) func(int) string {
	taken := make(map[string]bool, n)
	for i := range n {
		taken[given(i)] = true
	}
	return func(i int) string {
		name := given(i)
		for k := i + 1; name == ""; k++ {
			if next := prefix + strconv.Itoa(k); !taken[next] {
				name, taken[next] = next, true
			}
		}
		return name
	}
}

// unique knows where a name was seen first.
type unique map[string]string

func (u unique) add(path, name string, v *fault.Fields) {
	if first, dup := u[name]; dup {
		v.Add(path, "%q is taken by %s", name, first)
		return
	}
	u[name] = path
}
