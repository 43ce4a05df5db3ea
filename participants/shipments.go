package participants

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/orderwire"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/workqueue"
	"github.com/orderstream/oms/order"
)

// Shipments takes shipment updates that come as messages (Skava Update
// Shipment, the other way round): an OrderDelegate that names a package, by its
// property "shipmentid", or lines with their new status.
type Shipments struct {
	Queues *workqueue.Queues
	Log    eventstore.Log[order.Order]
	Now    func() time.Time
}

// Run serves until the context ends. What cannot be done is dropped with a log
// line and, if the message asks for a reply, with one.
func (p Shipments) Run(ctx context.Context) error {
	// One after the other: what is told of a package first comes first.
	return p.Queues.Serve(ctx, workqueue.StreamCommands, "", "oms", 1, p.handle)
}

func (p Shipments) handle(ctx context.Context, m jetstream.Msg) (*nats.Msg, error) {
	body, err := decode[skava.OrderDelegate](m)
	if err != nil {
		return nil, err
	}
	h := m.Headers()
	meta := eventstore.Meta{
		Tenant: tenantOf(m.Subject()), Actor: cmp.Or(body.Patch.User.UserID, "shipments"),
		Key: cmp.Or(h.Get(skava.HeaderRequestID), h.Get(nats.MsgIdHdr)), Hash: m.Data(),
		CorrelationID: h.Get(workqueue.HeaderCorrelationID), CausationID: h.Get(nats.MsgIdHdr), Traceparent: h.Get("traceparent"),
	}
	if !order.ValidID(body.OrderID) {
		return nil, fault.Field("orderId", "%q is no id of an order", body.OrderID)
	}
	c, err := commandOf(body, p.Now())
	if err != nil {
		return nil, err
	}
	_, err = p.Log.Execute(ctx, meta, body.OrderID, c)
	switch fault.KindOf(err) { //nolint:exhaustive // the others are tried again
	case fault.NotFound, fault.Precondition, fault.Conflict: // it will not get better
		return nil, fault.Wrap(err, fault.Invalid, fault.ReasonOf(err), "shipment of order %s", body.OrderID)
	}
	return nil, err
}

// tenantOf is the tenant that a subject names, t.<tenant>.…
func tenantOf(subject string) string {
	if rest, named := strings.CutPrefix(subject, "t."); named {
		tenant, _, _ := strings.Cut(rest, ".")
		return tenant
	}
	return workqueue.DefaultTenant
}

// packageStatuses are the statuses of packages as texts.
var packageStatuses = map[string]orderv1.PackageStatus{
	"": 0, "notspecified": 0, "submitted": order.PackageSubmitted, "printed": order.PackagePrinted, "shipped": order.PackageShipped,
	"delivered": order.PackageDelivered, "undeliverable": order.PackageUndeliverable, "unable to deliver": order.PackageUndeliverable,
	"voided": order.PackageVoided,
}

// commandOf is the command that an OrderDelegate asks for.
func commandOf(d skava.OrderDelegate, now time.Time) (eventstore.Command[order.Order], error) {
	other := map[string]string{}
	for _, p := range d.Patch.Other {
		other[strings.ToLower(p.Name)] = p.Value
	}
	transport := order.Transport{Carrier: other["carrier"], Tracking: other["trackingnumber"]}
	if id := other["shipmentid"]; id != "" {
		status, known := packageStatuses[strings.ToLower(cmp.Or(other["shipmentstatus"], d.Patch.Status))]
		if !known {
			return nil, fault.Field("orderPatchDTO.status", "%q is no status of a package", d.Patch.Status)
		}
		return order.UpdatePackage{PackageID: id, Status: status, Transport: transport, By: d.Patch.User.UserID, Now: now}, nil
	}
	c := order.Patch{
		ReasonCode: d.Patch.ReasonCode, ReasonMessage: d.Patch.ReasonMessage, Properties: propertiesOf(d.Patch.Properties), Other: other,
		Transport: transport, By: d.Patch.User.UserID, Operator: true, Now: now,
	}
	var err error
	if c.Status, err = statusOf("orderPatchDTO.status", d.Patch.Status); err != nil {
		return nil, err
	}
	for _, i := range d.Patch.Items {
		item := order.PatchItem{
			ItemID: i.ID, ReasonCode: i.ReasonCode, ReasonMessage: i.ReasonMessage, Quantity: i.Quantity,
			Properties: propertiesOf(i.Properties), Other: propertiesOf(i.Other),
		}
		if item.Status, err = statusOf("orderPatchDTO.orderItemPatchDTO.status", i.Status); err != nil {
			return nil, err
		}
		c.Items = append(c.Items, item)
	}
	return c, nil
}

// statusOf reads a status text of the source system; an empty one leaves the
// status as it is.
func statusOf(field, text string) (order.Status, error) {
	if text == "" {
		return order.None, nil
	}
	s, known := orderwire.StatusOf(text)
	if !known {
		return order.None, fault.Field(field, "%q is no status of an order", text)
	}
	return order.Status(s), nil //nolint:gosec // the numbers are the same
}

func propertiesOf(ps []skava.Property) map[string]string {
	if len(ps) == 0 {
		return nil
	}
	out := make(map[string]string, len(ps))
	for _, p := range ps {
		out[p.Name] = p.Value
	}
	return out
}
