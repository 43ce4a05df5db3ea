package skava

// The operations on promo codes. PromotionRelease is proposed: the source
// system lets blocks expire and has no word for giving them back.
const (
	PromotionBlock   = "BLOCK"
	PromotionAssign  = "ASSIGN"
	PromotionRelease = "RELEASE"
)

// PromotionBulkTransaction blocks, assigns or releases the promo codes of an
// order. It is the request on QueuePromotion.
type PromotionBulkTransaction struct {
	// ID is the order id.
	ID string `json:"id"`
	// Type is PromotionBlock, PromotionAssign or PromotionRelease.
	Type           string      `json:"type"`
	PromoCodesInfo []PromoCode `json:"promoCodesInfo"`
}

// PromoCode is a code and what is checked with it.
type PromoCode struct {
	ConfirmationCode string `json:"confirmationCode,omitempty"`
	PromoCode        string `json:"promoCode"`
}

// PreProcessPromotion tells subscribers that the promo codes of an order are
// being blocked.
type PreProcessPromotion struct {
	OrderID               string      `json:"orderid"`
	CollectionID          int64       `json:"collectionId"`
	PromotionCollectionID int64       `json:"promotionCollectionId"`
	PromotionList         []PromoCode `json:"promotionList"`
}

// PromotionReply answers a PromotionBulkTransaction: the same model with a
// response for each code. The last three fields are proposed.
type PromotionReply struct {
	// ID is the order id.
	ID             string           `json:"id"`
	Type           string           `json:"type"`
	PromoCodesInfo []PromoCodeReply `json:"promoCodesInfo"`
	// RequestID is the id of the request that is answered.
	RequestID string `json:"requestId"`
	// ResponseCode is CodeDone or CodeRefused for the request as a whole.
	ResponseCode string `json:"responseCode"`
	// ResponseMessage is the stable code of the refusal.
	ResponseMessage string `json:"responseMessage,omitempty"`
}

// PromoCodeReply is one code with its outcome. All four fields are required,
// so an empty confirmation code is written too.
type PromoCodeReply struct {
	PromoCode        string `json:"promoCode"`
	ConfirmationCode string `json:"confirmationCode"`
	// ResponseCode is CodeDone or CodeRefused.
	ResponseCode string `json:"responseCode"`
	// ResponseMessage is the stable code of a refusal, e.g.
	// "usage_limit_reached".
	ResponseMessage string `json:"responseMessage"`
}
