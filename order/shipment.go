package order

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

// UpdatePackage tells what became of a package: where it is, and what is known
// of its transport (DirectScale Update Package Status). Empty fields leave what
// is known.
type UpdatePackage struct {
	PackageID string
	// Status is the new one; unspecified changes what is known of the transport
	// only.
	Status    orderv1.PackageStatus
	Transport Transport
	// ShippedAt is when it left, as the carrier says; zero means now.
	ShippedAt time.Time
	// LegacyFTP says that the provider told by its file exchange of old.
	LegacyFTP bool
	By        string
	Now       time.Time
}

// Decide records what changed. Told twice, it is recorded once.
func (c UpdatePackage) Decide(o Order) ([]proto.Message, error) {
	p, err := o.somePackage(c.PackageID)
	if err != nil {
		return nil, err
	}
	events := c.transport(p)
	if c.Status == orderv1.PackageStatus_PACKAGE_STATUS_UNSPECIFIED || c.Status == p.Status {
		return events, nil
	}
	if c.Status == PackageShipped && !gone(p.Status) {
		if err := o.fulfillable(); err != nil {
			return nil, err
		}
	}
	if c.Status == PackageSplit {
		return nil, fault.Field("status", "a package is split by splitting it")
	}
	if err := p.canBecome(c.Status); err != nil {
		return nil, err
	}
	events = append(events, &orderv1.PackageStatusChanged{
		PackageId: p.ID, Status: c.Status, Previous: p.Status, LegacyFtp: c.LegacyFTP, ChangedBy: c.By, At: stamp(c.Now),
	})
	switch {
	case c.Status == PackageShipped && !gone(p.Status):
		events = append(events, c.shipped(o, p))
	case c.Status == PackageDelivered:
		lines, _, _ := storedUnits(p.Lines)
		events = append(events, &orderv1.OrderDelivered{PackageId: p.ID, Lines: lines, DeliveredAt: stamp(c.Now)})
	}
	return events, nil
}

// transport is the event of what is newly known of the transport; none when
// nothing is.
func (c UpdatePackage) transport(p Package) []proto.Message {
	e := &orderv1.PackageUpdated{
		PackageId: p.ID, Carrier: p.Carrier, TrackingNumber: p.Tracking, ShipMethodId: p.ShipMethodID,
		LegacyFtp: c.LegacyFTP, UpdatedBy: c.By, At: stamp(c.Now),
	}
	changed := false
	for _, field := range []struct {
		to  *string
		new string
	}{{&e.Carrier, c.Transport.Carrier}, {&e.TrackingNumber, c.Transport.Tracking}} {
		if field.new != "" && field.new != *field.to {
			*field.to, changed = field.new, true
		}
	}
	if n := c.Transport.ShipMethodID; n != 0 && n != p.ShipMethodID {
		e.ShipMethodId, changed = n, true
	}
	if !c.Transport.ShipBy.IsZero() {
		e.ShipBy, changed = stamp(c.Transport.ShipBy), true
	}
	if !c.ShippedAt.IsZero() {
		e.ShippedAt, changed = stamp(c.ShippedAt), changed || c.Status != p.Status
	}
	if !changed {
		return nil
	}
	return []proto.Message{e}
}

// shipped is the event of the units that leave with a package, and what
// follows from it: their stock leaves, and what they cost is taken if it was
// not before.
func (c UpdatePackage) shipped(o Order, p Package) proto.Message {
	lines := slices.Clone(p.Lines)
	for n, u := range lines {
		i, _ := o.Item(u.ItemID)
		lines[n].Minor = i.openShare(u.Quantity)
	}
	stored, values, worth := storedUnits(lines)
	e := &orderv1.OrderItemsShipped{
		PackageId: p.ID, Lines: stored, LineValuesMinor: values, ShippedBy: c.By, ShippedAt: stamp(c.Now),
		Carrier: p.Carrier, TrackingNumber: p.Tracking,
		Work: &orderv1.Work{WorkId: o.newID("w", 0), Ship: stored},
	}
	if !c.ShippedAt.IsZero() {
		e.ShippedAt = stamp(c.ShippedAt)
	}
	if c.Transport.Carrier != "" {
		e.Carrier = c.Transport.Carrier
	}
	if c.Transport.Tracking != "" {
		e.TrackingNumber = c.Transport.Tracking
	}
	if o.CaptureAt == orderv1.CaptureAt_CAPTURE_AT_SHIP {
		e.Work.CaptureMinor = worth
		if !o.ShippingTaken {
			e.Work.CaptureMinor += o.ShippingMinor
		}
	}
	return e
}

// canBecome says why a package cannot move on.
func (p Package) canBecome(next orderv1.PackageStatus) error {
	if slices.Contains(packageMoves[p.Status], next) {
		return nil
	}
	return fault.New(fault.Precondition, "package_"+packageName(p.Status), "package %s is %s and cannot become %s",
		p.ID, packageName(p.Status), packageName(next))
}

// packageName is a package status in lower case.
func packageName(s orderv1.PackageStatus) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "PACKAGE_STATUS_"))
}

// Ship packs, announces and sends units in one go, for shops without a
// warehouse system.
type Ship struct {
	// PackageID is the caller's; the same id again is the same shipment.
	PackageID string
	Lines     []Units
	Transport Transport
	By        string
	Now       time.Time
}

// Decide ships the units, or all that are open when no lines are given.
func (c Ship) Decide(o Order) ([]proto.Message, error) {
	if p, known := o.Package(c.PackageID); known && c.PackageID != "" {
		return UpdatePackage{PackageID: p.ID, Status: PackageShipped, Transport: c.Transport, By: c.By, Now: c.Now}.Decide(o)
	}
	if len(c.Lines) == 0 {
		for _, i := range o.Items {
			if i.Free() > 0 {
				c.Lines = append(c.Lines, Units{ItemID: i.ItemID, Quantity: i.Free()})
			}
		}
	}
	events, err := Pack{PackageID: c.PackageID, Lines: c.Lines, Transport: c.Transport, Submit: true, Now: c.Now}.Decide(o)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		o = Evolve(o, e)
	}
	p := o.Packages[len(o.Packages)-1]
	more, err := UpdatePackage{PackageID: p.ID, Status: PackageShipped, Transport: c.Transport, By: c.By, Now: c.Now}.Decide(o)
	return append(events, more...), err
}
