package order

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/money"
)

// EditItems changes lines of a confirmed order before the freeze: their units,
// adjustments and tax, or adds and removes lines. The saga blocks what is
// added and settles the difference; if it cannot, everything stays as it was.
type EditItems struct {
	// Set are lines as they are to be; one with a new id, or none, is added.
	// Prices of lines that exist are as given here, too.
	Set []Line
	// Remove are the ids of lines that go.
	Remove []string
	// Payments pay what the order costs more; none spreads it over the order's
	// payments.
	Payments []PaymentItem
	By       string
	Now      time.Time
}

// Difference is what an edit would change.
type Difference struct {
	// Before and After are the totals.
	Before, After Totals
	// Reserve and Release are the units of stock, by SKU and bin.
	Reserve, Release []StockChange
}

// StockChange is units of a SKU in a bin.
type StockChange struct {
	SKU, Bin string
	Quantity int64
}

// Preview says what the edit would change, and why it cannot be made.
func (c EditItems) Preview(o Order) (Difference, error) {
	p, err := c.plan(o)
	if err != nil {
		return Difference{}, err
	}
	d := Difference{Before: o.Totals, After: p.after}
	for _, change := range p.changes {
		i := change.GetItem()
		s := StockChange{SKU: i.GetSkuId(), Bin: i.GetBinName(), Quantity: i.GetQuantity() - change.GetQuantityBefore()}
		switch {
		case s.Quantity > 0:
			d.Reserve = append(d.Reserve, s)
		case s.Quantity < 0:
			s.Quantity = -s.Quantity
			d.Release = append(d.Release, s)
		}
	}
	return d, nil
}

// Decide asks for the edit.
func (c EditItems) Decide(o Order) ([]proto.Message, error) {
	p, err := c.plan(o)
	if err != nil {
		return nil, err
	}
	e := &orderv1.OrderEditRequested{
		EditId: o.newID("e", 0), Changes: p.changes, TotalsBefore: o.Totals.stored(), TotalsAfter: p.after.stored(),
		RequestedBy: c.By, At: stamp(c.Now), Work: &orderv1.Work{WorkId: o.newID("w", 0), VoidFirst: true},
	}
	for _, change := range p.changes {
		id, more := change.GetItem().GetItemId(), change.GetItem().GetQuantity()-change.GetQuantityBefore()
		switch {
		case more > 0:
			e.Work.Reserve = append(e.Work.Reserve, &orderv1.ItemQuantity{ItemId: id, Quantity: more})
		case more < 0:
			e.Work.Release = append(e.Work.Release, &orderv1.ItemQuantity{ItemId: id, Quantity: -more})
		}
	}
	more := p.after.Total - o.Totals.Total
	if more > 0 && len(o.Recorded) > 0 { // what was paid too much elsewhere pays for it first
		if more -= min(more, max(o.Surplus(), 0)); more == 0 {
			return []proto.Message{e}, nil
		}
	}
	switch {
	case more > 0:
		e.Work.AuthorizeMinor = more
		if o.CaptureAt != orderv1.CaptureAt_CAPTURE_AT_SHIP {
			e.Work.CaptureMinor = more
		}
		if e.Payments, err = c.pay(o, more); err != nil {
			return nil, err
		}
	case more < 0:
		e.Work.GiveBackMinor = -more
	}
	return []proto.Message{e}, nil
}

// unedited refuses what needs the lines of the order while an edit of them is
// under way.
func (o Order) unedited() error {
	for _, w := range o.Work {
		if w.Kind == EditWork {
			return fault.New(fault.Precondition, "order_busy", "order %s is being edited: try again", o.ID)
		}
	}
	return nil
}

// editPlan is what an edit comes to.
type editPlan struct {
	changes []*orderv1.LineChange
	after   Totals
}

// plan works out the changes, or everything that is wrong with them.
func (c EditItems) plan(o Order) (editPlan, error) {
	if err := o.exists(); err != nil {
		return editPlan{}, err
	}
	if o.Status != Submitted && o.Status != ReadyToEdit {
		return editPlan{}, o.refuse("cannot be edited")
	}
	if w, busy := o.CurrentWork(); busy {
		return editPlan{}, fault.New(fault.Precondition, "order_busy", "order %s is busy with %s: try again", o.ID, w.ID)
	}
	var v fault.Fields
	p := editPlan{after: o.Totals}
	c = c.named(o)
	seen := unique{}
	for n, l := range c.Set {
		path := fmt.Sprintf("set[%d]", n)
		seen.add(path+".item_id", l.ItemID, &v)
		p.set(o, l, path, &v)
	}
	for n, id := range c.Remove {
		path := fmt.Sprintf("remove[%d]", n)
		seen.add(path, id, &v)
		p.remove(o, id, path, &v)
	}
	if len(p.changes) == 0 && v.OK() {
		v.Add("set", "changes nothing")
	}
	if o.overdrawnBy(p.changes) {
		v.Add("set", "the adjustments of the order would take more than it costs")
	}
	if o.emptyAfter(p.changes) {
		v.Add("remove", "nothing would be left: cancel the order")
	}
	return p, v.Err()
}

