package skava

import (
	"strings"
	"time"

	"github.com/orderstream/oms/delivery/catalogue"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/skavaevents/external"
)

// whenTold says of each event when it is told.
var whenTold = map[string]string{
	skava.SubjectCreated: "An order was placed.", skava.SubjectCancelled: "An order, or items of it, were cancelled.", skava.SubjectDeleted: "An order was deleted.",
	skava.SubjectShipped: "Items of an order were shipped.", skava.SubjectReturnSubmitted: "A return was submitted.", skava.SubjectReturnAccepted: "A return was accepted.",
	skava.SubjectExchange: "An order was made in exchange.", skava.SubjectReplace: "An order was made to replace items.", skava.SubjectUpdateShipment: "A package was changed.",
	skava.SubjectPreProcessInventory: "Stock is asked for.", skava.SubjectUndoPreProcessInventory: "Stock is given back.", skava.SubjectPreProcessPromotion: "A promotion is asked for.",
	skava.SubjectPreProcessPayment: "A payment is asked for.", skava.SubjectUndoPreProcessPayment: "A payment is given back.", skava.SubjectCheckFraud: "An order was checked for fraud.",
	external.OrderCreate: "An order was placed.", external.OrderPatchUpdate: "The status of an order changed.", external.OrderUpdate: "An order was changed.",
	external.OrderDelete: "An order was deleted.", external.NoteCreate: "A note was added to an order.",
}

// Catalogue describes the events, in the order of Types.
func Catalogue() (all []catalogue.Event) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for _, t := range Types() {
		e := catalogue.Event{Type: t, When: whenTold[t], Sample: skava.Notification{
			ID: 17000000, CreatedTime: at.UnixMilli(), CreatedBy: "ann", Status: "Created", Description: "A sample.", Properties: map[string]string{"orderId": "01J00000000000000000000000"},
		}}
		if strings.Contains(t, "/") {
			e.Sample = external.Detail{Timestamp: at.UnixMilli(), EventType: t, UserID: "ann", Roles: []string{}, ID: "01J00000000000000000000000"}
		}
		all = append(all, e)
	}
	return all
}
