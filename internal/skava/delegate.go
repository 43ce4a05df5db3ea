package skava

// OrderDelegate is the payload of SubjectUpdateShipment: an order patch with
// its item patches, who is behind it, and the payments of the order.
type OrderDelegate struct {
	CollectionID int64                `json:"collectionId"`
	Locale       string               `json:"locale"`
	OrderID      string               `json:"orderId"`
	Patch        OrderPatch           `json:"orderPatchDTO"`
	Payments     []PaymentTransaction `json:"paymentTrans"`
}

// OrderPatch is the part of an OrderDelegate about the order.
type OrderPatch struct {
	// Status is the order's, as text (decision D-07).
	Status        string       `json:"status"`
	ReasonCode    string       `json:"reasoncode"`
	ReasonMessage string       `json:"reasonmessage"`
	Properties    []Property   `json:"properties"`
	Items         []ItemPatch  `json:"orderItemPatchDTO"`
	User          UserPatch    `json:"UserPatchDTO"`
	Tracking      UserTracking `json:"userTrackingDTO"`
	// Other are properties of the patch itself: the package, its carrier and
	// tracking number.
	Other []Property `json:"otherproperties"`
}

// ItemPatch is the part of an OrderDelegate about one line.
type ItemPatch struct {
	ID            string     `json:"id"`
	Status        string     `json:"status"`
	ReasonCode    string     `json:"reasoncode"`
	ReasonMessage string     `json:"reasonmessage"`
	Properties    []Property `json:"properties"`
	Other         []Property `json:"otherproperties"`
	Quantity      int64      `json:"quantity"`
	Returnable    bool       `json:"returnable"`
}

// UserPatch names the user that patched.
type UserPatch struct {
	UserID string `json:"userid"`
}

// UserTracking says who bought.
type UserTracking struct {
	FirstName   string      `json:"firstname"`
	LastName    string      `json:"lastname"`
	Zip         string      `json:"zip"`
	GuestUser   bool        `json:"guestuser"`
	GuestUserID string      `json:"guestuserid"`
	IP          string      `json:"ip"`
	AccountID   string      `json:"accountid"`
	UserID      string      `json:"userid"`
	Contact     UserContact `json:"usercontact"`
}

// UserContact is how to reach the buyer. Preferred is one of the constants.
type UserContact struct {
	Phone     string `json:"phone"`
	Email     string `json:"email"`
	Preferred string `json:"preferredcontact"`
}

// The ways to reach a buyer.
const (
	ContactEmail = "EMAIL"
	ContactText  = "TEXT"
	ContactPhone = "PHONE"
)
