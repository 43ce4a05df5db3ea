// Package dsco says what happens in the words of Dsco: what the callbacks of its
// webhooks carry. The envelope around it names the webhook, so it is made when
// one is sent.
//
// Facts that the order management knows under other names are translated; what
// only Dsco knows is taken from properties that have the name of the field. Of
// an order: dscoRetailerId, dscoSupplierId, dscoTradingPartnerId,
// dscoTradingPartnerName, supplierOrderNumber, consumerOrderNumber,
// shipInstructions, giftWrapFlag, giftWrapMessage, signatureRequiredFlag,
// testFlag, the dates and the carriers. Of a line or an item of the catalogue:
// dscoSupplierId, dscoTradingPartnerId, partnerSku, expectedCost,
// personalization, estimatedAvailabilityDate, and the lists catalogIds and
// assortmentIds, separated by commas. Of an invoice: the amounts that it has
// besides those of its lines, and its batch.
//
// An order begins for Dsco when it is confirmed (decision D-01): nothing is told
// of it before.
package dsco

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/money"
)

// Types of events (DC-EV-01 to 06).
const (
	OrderCreated     = "ORDER_CREATED"
	OrderUpdated     = "ORDER_UPDATED"
	InventoryUpdated = "INVENTORY_UPDATED"
	InvoiceCreated   = "INVOICE_CREATED"
	InvoiceUpdated   = "INVOICE_UPDATED"
	LineItemStatus   = "ORDER_LINE_ITEM_STATUS_UPDATED"
)

// Types lists the events.
func Types() []string {
	return []string{OrderCreated, OrderUpdated, InventoryUpdated, InvoiceCreated, InvoiceUpdated, LineItemStatus}
}

const words = deliveryv1.Vocabulary_VOCABULARY_DSCO

// telling collects what a commit says.
type telling struct {
	commit eventstore.Commit
	told   []delivery.Told
}

// tell adds a body about a subject. Several bodies of one event have ids of
// their own.
func (t *telling) tell(e eventstore.Recorded, facts endpoint.Facts, subject, orderID string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	facts.Vocabulary = words
	t.told = append(t.told, delivery.Told{Facts: facts, Notice: &deliveryv1.Notice{
		NoticeId: t.id(e), Subject: subject, OrderId: orderID, At: t.commit.GetTime(), Body: data,
		Actor: t.commit.GetActor(), Traceparent: t.commit.GetTraceparent(),
	}})
	return nil
}

// id is that of the next notice of an event.
func (t *telling) id(e eventstore.Recorded) string {
	id := e.ID + ".dc"
	for n := 1; t.has(id); n++ {
		id = e.ID + ".dc" + strconv.Itoa(n)
	}
	return id
}

func (t *telling) has(id string) bool {
	for _, one := range t.told {
		if one.Notice.GetNoticeId() == id {
			return true
		}
	}
	return false
}

// isoDate is a time as Dsco writes it (DC-CN-15).
func isoDate(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// stamp is a time that may be absent.
func stamp(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return isoDate(t.AsTime())
}

// dateOf reads a date in any form that Dsco takes, and the day alone; empty when
// it is none of them.
func dateOf(s string) string {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999Z0700", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return isoDate(t)
		}
	}
	return ""
}

// amount is a number in major units, exact to the currency's last digit.
func amount(minor int64, currency string) json.Number {
	if currency == "" {
		return "0"
	}
	return json.Number(money.Format(minor, currency))
}

// properties are those of an order, a line, an item or an invoice.
type properties map[string]string

// number is a property that is one; absent otherwise.
func (p properties) number(name string) *int64 {
	n, err := strconv.ParseInt(p[name], 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// decimal is a property that is an amount; absent otherwise.
func (p properties) decimal(name string) *json.Number {
	if _, err := strconv.ParseFloat(p[name], 64); err != nil {
		return nil
	}
	n := json.Number(p[name])
	if _, err := json.Marshal(n); err != nil {
		return nil
	}
	return &n
}

// flag is a property that is true or false; absent otherwise.
func (p properties) flag(name string) *bool {
	b, err := strconv.ParseBool(p[name])
	if err != nil {
		return nil
	}
	return &b
}

// list is a property that has several values.
func (p properties) list(name string) (all []string) {
	for _, s := range strings.Split(p[name], ",") {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}
