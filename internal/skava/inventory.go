package skava

// InventoryType is the kind of an inventory transaction.
type InventoryType int32

// The inventory transaction types. Ours of a checkout are Remove, which blocks
// stock, and Add, which releases it.
const (
	InventoryNone     InventoryType = 0
	InventoryAdd      InventoryType = 1
	InventoryRemove   InventoryType = 2
	InventoryTransfer InventoryType = 3
	// InventoryReconcile is not in the order microservice's own list, but in
	// that of the inventory service.
	InventoryReconcile InventoryType = 4
)

// Values of HeaderStockAction (proposed), each with the type that all lines of
// the request have. Without the header a line reserves when its type is
// InventoryRemove, and brings units in when it is InventoryAdd.
const (
	// StockReserve keeps units for an order: InventoryRemove.
	StockReserve = "reserve"
	// StockRelease gives units of reservations back: InventoryAdd.
	StockRelease = "release"
	// StockShip takes units of reservations out of the bin: InventoryNone.
	StockShip = "ship"
	// StockRestock takes units that had left back in: InventoryAdd.
	StockRestock = "restock"
)

// InventoryBulkTransaction moves stock of several bins and SKUs at once. It is
// the request on QueueInventory.
type InventoryBulkTransaction struct {
	BinItems []BinItem `json:"binItems"`
	// AllOrNone makes one refused line refuse all of them.
	AllOrNone bool `json:"allOrNone"`
}

// BinItem is one SKU in one bin with what happens to it.
type BinItem struct {
	BinName     string               `json:"binName"`
	SKUID       string               `json:"skuId"`
	Transaction InventoryTransaction `json:"transaction"`
}

// InventoryTransaction is one movement of stock.
type InventoryTransaction struct {
	// ID is the caller's id of the line; ours is the order's item id.
	ID   string        `json:"id,omitempty"`
	Type InventoryType `json:"type"`
	// AtpQty is the number of units, always positive.
	AtpQty int64  `json:"atpQty"`
	Notes  string `json:"notes,omitempty"`
}

// PreProcessInventory tells subscribers that the stock of an order is being
// blocked, or, on SubjectUndoPreProcessInventory, released.
type PreProcessInventory struct {
	OrderID               string    `json:"orderid"`
	CollectionID          int64     `json:"collectionId"`
	InventoryCollectionID int64     `json:"inventoryCollectionId"`
	BinItems              []BinItem `json:"binItems"`
}

// InventoryReply answers an InventoryBulkTransaction (proposed).
type InventoryReply struct {
	// RequestID is the id of the request that is answered.
	RequestID string `json:"requestId"`
	// ResponseCode is CodeDone or CodeRefused for the request as a whole.
	ResponseCode string `json:"responseCode"`
	// ResponseMessage is the stable code of the refusal, e.g. "out_of_stock".
	ResponseMessage string `json:"responseMessage,omitempty"`
	// BinItems are the lines as asked, each with its own outcome.
	BinItems []BinItemReply `json:"binItems"`
}

// BinItemReply is one line with its outcome (proposed).
type BinItemReply struct {
	BinItem
	// ResponseCode is CodeDone or CodeRefused for the line by itself.
	ResponseCode string `json:"responseCode"`
	// ResponseMessage is the stable code of the refusal, e.g. "unknown_sku".
	ResponseMessage string `json:"responseMessage,omitempty"`
}
