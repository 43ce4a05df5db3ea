package order

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Transport is what is known of how a package travels.
type Transport struct {
	Bin          string
	Carrier      string
	Tracking     string
	ShipMethodID int64
	ShipBy       time.Time
}

// Pack puts open units into a package. Nobody is told until it is submitted.
type Pack struct {
	// PackageID is the caller's; empty lets the order choose. The same id again
	// is the same package.
	PackageID string
	Lines     []Units
	Transport Transport
	// Submit announces the package at once.
	Submit bool
	Now    time.Time
}

// Decide packs the units.
func (c Pack) Decide(o Order) ([]proto.Message, error) {
	if err := o.fulfillable(); err != nil {
		return nil, err
	}
	if _, known := o.Package(c.PackageID); known && c.PackageID != "" {
		return nil, nil // packed already
	}
	lines, err := o.take(c.Lines, "open and in no package", Item.Free, Item.openShare)
	if err != nil {
		return nil, err
	}
	p := c.Transport.stored(o, 0, c.PackageID, lines)
	events := []proto.Message{&orderv1.PackageCreated{Package: p, At: stamp(c.Now)}}
	if c.Submit {
		events = append(events, &orderv1.PackageSubmitted{PackageId: p.GetPackageId(), At: stamp(c.Now)})
	}
	return events, nil
}

// stored is the nth package that a command makes.
func (t Transport) stored(o Order, n int, id string, lines []Units) *orderv1.StoredPackage {
	if id == "" {
		id = o.newID("k", n)
	}
	stored, _, _ := storedUnits(lines)
	p := &orderv1.StoredPackage{
		PackageId: id, PackageNumber: o.newNumber(n), Lines: stored, BinName: t.Bin, ShipMethodId: t.ShipMethodID,
		Carrier: t.Carrier, TrackingNumber: t.Tracking,
	}
	if !t.ShipBy.IsZero() {
		p.ShipBy = stamp(t.ShipBy)
	}
	return p
}

// SubmitPackage announces a package to the logistics provider.
type SubmitPackage struct {
	PackageID string
	Now       time.Time
}

// Decide announces the package, once.
func (c SubmitPackage) Decide(o Order) ([]proto.Message, error) {
	p, err := o.somePackage(c.PackageID)
	if err != nil {
		return nil, err
	}
	if p.Status != PackageCreated && p.Status != PackageVoided && p.Status != PackageSplit {
		return nil, nil // was announced already
	}
	if err := o.fulfillable(); err != nil {
		return nil, err
	}
	if err := p.canBecome(PackageSubmitted); err != nil {
		return nil, err
	}
	return []proto.Message{&orderv1.PackageSubmitted{PackageId: p.ID, At: stamp(c.Now)}}, nil
}

// SplitPackage makes several packages of one that has not left; together they
// hold exactly what it held.
type SplitPackage struct {
	PackageID string
	// Into are the units of each new package, at least two.
	Into [][]Units
	Now  time.Time
}

// Decide splits the package.
func (c SplitPackage) Decide(o Order) ([]proto.Message, error) {
	p, err := o.somePackage(c.PackageID)
	if err != nil {
		return nil, err
	}
	if p.Status == PackageSplit { // asked twice, done once
		return nil, nil
	}
	if err := p.canBecome(PackageSplit); err != nil {
		return nil, err
	}
	if err := c.check(p); err != nil {
		return nil, err
	}
	e := &orderv1.PackageSplit{PackageId: p.ID, At: stamp(c.Now)}
	t := Transport{Bin: p.Bin, Carrier: p.Carrier, ShipMethodID: p.ShipMethodID}
	for n, lines := range c.Into {
		child := t.stored(o, n, "", lines)
		child.SplitFrom = p.ID
		e.Children = append(e.Children, child)
	}
	return []proto.Message{e}, nil
}

// check notes what is not an exact division of the package.
func (c SplitPackage) check(p Package) error {
	var v fault.Fields
	if len(c.Into) < 2 {
		v.Add("into", "must be at least two packages")
	}
	left := map[string]int64{}
	for _, u := range p.Lines {
		left[u.ItemID] += u.Quantity
	}
	for n, lines := range c.Into {
		if len(lines) == 0 {
			v.Add(fmt.Sprintf("into[%d].lines", n), "must not be empty")
		}
		for k, u := range lines {
			path := fmt.Sprintf("into[%d].lines[%d]", n, k)
			if _, known := left[u.ItemID]; !known {
				v.Add(path+".item_id", "is not in package %s", p.ID)
			}
			if u.Quantity < 1 {
				v.Add(path+".quantity", "must be at least 1")
			}
			left[u.ItemID] -= u.Quantity
		}
	}
	for _, u := range p.Lines {
		if n := left[u.ItemID]; n != 0 && v.OK() {
			v.Add("into", "must hold what package %s holds: %d of line %s too few", p.ID, n, u.ItemID)
		}
	}
	return v.Err()
}

// fulfillable says whether units of the order may be packed and shipped.
func (o Order) fulfillable() error {
	if err := o.exists(); err != nil {
		return err
	}
	if !o.Status.Confirmed() {
		return o.refuse("cannot be shipped")
	}
	return o.unedited()
}

// somePackage returns a package of an order that exists.
func (o Order) somePackage(id string) (Package, error) {
	if err := o.exists(); err != nil {
		return Package{}, err
	}
	p, known := o.Package(id)
	if !known {
		return Package{}, fault.New(fault.NotFound, "package_not_found", "order %s has no package %q", o.ID, id)
	}
	return p, nil
}
