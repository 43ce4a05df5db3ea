package directscale

import (
	"strings"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/orderhistory"
)

// packageBody is SubmitOrderPackageEvent, UpdateOrderPackageStatusEvent and
// OrderPackageStatusEvent.
type packageBody struct {
	OrderNumber    uint64
	PackageID      int64 `json:"PackageId"`
	PackageStatus  string
	WarehouseID    int64 `json:"WarehouseId"`
	ShipMethodID   int64 `json:"ShipMethodId"`
	TrackingNumber *string
	Carrier        string
	ShipByDateUTC  *string `json:"ShipByDateUtc"`
	ShippedDateUTC *string `json:"ShippedDateUtc"`
	event
}

// packages tells of one package in each of some types.
func (t *orderTelling) packages(e eventstore.Recorded, kind, id string) error {
	o, err := t.after(e)
	if err != nil || o == nil {
		return err
	}
	for _, p := range o.Document.GetPackages() {
		if p.GetPackageId() == id {
			return t.tellPackage(e, o, p, kind)
		}
	}
	return nil
}

// split tells of each package that took the place of another one, and not of
// that (DS-EV-15-N2). Those of an order that waits for its payment are told when
// they are submitted.
func (t *orderTelling) split(e eventstore.Recorded, s *orderv1.PackageSplit) error {
	o, err := t.after(e)
	if err != nil || o == nil {
		return err
	}
	for _, child := range s.GetChildren() {
		for _, p := range o.Document.GetPackages() {
			if p.GetPackageId() == child.GetPackageId() {
				if err := t.tellPackage(e, o, p, SubmitPackage); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// packageStatus tells twice: that the package is another one, and that its
// status is (decision D-10). That it was split or submitted has been told.
func (t *orderTelling) packageStatus(e eventstore.Recorded, s *orderv1.PackageStatusChanged) error {
	if s.GetLegacyFtp() {
		return nil
	}
	if err := t.packages(e, UpdatePackageStatus, s.GetPackageId()); err != nil {
		return err
	}
	return t.packages(e, PackageStatus, s.GetPackageId())
}

func (t *orderTelling) tellPackage(e eventstore.Recorded, o *orderhistory.Order, p *orderv1.OrderPackage, kind string) error {
	bin, err := t.lookup.Bin(t.ctx, t.commit.GetTenant(), o.Document.GetCollectionId(), p.GetBinName())
	if err != nil {
		return err
	}
	b := packageBody{
		OrderNumber: o.Document.GetOrderNumber(), PackageID: p.GetPackageNumber(), PackageStatus: title(p.GetStatus()), WarehouseID: bin,
		ShipMethodID: p.GetShipMethodId(), Carrier: p.GetCarrier(), ShipByDateUTC: dateOrNull(p.GetShipBy()), ShippedDateUTC: dateOrNull(p.GetShippedAt()),
		event: orderEvent(kind, t.commit.GetTime().AsTime()),
	}
	if n := p.GetTrackingNumber(); n != "" {
		b.TrackingNumber = &n
	}
	return t.tell(e, kind, e.Aggregate, e.Aggregate, b)
}

// title writes a status as the samples do.
func title(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
