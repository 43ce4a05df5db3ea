package document

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// foldFulfilment folds one event of packages, shipments and returns. It reports
// whether it knows the event.
func foldFulfilment(o *orderv1.Order, e proto.Message) (known bool) {
	switch e := e.(type) {
	case *orderv1.PackageCreated:
		pack(o, e.GetPackage(), orderv1.PackageStatus_PACKAGE_STATUS_CREATED)
	case *orderv1.PackageSubmitted:
		packageOf(o, e.GetPackageId()).Status = packageStatus(orderv1.PackageStatus_PACKAGE_STATUS_SUBMITTED)
	case *orderv1.PackageSplit:
		unpack(o, e.GetPackageId(), orderv1.PackageStatus_PACKAGE_STATUS_SPLIT)
		for _, child := range e.GetChildren() {
			pack(o, child, orderv1.PackageStatus_PACKAGE_STATUS_SUBMITTED)
		}
	case *orderv1.PackageUpdated:
		p := packageOf(o, e.GetPackageId())
		p.Carrier, p.TrackingNumber, p.ShipMethodId = e.GetCarrier(), e.GetTrackingNumber(), e.GetShipMethodId()
		if e.GetShippedAt() != nil {
			p.ShippedAt = e.GetShippedAt()
		}
		if e.GetShipBy() != nil {
			p.ShipBy = e.GetShipBy()
		}
	case *orderv1.PackageStatusChanged:
		packageMoved(o, e)
	case *orderv1.PackageUnitsRemoved:
		shrink(packageOf(o, e.GetPackageId()), e.GetLines())
		each(o, e.GetLines(), func(i *orderv1.OrderItem, n int64) { i.Packed -= n })
	case *orderv1.OrderItemsShipped:
		each(o, e.GetLines(), func(i *orderv1.OrderItem, n int64) { i.Packed, i.Shipped = i.GetPacked()-n, i.GetShipped()+n })
		packageOf(o, e.GetPackageId()).ShippedAt = e.GetShippedAt()
		o.OpenWork++
	case *orderv1.OrderDelivered:
		each(o, e.GetLines(), func(i *orderv1.OrderItem, n int64) {
			i.Delivered = min(i.GetDelivered()+n, i.GetShipped()-i.GetReturned()-i.GetUndelivered())
		})
		packageOf(o, e.GetPackageId()).DeliveredAt = e.GetDeliveredAt()
	default:
		return foldReturn(o, e)
	}
	rollUp(o)
	return true
}

// foldReturn folds one event of returns, exchanges and replacements.
func foldReturn(o *orderv1.Order, e proto.Message) (known bool) {
	cur := currency(o.GetCurrencyCode())
	switch e := e.(type) {
	case *orderv1.ReturnSubmitted:
		lines := quantities(e.GetLines())
		o.Returns = append(o.Returns, &orderv1.OrderReturn{ReturnId: e.GetReturnId(), Status: "submitted", Lines: lines, SubmittedAt: e.GetAt()})
		each(o, lines, func(i *orderv1.OrderItem, n int64) { i.ReturnPending += n })
	case *orderv1.ReturnAccepted:
		r := returnOf(o, e.GetReturnId())
		r.Status, r.Fee, r.ExchangeOrderId = "accepted", cur.money(e.GetFeeMinor()), e.GetExchangeOrderId()
		each(o, quantities(e.GetLines()), func(i *orderv1.OrderItem, n int64) {
			i.ReturnPending, i.Returned = i.GetReturnPending()-n, i.GetReturned()+n
			i.Delivered, i.Undelivered = order.CameBack(i.GetDelivered(), i.GetUndelivered(), n)
		})
		for _, worth := range e.GetLineValuesMinor() {
			o.Due.MinorUnits -= worth
		}
		o.Due.MinorUnits += e.GetFeeMinor() + e.GetCreditMinor()
		o.OpenWork++
	case *orderv1.ReturnRejected:
		r := returnOf(o, e.GetReturnId())
		r.Status, r.Reason = "rejected", e.GetReason()
		each(o, r.GetLines(), func(i *orderv1.OrderItem, n int64) { i.ReturnPending -= n })
	case *orderv1.ReturnClosed:
		r := returnOf(o, e.GetReturnId())
		r.Status, r.Refunded = "closed", cur.money(e.GetRefundedMinor())
		noLongerDue(o, e.GetForgivenMinor())
		o.OpenWork--
	case *orderv1.ExchangeOrderCreated:
		o.LinkedOrderIds = append(o.LinkedOrderIds, e.GetOrderId())
	case *orderv1.ReplaceRequested:
		o.OpenWork++
	case *orderv1.ReplaceOrderCreated:
		o.LinkedOrderIds = append(o.LinkedOrderIds, e.GetOrderId())
		o.OpenWork--
	default:
		return false
	}
	rollUp(o)
	return true
}

