package orderwire

import (
	"strings"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// statusTexts are the texts of the source system. It has none of its own for an
// order on hold, which is Created there, nor for one that is being cancelled or
// of which a part has left.
var statusTexts = map[orderv1.OrderStatus]string{
	orderv1.OrderStatus_ORDER_STATUS_UNSPECIFIED:              "",
	orderv1.OrderStatus_ORDER_STATUS_CREATED:                  "Created",
	orderv1.OrderStatus_ORDER_STATUS_ON_HOLD:                  "Created",
	orderv1.OrderStatus_ORDER_STATUS_SUBMITTED:                "Submitted",
	orderv1.OrderStatus_ORDER_STATUS_CANCELLING:               "Cancelled",
	orderv1.OrderStatus_ORDER_STATUS_CANCELLED:                "Cancelled",
	orderv1.OrderStatus_ORDER_STATUS_READY_TO_EDIT:            "Ready To Edit",
	orderv1.OrderStatus_ORDER_STATUS_FREEZE_EDIT:              "Freeze Edit",
	orderv1.OrderStatus_ORDER_STATUS_READY_TO_SHIP:            "Ready To Ship",
	orderv1.OrderStatus_ORDER_STATUS_SUBMITTED_TO_FULFILLMENT: "Submitted To Fulfillment",
	orderv1.OrderStatus_ORDER_STATUS_PARTIALLY_SHIPPED:        "Shipped",
	orderv1.OrderStatus_ORDER_STATUS_UNABLE_TO_SHIP:           "Unable To Ship",
	orderv1.OrderStatus_ORDER_STATUS_SHIPPED:                  "Shipped",
	orderv1.OrderStatus_ORDER_STATUS_UNABLE_TO_DELIVER:        "Unable To Deliver",
	orderv1.OrderStatus_ORDER_STATUS_DELIVERED:                "Delivered",
	orderv1.OrderStatus_ORDER_STATUS_RETURN_SUBMITTED:         "Return Submitted",
	orderv1.OrderStatus_ORDER_STATUS_RETURNED:                 "Returned",
	orderv1.OrderStatus_ORDER_STATUS_DELETED:                  "Deleted",
}

// StatusText is a status as the Skava payloads spell it.
func StatusText(s orderv1.OrderStatus) string { return statusTexts[s] }

// StatusOf reads a status text, whatever its case; false for one that is none.
// Of several statuses with one text it is the one that a patch can ask for.
func StatusOf(text string) (orderv1.OrderStatus, bool) {
	for s, name := range statusTexts {
		if !strings.EqualFold(name, text) || name == "" {
			continue
		}
		switch s { //nolint:exhaustive // only these share a text
		case orderv1.OrderStatus_ORDER_STATUS_ON_HOLD, orderv1.OrderStatus_ORDER_STATUS_CANCELLING, orderv1.OrderStatus_ORDER_STATUS_PARTIALLY_SHIPPED:
			continue
		}
		return s, true
	}
	return orderv1.OrderStatus_ORDER_STATUS_UNSPECIFIED, false
}
