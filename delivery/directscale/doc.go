// Package directscale says what happens in the words of DirectScale: the bodies
// of its default events, as its webhooks documentation and samples have them,
// and of the custom events that an operator defines.
//
// Each Translator turns the stored events of one log into these bodies. Where a
// stored event does not say enough, such as the number of an order, the state of
// the aggregate is asked; numbers never change, so it does not matter when.
package directscale

import (
	"encoding/json"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/money"
)

// Types of events (DS-EV-01 to 20). Custom events have those that operators give
// them.
const (
	CreateAssociate     = "CreateAssociateEvent"
	UpdateAssociate     = "UpdateAssociateEvent"
	Enrollment          = "EnrollmentEvent"
	CreateSubscription  = "CreateSubscriptionEvent"
	UpdateSubscription  = "UpdateSubscriptionEvent"
	Order               = "OrderEvent" // deprecated: two events of the source with one name (decision D-21)
	StockLevel          = "StockLevelEvent"
	CreateOrder         = "CreateOrderEvent"
	FinalizeOrder       = "FinalizeOrderEvent"
	UpdateOrder         = "UpdateOrderEvent"
	VoidOrder           = "VoidOrderEvent"
	CreateOrderPayment  = "CreateOrderPaymentEvent"
	RefundOrderPayment  = "RefundOrderPaymentEvent"
	SubmitPackage       = "SubmitOrderPackageEvent"
	UpdatePackageStatus = "UpdateOrderPackageStatusEvent"
	PackageStatus       = "OrderPackageStatusEvent"
	CreateItem          = "CreateInventoryItemEvent"
	UpdateItem          = "UpdateInventoryItemEvent"
	DeleteItem          = "DeleteInventoryItemEvent"
)

// Types lists the default events.
func Types() []string {
	return []string{
		CreateAssociate, UpdateAssociate, Enrollment, CreateSubscription, UpdateSubscription, Order, StockLevel, CreateOrder, FinalizeOrder,
		UpdateOrder, VoidOrder, CreateOrderPayment, RefundOrderPayment, SubmitPackage, UpdatePackageStatus, PackageStatus, CreateItem, UpdateItem, DeleteItem,
	}
}

// Categories of events. Events of items are in that of orders, too, as the
// source has it.
const (
	categoryOrders = "OrderEvents"
	categoryCustom = "CustomEvents"
)

// event is what every body ends with. Legacy bodies have no category (decision
// D-20).
type event struct {
	EventDateUTC  string `json:"EventDateUtc"`
	EventCategory string `json:"EventCategory,omitempty"`
	EventType     string `json:"EventType"`
}

func orderEvent(kind string, at time.Time) event { return event{date(at), categoryOrders, kind} }

func legacyEvent(kind string, at time.Time) event {
	return event{EventDateUTC: date(at), EventType: kind}
}

// date is a time as the samples write it.
func date(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// dateOrNull is null for a time that is absent.
func dateOrNull(t *timestamppb.Timestamp) *string {
	if t == nil {
		return nil
	}
	s := date(t.AsTime())
	return &s
}

// amount is a number in major units, exact to the currency's last digit.
func amount(minor int64, currency string) json.Number {
	return json.Number(money.Format(minor, currency))
}

// number takes the number out of an id that is one; 0 of any other.
func number(id string) int64 {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// telling collects what a commit says.
type telling struct {
	commit eventstore.Commit
	told   []delivery.Told
}

// tell adds a body about a subject. Several bodies of one event have ids of
// their own.
func (t *telling) tell(e eventstore.Recorded, kind, subject, orderID string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	id := e.ID + ".ds"
	for n := 1; t.has(id); n++ {
		id = e.ID + ".ds" + strconv.Itoa(n)
	}
	t.told = append(t.told, delivery.Told{
		Facts: endpoint.Facts{Vocabulary: deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE, Type: kind, OptIn: kind == Order},
		Notice: &deliveryv1.Notice{
			NoticeId: id, Subject: subject, OrderId: orderID, At: t.commit.GetTime(), Body: data,
			Actor: t.commit.GetActor(), Traceparent: t.commit.GetTraceparent(),
		},
	})
	return nil
}

func (t *telling) has(id string) bool {
	for _, one := range t.told {
		if one.Notice.GetNoticeId() == id {
			return true
		}
	}
	return false
}
