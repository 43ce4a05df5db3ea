package skava

// The kinds of notifications. The last three are proposed: the source system
// publishes eight notifications and names five kinds.
const (
	OrderCreated        = "ORDER_CREATED"
	OrderDeleted        = "ORDER_DELETED"
	OrderCancelled      = "ORDER_CANCELLED"
	OrderReturnSubmit   = "ORDER_RETURN_SUBMIT"
	OrderReturnAccepted = "ORDER_RETURN_ACCEPTED"
	OrderShipped        = "ORDER_SHIPPED"
	OrderExchange       = "ORDER_EXCHANGE"
	OrderReplace        = "ORDER_REPLACE"
)

// Notification is the payload of every subject of StreamNotifications.
type Notification struct {
	ID int64 `json:"id"`
	// CreatedTime is in milliseconds since 1970.
	CreatedTime int64  `json:"createdtime"`
	CreatedBy   string `json:"createdby"`
	// Status is the status of the order or item as text, e.g. StatusCancelled.
	Status      string `json:"status"`
	Description string `json:"description,omitempty"`
	// Type is one of the kinds above.
	Type string `json:"type"`
	// ItemID and PaymentItemID name the item, when the notification is not
	// about the whole order.
	ItemID        string            `json:"itemId,omitempty"`
	PaymentItemID string            `json:"paymentitemid,omitempty"`
	Properties    map[string]string `json:"properties,omitzero"`
}

// Status texts of an order, as the payloads spell them. The source system has
// no text of its own for an order on hold, which is Created there, nor for one
// that is being cancelled.
const (
	StatusCreated   = "Created"
	StatusSubmitted = "Submitted"
	StatusShipped   = "Shipped"
	StatusCancelled = "Cancelled"
)
