package order

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// unpackable are the statuses of packages that units can be taken out of, those
// that are least far first.
var unpackable = []orderv1.PackageStatus{PackageCreated, PackageSubmitted, PackagePrinted}

// unpack takes units out of packages that have not left, as far as they are not
// free anyway: out of those that are least far, and of these the youngest. A
// package that would be empty is voided.
func (o Order) unpack(lines []Units, by string, now time.Time) []proto.Message {
	wanted := map[string]int64{}
	for _, u := range lines {
		if i, _ := o.Item(u.ItemID); u.Quantity > i.Free() {
			wanted[u.ItemID] = u.Quantity - i.Free()
		}
	}
	var events []proto.Message
	for _, status := range unpackable {
		for _, p := range slices.Backward(o.Packages) {
			if p.Status != status {
				continue
			}
			taken, all := p.taken(wanted)
			switch {
			case len(taken) == 0:
			case all:
				events = append(events, &orderv1.PackageStatusChanged{
					PackageId: p.ID, Status: PackageVoided, Previous: p.Status, ChangedBy: by, At: stamp(now),
				})
			default:
				events = append(events, &orderv1.PackageUnitsRemoved{PackageId: p.ID, Lines: taken, RemovedBy: by, At: stamp(now)})
			}
		}
	}
	return events
}

// taken are the units of a package among those that are wanted, which are
// lowered by them; all says that nothing stays in it.
func (p Package) taken(wanted map[string]int64) (taken []*orderv1.ItemQuantity, all bool) {
	all = true
	for _, u := range p.Lines {
		n := min(u.Quantity, wanted[u.ItemID])
		if all = all && n == u.Quantity; n > 0 {
			wanted[u.ItemID] -= n
			taken = append(taken, &orderv1.ItemQuantity{ItemId: u.ItemID, Quantity: n})
		}
	}
	return taken, all
}

// shrunk is the order with units taken out of a package.
func (o Order) shrunk(id string, out []Units) Order {
	o = o.changePackage(id, func(p *Package) {
		left := make([]Units, 0, len(p.Lines))
		for _, u := range p.Lines {
			for _, t := range out {
				if t.ItemID == u.ItemID {
					u.Quantity -= t.Quantity
				}
			}
			if u.Quantity > 0 {
				left = append(left, u)
			}
		}
		p.Lines = left
	})
	return o.withItems(out, func(i *Item, u Units) { i.Packed -= u.Quantity })
}