// named gives lines without an id the next free number.
func (c EditItems) named(o Order) EditItems {
	c.Set = append([]Line(nil), c.Set...)
	next := len(o.Items) + 1
	for n := range c.Set {
		for ; c.Set[n].ItemID == ""; next++ {
			id := fmt.Sprint(next)
			_, taken := o.Item(id)
			if !taken && !slices.ContainsFunc(c.Set, func(l Line) bool { return l.ItemID == id }) {
				c.Set[n].ItemID = id
			}
		}
		if c.Set[n].Bin == "" {
			c.Set[n].Bin = DefaultBin
		}
	}
	return c
}

// set notes a line that is added or changes.
func (p *editPlan) set(o Order, l Line, path string, v *fault.Fields) {
	create := Create{Currency: o.Currency}
	create.currency(path+".unit_price", l.UnitPrice, true, v)
	create.currency(path+".tax", l.Tax, false, v)
	create.adjustments(path+".adjustments", l.Adjustments, v)
	bill := Bill{Lines: []BillLine{{Quantity: l.Quantity, UnitPrice: l.UnitPrice.Minor, Adjustments: amounts(l.Adjustments), Tax: l.Tax.Minor}}}
	if _, err := bill.Totals(); err != nil {
		for _, wrong := range fault.Violations(err) {
			v.Add(path+wrong.Field[len("items[0]"):], "%s", wrong.Message)
		}
		return
	}
	change := &orderv1.LineChange{Item: l.stored()}
	change.LineMinorAfter = lineMinor(change.GetItem())
	if i, known := o.Item(l.ItemID); known {
		if l.SKU != "" && l.SKU != i.SKU || l.Bin != i.Bin {
			v.Add(path+".sku_id", "line %s is %q from bin %q: remove it and add another", l.ItemID, i.SKU, i.Bin)
		}
		change.Item.SkuId = i.SKU
		change.QuantityBefore, change.LineMinorBefore = i.Quantity, i.LineMinor
		i.untouched(path+".item_id", v)
	} else if l.SKU == "" {
		v.Add(path+".sku_id", "must not be empty")
	}
	p.add(change, v)
}

// remove notes a line that goes.
func (p *editPlan) remove(o Order, id, path string, v *fault.Fields) {
	i, known := o.Item(id)
	if !known || i.Quantity == 0 {
		v.Add(path, "order %s has no line %q", o.ID, id)
		return
	}
	i.untouched(path, v)
	p.add(&orderv1.LineChange{
		Item:           &orderv1.OrderedItem{ItemId: id, SkuId: i.SKU, BinName: i.Bin, Returnable: !i.NotReturnable},
		QuantityBefore: i.Quantity, LineMinorBefore: i.LineMinor,
	}, v)
}

// add counts a change. Which part of the difference is tax, price or
// adjustment is told only of the new line, so the sums of a changed line move
// in Items.
func (p *editPlan) add(c *orderv1.LineChange, v *fault.Fields) {
	diff := c.GetLineMinorAfter() - c.GetLineMinorBefore()
	var err error
	for _, sum := range []*int64{&p.after.Items, &p.after.Total} {
		if err == nil {
			*sum, err = money.Add(*sum, diff)
		}
	}
	if err != nil {
		v.Add("set", "come to more than can be counted")
	}
	p.changes = append(p.changes, c)
}

// untouched notes a line of which units are on their way, or gone.
func (i Item) untouched(path string, v *fault.Fields) {
	if i.Cancelled > 0 || i.Packed > 0 || i.Shipped > 0 {
		v.Add(path, "units of line %s are cancelled, packed or shipped", i.ItemID)
	}
}

// emptyAfter reports whether an edit would leave no units.
func (o Order) emptyAfter(changes []*orderv1.LineChange) bool {
	var units int64
	for _, i := range o.Items {
		units += i.Quantity - i.Cancelled
	}
	for _, c := range changes {
		units += c.GetItem().GetQuantity() - c.GetQuantityBefore()
	}
	return units <= 0
}

// overdrawnBy reports whether after an edit the adjustments of the order would
// take more than the lines that have their share still to bear, and shipping,
// come to.
func (o Order) overdrawnBy(changes []*orderv1.LineChange) bool {
	left := o.AdjustmentsMinor + o.ShippingMinor - o.ShippingShareMinor
	for _, i := range o.Items {
		if i.Cancelled > 0 {
			left -= i.ShareMinor
			continue
		}
		left += i.LineMinor
	}
	for _, c := range changes {
		left += c.GetLineMinorAfter() - c.GetLineMinorBefore()
	}
	return left < 0
}

// pay plans how an edit is paid that makes the order dearer.
func (c EditItems) pay(o Order, more int64) ([]*orderv1.PlannedPayment, error) {
	if o.Imported && len(c.Payments) > 0 {
		return nil, fault.Field("payments", "order %s was sold elsewhere and is paid there", o.ID)
	}
	if len(c.Payments) == 0 && (o.Payable() || o.Imported) {
		return nil, nil
	}
	asked := c.Payments
	if len(asked) == 0 {
		asked = []PaymentItem{{}}
	}
	return o.furtherPayments(asked, more)
}

func (o Order) paymentAt(id string) int {
	for n, p := range o.Payments {
		if p.ItemID == id {
			return n
		}
	}
	return -1
}
