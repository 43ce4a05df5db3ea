package onlineretail

import (
	"fmt"
	"slices"
	"time"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// Reasons why units of a cancellation cannot be taken back from an order.
const (
	NotNegative  = "quantity is not negative"
	NoCustomer   = "customer is not known"
	NeverBought  = "not bought before by this customer"
	AnotherPrice = "bought before at another price only"
	TooMany      = "more units than were bought before and not yet taken back"
)

// Taken is units of a line of a sale that a row of a cancellation takes back.
type Taken struct {
	// Invoice and Row are those of the cancellation; rows count from 1.
	Invoice string
	Row     int
	// Order is the place of the sale among the orders, ItemID its line.
	Order  int
	ItemID string
	Units  int64
	// Minor is what they cost.
	Minor int64
}

// Unmatched is units of a row of a cancellation that belong to no sale.
type Unmatched struct {
	Invoice   string
	Row       int
	Customer  string
	StockCode string
	Units     int64
	UnitPrice string
	Why       string
}

// bought is a line of a sale, with what of it was not taken back yet.
type bought struct {
	order int
	item  string
	at    time.Time
	left  int64
}

// goods are what a line is found by.
type goods struct {
	customer, sku string
	minor         int64
}

// TakeBack matches the rows of cancellations, in their order, with lines of
// earlier sales: of the same customer, stock code and price, the latest order
// first, and never more units than were bought and not yet taken back. A row
// may take from several orders; what is left of it is unmatched.
func TakeBack(orders []*orderv1.CreateOrderRequest, cancellations []Invoice) (taken []Taken, unmatched []Unmatched) {
	lines, skus := map[goods][]*bought{}, map[[2]string]bool{}
	for n, o := range orders {
		at, err := time.Parse(time.RFC3339, o.GetProperties()["invoice_date"])
		if err != nil {
			continue
		}
		customer := o.GetCustomer().GetCustomerId()
		for k, i := range o.GetItems() {
			g := goods{customer, i.GetSkuId(), i.GetUnitPrice().GetMinorUnits()}
			lines[g] = append(lines[g], &bought{order: n, item: fmt.Sprint(k + 1), at: at, left: i.GetQuantity()})
			skus[[2]string{customer, i.GetSkuId()}] = true
		}
	}
	for _, of := range lines { // the latest first, and of one invoice the first line
		slices.SortStableFunc(of, func(a, b *bought) int { return b.at.Compare(a.at) })
	}
	for _, inv := range cancellations {
		for n, row := range inv.Rows {
			minor, why := price(Row{Quantity: 1, UnitPrice: row.UnitPrice})
			units := -row.Quantity
			switch {
			case units <= 0:
				why = NotNegative
			case inv.Customer == "":
				why = NoCustomer
			case why == "" && !skus[[2]string{inv.Customer, row.StockCode}]:
				why = NeverBought
			}
			if why == "" {
				of := lines[goods{inv.Customer, row.StockCode, minor}]
				if why = NeverBought; len(of) == 0 {
					why = AnotherPrice
				}
				for _, b := range of {
					if !b.at.Before(inv.Date) {
						continue
					}
					why = TooMany
					if part := min(units, b.left); part > 0 {
						b.left -= part
						units -= part
						taken = append(taken, Taken{Invoice: inv.Number, Row: n + 1, Order: b.order, ItemID: b.item, Units: part, Minor: part * minor})
					}
				}
			}
			if units != 0 || why == NotNegative {
				unmatched = append(unmatched, Unmatched{inv.Number, n + 1, inv.Customer, row.StockCode, units, row.UnitPrice, why})
			}
		}
	}
	return taken, unmatched
}
