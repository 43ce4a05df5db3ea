package skava

// CheckFraud tells subscribers the verdict of a fraud check.
type CheckFraud struct {
	OrderID string `json:"orderid"`
	// Status is the status of the order.
	Status string `json:"status"`
	// Fraud is the verdict.
	Fraud bool `json:"fraud"`
}

// The verdicts of a fraud check (proposed).
const (
	VerdictAccept = "ACCEPT"
	VerdictReview = "REVIEW"
	VerdictReject = "REJECT"
)

// FraudRequest asks for a fraud check. It is the request on QueueFraud
// (proposed): the source system publishes the verdict, but has no queue to ask
// on.
type FraudRequest struct {
	OrderID      string `json:"orderid"`
	CollectionID int64  `json:"collectionId"`
	// CustomerID is empty for a guest.
	CustomerID string `json:"customerId,omitempty"`
	Guest      bool   `json:"guest"`
	Email      string `json:"email,omitempty"`
	IP         string `json:"ip,omitempty"`
	// Countries are ISO 3166-1 alpha-2 codes.
	BillingCountry  string `json:"billingCountry,omitempty"`
	ShippingCountry string `json:"shippingCountry,omitempty"`
	// Currency is the ISO 4217 code of Value.
	Currency string `json:"currency"`
	// Value is the total of the order in minor units.
	Value int64 `json:"value"`
	// CreatedTime of the order, in milliseconds since 1970.
	CreatedTime int64 `json:"createdTime"`
}

// FraudReply answers a FraudRequest (proposed).
type FraudReply struct {
	// RequestID is the id of the request that is answered.
	RequestID string `json:"requestId"`
	OrderID   string `json:"orderid"`
	// Verdict is VerdictAccept, VerdictReview or VerdictReject.
	Verdict string `json:"verdict"`
	// ResponseCode is CodeDone when the check was made, whatever its verdict.
	ResponseCode string `json:"responseCode"`
	// ResponseMessage names the rule that decided, as a stable code.
	ResponseMessage string `json:"responseMessage,omitempty"`
}