// pack adds a package.
func pack(o *orderv1.Order, p *orderv1.StoredPackage, s orderv1.PackageStatus) {
	o.Packages = append(o.Packages, &orderv1.OrderPackage{
		PackageId: p.GetPackageId(), PackageNumber: p.GetPackageNumber(), Status: packageStatus(s), Lines: p.GetLines(), BinName: p.GetBinName(),
		Carrier: p.GetCarrier(), TrackingNumber: p.GetTrackingNumber(), ShipMethodId: p.GetShipMethodId(), ShipBy: p.GetShipBy(),
	})
	each(o, p.GetLines(), func(i *orderv1.OrderItem, n int64) { i.Packed += n })
}

// unpack ends a package that has not left.
func unpack(o *orderv1.Order, id string, s orderv1.PackageStatus) {
	p := packageOf(o, id)
	p.Status = packageStatus(s)
	each(o, p.GetLines(), func(i *orderv1.OrderItem, n int64) { i.Packed -= n })
}

// shrink takes units out of a package.
func shrink(p *orderv1.OrderPackage, out []*orderv1.ItemQuantity) {
	var left []*orderv1.ItemQuantity
	for _, l := range p.GetLines() {
		n := l.GetQuantity()
		for _, t := range out {
			if t.GetItemId() == l.GetItemId() {
				n -= t.GetQuantity()
			}
		}
		if n > 0 {
			left = append(left, &orderv1.ItemQuantity{ItemId: l.GetItemId(), Quantity: n})
		}
	}
	p.Lines = left
}

func packageMoved(o *orderv1.Order, e *orderv1.PackageStatusChanged) {
	p := packageOf(o, e.GetPackageId())
	if e.GetStatus() == orderv1.PackageStatus_PACKAGE_STATUS_VOIDED {
		unpack(o, p.GetPackageId(), e.GetStatus())
		return
	}
	undelivered := int64(0)
	switch {
	case e.GetStatus() == orderv1.PackageStatus_PACKAGE_STATUS_UNDELIVERABLE:
		undelivered = 1
	case e.GetPrevious() == orderv1.PackageStatus_PACKAGE_STATUS_UNDELIVERABLE:
		undelivered = -1
	}
	p.Status = packageStatus(e.GetStatus())
	each(o, p.GetLines(), func(i *orderv1.OrderItem, n int64) {
		i.Undelivered = min(max(i.GetUndelivered()+undelivered*n, 0), i.GetShipped()-i.GetReturned()-i.GetDelivered())
	})
}

// packageOf finds a package; one that is not there is made up and forgotten.
func packageOf(o *orderv1.Order, id string) *orderv1.OrderPackage {
	n := slices.IndexFunc(o.GetPackages(), func(p *orderv1.OrderPackage) bool { return p.GetPackageId() == id })
	if n < 0 {
		return &orderv1.OrderPackage{PackageId: id}
	}
	return o.GetPackages()[n]
}

// returnOf finds a return; one that is not there is made up and forgotten.
func returnOf(o *orderv1.Order, id string) *orderv1.OrderReturn {
	n := slices.IndexFunc(o.GetReturns(), func(r *orderv1.OrderReturn) bool { return r.GetReturnId() == id })
	if n < 0 {
		return &orderv1.OrderReturn{ReturnId: id}
	}
	return o.GetReturns()[n]
}

func packageStatus(s orderv1.PackageStatus) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "PACKAGE_STATUS_"))
}

func quantities(lines []*orderv1.ReturnedUnits) []*orderv1.ItemQuantity {
	out := make([]*orderv1.ItemQuantity, len(lines))
	for n, l := range lines {
		out[n] = &orderv1.ItemQuantity{ItemId: l.GetItemId(), Quantity: l.GetQuantity()}
	}
	return out
}
