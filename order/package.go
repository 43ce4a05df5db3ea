package order

import (
	"slices"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// Package is a parcel with units of the order in it.
type Package struct {
	ID string `cbor:"1,keyasint,omitzero"`
	// Number is the package's in the installation.
	Number int64                 `cbor:"2,keyasint,omitzero"`
	Status orderv1.PackageStatus `cbor:"3,keyasint,omitzero"`
	Lines  []Units               `cbor:"4,keyasint,omitzero"`
	Bin    string                `cbor:"5,keyasint,omitzero"`
	// Carrier, Tracking and ShipMethodID are what is known of the transport.
	Carrier      string `cbor:"6,keyasint,omitzero"`
	Tracking     string `cbor:"7,keyasint,omitzero"`
	ShipMethodID int64  `cbor:"8,keyasint,omitzero"`
	// SplitFrom is the package whose units it took over.
	SplitFrom string `cbor:"9,keyasint,omitzero"`
}

// The package statuses, by the names that the rest of the code uses.
const (
	PackageCreated       = orderv1.PackageStatus_PACKAGE_STATUS_CREATED
	PackageSubmitted     = orderv1.PackageStatus_PACKAGE_STATUS_SUBMITTED
	PackagePrinted       = orderv1.PackageStatus_PACKAGE_STATUS_PRINTED
	PackageShipped       = orderv1.PackageStatus_PACKAGE_STATUS_SHIPPED
	PackageDelivered     = orderv1.PackageStatus_PACKAGE_STATUS_DELIVERED
	PackageSplit         = orderv1.PackageStatus_PACKAGE_STATUS_SPLIT
	PackageUndeliverable = orderv1.PackageStatus_PACKAGE_STATUS_UNDELIVERABLE
	PackageVoided        = orderv1.PackageStatus_PACKAGE_STATUS_VOIDED
)

// packageMoves is the one list of what may become of a package.
var packageMoves = map[orderv1.PackageStatus][]orderv1.PackageStatus{
	PackageCreated:       {PackageSubmitted, PackageVoided},
	PackageSubmitted:     {PackagePrinted, PackageShipped, PackageSplit, PackageVoided},
	PackagePrinted:       {PackageShipped, PackageVoided},
	PackageShipped:       {PackageDelivered, PackageUndeliverable},
	PackageUndeliverable: {PackageShipped, PackageDelivered},
	PackageDelivered:     nil,
	PackageSplit:         nil,
	PackageVoided:        nil,
	orderv1.PackageStatus_PACKAGE_STATUS_UNSPECIFIED: nil,
}

// gone reports whether a package in this status has left.
func gone(s orderv1.PackageStatus) bool {
	return s == PackageShipped || s == PackageDelivered || s == PackageUndeliverable
}

// Package returns a package of the order.
func (o Order) Package(id string) (Package, bool) {
	if n := o.packageAt(id); n >= 0 {
		return o.Packages[n], true
	}
	return Package{}, false
}

// holdsAny reports whether units of one of the lines are in the package.
func (p Package) holdsAny(lines []Units) bool {
	return slices.ContainsFunc(p.Lines, func(held Units) bool {
		return slices.ContainsFunc(lines, func(u Units) bool { return u.ItemID == held.ItemID })
	})
}

func (o Order) packageAt(id string) int {
	return slices.IndexFunc(o.Packages, func(p Package) bool { return p.ID == id })
}

// evolvePackage folds the events of packages and shipments. It reports whether
// it knows the event.
func (o Order) evolvePackage(e proto.Message) (Order, bool) {
	switch e := e.(type) {
	case *orderv1.PackageCreated:
		o = o.packed(e.GetPackage(), PackageCreated)
		o.UpdatedAt = at(e.GetAt())
	case *orderv1.PackageSubmitted:
		o = o.changePackage(e.GetPackageId(), func(p *Package) { p.Status = PackageSubmitted })
		o.UpdatedAt = at(e.GetAt())
	case *orderv1.PackageSplit:
		o = o.unpacked(e.GetPackageId(), PackageSplit)
		for _, child := range e.GetChildren() {
			o = o.packed(child, PackageSubmitted)
		}
		o.UpdatedAt = at(e.GetAt())
	case *orderv1.PackageUpdated:
		o = o.changePackage(e.GetPackageId(), func(p *Package) {
			p.Carrier, p.Tracking, p.ShipMethodID = e.GetCarrier(), e.GetTrackingNumber(), e.GetShipMethodId()
		})
		o.UpdatedAt = at(e.GetAt())
	case *orderv1.PackageStatusChanged:
		o = o.packageMoved(e)
	case *orderv1.PackageUnitsRemoved:
		o = o.shrunk(e.GetPackageId(), units(e.GetLines()))
		o.UpdatedAt = at(e.GetAt())
	case *orderv1.OrderItemsShipped:
		o = o.shipped(e)
	case *orderv1.ShipmentSettled:
		o = o.endWork(e.GetWorkId())
	case *orderv1.OrderDelivered:
		o = o.withItems(units(e.GetLines()), func(i *Item, u Units) {
			i.Delivered = min(i.Delivered+u.Quantity, i.Shipped-i.Returned-i.Undelivered)
		}).RolledUp()
		o.UpdatedAt = at(e.GetDeliveredAt())
	default:
		return o, false
	}
	return o, true
}

// packed adds a package; its units cannot be packed again.
func (o Order) packed(p *orderv1.StoredPackage, s orderv1.PackageStatus) Order {
	lines := units(p.GetLines())
	o.Packages = slices.Concat(o.Packages, []Package{{
		ID: p.GetPackageId(), Number: p.GetPackageNumber(), Status: s, Lines: lines, Bin: p.GetBinName(),
		Carrier: p.GetCarrier(), Tracking: p.GetTrackingNumber(), ShipMethodID: p.GetShipMethodId(), SplitFrom: p.GetSplitFrom(),
	}})
	o.Made++
	return o.withItems(lines, func(i *Item, u Units) { i.Packed += u.Quantity })
}

// unpacked ends a package that has not left; its units can be packed again.
func (o Order) unpacked(id string, s orderv1.PackageStatus) Order {
	p, known := o.Package(id)
	if !known || gone(p.Status) || p.Status == PackageVoided || p.Status == PackageSplit {
		return o
	}
	return o.changePackage(id, func(p *Package) { p.Status = s }).
		withItems(p.Lines, func(i *Item, u Units) { i.Packed -= u.Quantity })
}

// packageMoved gives a package its status. Units that could not be delivered
// are counted as such until they are on their way again.
func (o Order) packageMoved(e *orderv1.PackageStatusChanged) Order {
	o.UpdatedAt = at(e.GetAt())
	p, known := o.Package(e.GetPackageId())
	if !known {
		return o
	}
	to := e.GetStatus()
	if to == PackageVoided {
		return o.unpacked(p.ID, PackageVoided)
	}
	undelivered := int64(0)
	switch {
	case to == PackageUndeliverable:
		undelivered = 1
	case p.Status == PackageUndeliverable:
		undelivered = -1
	}
	o = o.changePackage(p.ID, func(p *Package) { p.Status = to })
	if undelivered == 0 {
		return o
	}
	return o.withItems(p.Lines, func(i *Item, u Units) {
		i.Undelivered = min(max(i.Undelivered+undelivered*u.Quantity, 0), i.Shipped-i.Returned-i.Delivered)
	}).RolledUp()
}

// shipped counts units that have left, and queues what follows from that.
func (o Order) shipped(e *orderv1.OrderItemsShipped) Order {
	lines := worth(units(e.GetLines()), e.GetLineValuesMinor())
	o = o.withItems(lines, func(i *Item, u Units) {
		i.Packed -= u.Quantity
		i.Shipped += u.Quantity
		i.ShippedMinor += u.Minor
	})
	o.ShippingTaken = true
	o.UpdatedAt, o.LastShipped = at(e.GetShippedAt()), at(e.GetShippedAt())
	return o.addWork(e.GetWork(), Work{Kind: ShipWork, Subject: e.GetPackageId(), Units: lines, By: e.GetShippedBy()}).RolledUp()
}

// changePackage changes a package in a copy.
func (o Order) changePackage(id string, change func(*Package)) Order {
	n := o.packageAt(id)
	if n < 0 {
		return o
	}
	o.Packages = slices.Clone(o.Packages)
	change(&o.Packages[n])
	return o
}
