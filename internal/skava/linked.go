package skava

// LinkedOrder asks for the order that takes the place of units of another one:
// an exchange, or a replacement. Or it brings back what an exchange does not use
// of the worth of those units (proposed).
type LinkedOrder struct {
	// OrderID is the id of the order to create; asked twice, it is created once.
	// With credit it is the order that the credit came from.
	OrderID string `json:"orderId"`
	// Stored is the order as it will be stored, an oms.order.v1.OrderCreated in
	// the protobuf wire format, without its number.
	Stored []byte `json:"stored,omitempty"`
	// CreditMinor is what comes back, in minor units; 0 creates an order.
	CreditMinor int64 `json:"creditMinor,omitempty"`
}

// LinkedOrderReply answers a LinkedOrder (proposed).
type LinkedOrderReply struct {
	// RequestID is the id of the request that is answered.
	RequestID string `json:"requestId"`
	// ResponseCode is CodeDone or CodeRefused.
	ResponseCode string `json:"responseCode"`
	// ResponseMessage is the stable code of the refusal.
	ResponseMessage string `json:"responseMessage,omitempty"`
	// OrderNumber is the number that the order got.
	OrderNumber uint64 `json:"orderNumber,omitempty"`
}
