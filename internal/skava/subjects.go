package skava

import "slices"

// Streams. A topic of the source system is a stream of the same name with its
// routing keys as subjects; a queue is a stream with the queue's name as its
// only subject, since its routing key has spaces and cannot be one.
const (
	StreamNotifications = "ecomm"
	StreamProcess       = "OmsMsgTopic"
	StreamInventory     = "SKQ_INVENTORY"
	StreamPromotion     = "SKQ_PROMOTION"
	StreamPayment       = "SKQ_PAYMENT"
)

// Subjects of StreamNotifications, with a Notification each.
const (
	SubjectCreated         = "order.created"
	SubjectCancelled       = "order.cancelled"
	SubjectDeleted         = "order.deleted"
	SubjectReturnAccepted  = "order.return"
	SubjectReturnSubmitted = "order.return.submitted"
	SubjectShipped         = "order.shipped"
	SubjectExchange        = "order.exchange"
	SubjectReplace         = "order.replace"
)

// Subjects of StreamProcess.
const (
	SubjectCheckFraud              = "order.checkfraud"
	SubjectPreProcessInventory     = "order.preprocessinventory"
	SubjectPreProcessPayment       = "order.preprocesspayment"
	SubjectPreProcessPromotion     = "order.preprocesspromotion"
	SubjectUndoPreProcessInventory = "order.undopreprocessinventory"
	SubjectUndoPreProcessPayment   = "order.undopreprocesspayment"
	SubjectUpdateShipment          = "order.updateshipment"
)

// Work queues, which participants serve.
const (
	QueueInventory = "inventory.bulktransactions"
	QueuePromotion = "promotion.block/assign"
	QueuePayment   = "payment.bulkTransactionRequestQueue"
	// QueueFraud is proposed.
	QueueFraud = "fraud.check"
	// QueueLinkedOrders is proposed: who serves it creates the order that takes
	// the place of units of another one.
	QueueLinkedOrders = "linked.orders"
)

// Headers of every message on these streams, as the source system names the
// parts of its routing. HeaderDurability says what its table says, "false";
// our streams are durable all the same.
const (
	HeaderExchange    = "Exchange-Name"
	HeaderRoutingKey  = "Routing-Key"
	HeaderPayloadType = "Payload-Type"
	HeaderDurability  = "Durability"
)

// Headers that tie a request on a work queue to its order (proposed).
const (
	// HeaderReplyTo is the subject that the reply goes to.
	HeaderReplyTo = "Reply-To"
	// HeaderRequestID is stable: a repeated request carries the same one, and
	// a participant answers a repeat as it answered before.
	HeaderRequestID = "Request-Id"
	// HeaderUndoOf is the id of the request that this one takes back. If that
	// one arrives later, it must be refused.
	HeaderUndoOf = "Undo-Of"
	// HeaderStockAction says what an InventoryBulkTransaction does to the stock
	// of an order: one of the StockAction constants, or none.
	HeaderStockAction = "Stock-Action"
	// HeaderReservation is the id of a request whose reservation a release or a
	// shipment takes from; given more than once, the newest first.
	HeaderReservation  = "Reservation"
	HeaderOrderID      = "Order-Id"
	HeaderCollectionID = "Collection-Id"
	// HeaderCustomerID is missing for a guest.
	HeaderCustomerID = "Customer-Id"
)

// Response codes of replies, for a request as a whole and for its lines.
const (
	CodeDone     = "200"
	CodeDeclined = "402"
	CodeRefused  = "409"
)

// MessageNotApplied is the response message of a line that nothing is wrong
// with, but that was asked for together with one that was refused.
const MessageNotApplied = "not_applied"

// Channel says where a message goes and what it is, once for the stream and
// once in the words of the source system.
type Channel struct {
	// Stream and Subject are ours.
	Stream, Subject string
	// Exchange is the topic, empty for a queue.
	Exchange string
	// RoutingKey of the topic or queue.
	RoutingKey string
	// Payload is the name of the model.
	Payload string
	// Kind is Notification.Type; empty for other payloads.
	Kind string
}

// Headers are the four headers that every message of the channel carries.
func (c Channel) Headers() map[string]string {
	return map[string]string{
		HeaderExchange:    c.Exchange,
		HeaderRoutingKey:  c.RoutingKey,
		HeaderPayloadType: c.Payload,
		HeaderDurability:  "false",
	}
}

// channels are the channels of the source system, in the order of its event
// table.
var channels = []Channel{
	notification(SubjectCreated, OrderCreated),
	notification(SubjectCancelled, OrderCancelled),
	notification(SubjectDeleted, OrderDeleted),
	queue(StreamInventory, QueueInventory, "Inventory check event", "InventoryBulkTransaction"),
	queue(StreamPromotion, QueuePromotion, "Promotion check event", "PromotionBulkTransaction"),
	queue(StreamPayment, QueuePayment, "Payment check event", "PaymentBulkTransaction"),
	notification(SubjectReturnAccepted, OrderReturnAccepted),
	notification(SubjectShipped, OrderShipped),
	process(SubjectCheckFraud, "CheckFraud"),
	process(SubjectPreProcessInventory, "PreProcessInventory"),
	process(SubjectPreProcessPayment, "PreProcessPayment"),
	process(SubjectPreProcessPromotion, "PreProcessPromotion"),
	notification(SubjectReturnSubmitted, OrderReturnSubmit),
	process(SubjectUndoPreProcessInventory, "PreProcessInventory"),
	process(SubjectUndoPreProcessPayment, "PreProcessPayment"),
	process(SubjectUpdateShipment, "OrderDelegate"),
	notification(SubjectExchange, OrderExchange),
	notification(SubjectReplace, OrderReplace),
}

// Channels returns the channels of the source system, in the order of its
// event table.
func Channels() []Channel { return slices.Clone(channels) }

// ChannelOf returns the channel of a subject, and false for one that the
// source system does not have.
func ChannelOf(subject string) (Channel, bool) {
	for _, c := range channels {
		if c.Subject == subject {
			return c, true
		}
	}
	return Channel{}, false
}

func notification(subject, kind string) Channel {
	return Channel{
		Stream: StreamNotifications, Subject: subject,
		Exchange: StreamNotifications, RoutingKey: subject, Payload: "Notification", Kind: kind,
	}
}

func process(subject, payload string) Channel {
	return Channel{
		Stream: StreamProcess, Subject: subject,
		Exchange: StreamProcess, RoutingKey: subject, Payload: payload,
	}
}

func queue(stream, name, key, payload string) Channel {
	return Channel{Stream: stream, Subject: name, RoutingKey: key, Payload: payload}
}
