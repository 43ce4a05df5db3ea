package skava

import "strconv"

// The payment operations.
const (
	PaymentAuth       = "AUTH"
	PaymentCancelAuth = "CANCELAUTH"
	PaymentCharge     = "CHARGE"
	PaymentRefund     = "REFUND"
)

// The states of a payment transaction. One that succeeded has the name of its
// operation as its state.
const (
	PaymentPending = "PENDING"
	PaymentFailed  = "FAILED"
)

// Names of the properties that our payment requests carry (proposed).
const (
	// PropertyCurrency is the ISO 4217 code of the transaction's value.
	PropertyCurrency = "currency"
	// PropertyGateway names the payment gateway.
	PropertyGateway = "gateway"
	// PropertyToken is the payment method's token at the gateway; only an
	// authorization carries it.
	PropertyToken = "token"
	// PropertyUndoes is the id of the transaction that an undo takes back.
	PropertyUndoes = "undoes"
	// PropertyMoved is, in a reply, the amount that was moved and stayed so.
	// Without it that is the value of a transaction that succeeded.
	PropertyMoved = "moved"
	// PropertyReverted is, in a reply, the amount that was moved and taken back
	// within the same request, because another transaction of it was refused.
	PropertyReverted = "reverted"
)

// PaymentBulkTransaction authorizes, cancels, charges or refunds several
// payment items at once. It is the request on QueuePayment.
type PaymentBulkTransaction struct {
	Transactions []PaymentTransaction `json:"transactions"`
	// AllOrNone makes one refused transaction refuse all of them.
	AllOrNone bool `json:"allOrNone"`
}

// PaymentTransaction is one operation on one payment item, and in a reply its
// outcome.
type PaymentTransaction struct {
	// Value is in minor units of the currency, always positive.
	Value int64 `json:"value"`
	// Type is PaymentAuth, PaymentCancelAuth, PaymentCharge or PaymentRefund.
	Type          string     `json:"type"`
	Properties    []Property `json:"properties,omitempty"`
	PaymentItemID string     `json:"paymentItemId"`
	// ID is stable: the same operation asked again has the same id.
	ID string `json:"id,omitempty"`
	// Status is PaymentPending, PaymentFailed, or the Type once done.
	Status          string `json:"status,omitempty"`
	ResponseCode    string `json:"responseCode"`
	ResponseMessage string `json:"responseMessage"`
	CreatedBy       string `json:"createdBy"`
	// CreatedTime is in milliseconds since 1970; Time reads it.
	CreatedTime int64 `json:"createdTime"`
}

// Done reports whether the transaction succeeded, as its state says.
func (t PaymentTransaction) Done() bool { return t.Status != "" && t.Status == t.Type }

// Moved is the amount that a reply says was moved and stayed so.
func (t PaymentTransaction) Moved() int64 {
	if n, err := strconv.ParseInt(t.Property(PropertyMoved), 10, 64); err == nil {
		return n
	}
	if t.Done() {
		return t.Value
	}
	return 0
}

// Reverted is the amount that a reply says was moved and taken back at once.
func (t PaymentTransaction) Reverted() int64 {
	n, err := strconv.ParseInt(t.Property(PropertyReverted), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Property returns the value of a property; empty when there is none.
func (t PaymentTransaction) Property(name string) string {
	for _, p := range t.Properties {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// Property is a name with a value, as the source system lists custom ones.
type Property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// PreProcessPayment tells subscribers that the payments of an order are being
// authorized, or, on SubjectUndoPreProcessPayment, given up.
type PreProcessPayment struct {
	OrderID             string               `json:"orderid"`
	CollectionID        int64                `json:"collectionId"`
	PaymentCollectionID int64                `json:"paymentCollectionId"`
	AllOrNone           bool                 `json:"allOrNone"`
	Transactions        []PaymentTransaction `json:"transactions"`
}

// PaymentReply answers a PaymentBulkTransaction (proposed).
type PaymentReply struct {
	// RequestID is the id of the request that is answered.
	RequestID string `json:"requestId"`
	// ResponseCode is CodeDone or CodeRefused for the request as a whole.
	ResponseCode string `json:"responseCode"`
	// ResponseMessage is the stable code of the refusal, e.g. "card_declined".
	ResponseMessage string `json:"responseMessage,omitempty"`
	// Transactions are those asked for, each with its state and response.
	Transactions []PaymentTransaction `json:"transactions"`
}
