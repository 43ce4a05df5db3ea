package main

import (
	"github.com/orderstream/oms/customer"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/inventory"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/promotion"
)

// commandsOf are the commands of each log, which travel to the process that
// owns their partition.
var commandsOf = map[string][]any{
	"order": {
		order.Create{},
		order.AcceptReturn{},
		order.AddNote{},
		order.Cancel{},
		order.CancelItems{},
		order.NotePayment{},
		order.CreateInvoice{},
		order.CreateLinked{},
		order.Delete{},
		order.EditItems{},
		order.GiveBackCredit{},
		order.EditMetadata{},
		order.Hold{},
		order.Import{},
		order.Pack{},
		order.Patch{},
		order.RejectReturn{},
		order.Release{},
		order.Replace{},
		order.Ship{},
		order.SplitPackage{},
		order.SubmitPackage{},
		order.SubmitReturn{},
		order.Update{},
		order.UpdateInvoice{},
		order.UpdatePackage{},
		order.Review{},
		order.RetryPayment{},
		order.Answer{},
		order.Wake{},
		order.Resume{},
		order.Skip{},
		order.Compensate{},
	},
	"inventory": {
		inventory.AdjustStock{},
		inventory.BulkTransaction{},
		inventory.Release{},
		inventory.SetStockThresholds{},
		inventory.CreateBin{},
		inventory.UpdateBin{},
		inventory.DeleteBin{},
		inventory.CreateItem{},
		inventory.UpdateItem{},
		inventory.SetItemOptions{},
		inventory.DeleteItem{},
	},
	"promotion": {
		promotion.CreateCode{},
		promotion.DisableCode{},
		promotion.ExpireBlocks{},
		promotion.BulkTransaction{},
		promotion.Release{},
	},
	"payment": {payment.Record{}, payment.Settle{}, payment.RecordExternal{}, payment.Tell{}},
	"endpoint": {
		endpoint.Create{},
		endpoint.Update{},
		endpoint.SetStatus{},
		endpoint.Delete{},
		endpoint.Queue{},
		endpoint.TestNotice{},
		endpoint.RecordAttempts{},
		endpoint.Replay{},
		endpoint.Requeue{},
		endpoint.DefineEvent{},
		endpoint.PublishEvent{},
	},
	"customer": {
		customer.CreateAssociate{},
		customer.UpdateAssociate{},
		customer.Enroll{},
		customer.SetStatus{},
		customer.CreateSubscription{},
		customer.UpdateSubscription{},
		customer.Pause{},
		customer.Resume{},
		customer.VoidSubscription{},
		customer.StartRun{},
		customer.Renew{},
		customer.RefuseRun{},
	},
}

// logOf is the log that a role decides on. A process that does not run the
// role leaves the log's partitions to those that do.
var logOf = map[string]string{"saga": "order", "inventory": "inventory", "promotion": "promotion", "payment": "payment", "customer": "customer", "delivery": endpoint.Log}

// own names the logs whose partitions this process may own.
func (c *serveConfig) own() []string {
	logs := []string{}
	for _, role := range c.Roles {
		if log, ok := logOf[role]; ok {
			logs = append(logs, log)
		}
	}
	return logs
}
