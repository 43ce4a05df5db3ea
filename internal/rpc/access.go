package rpc

import (
	"github.com/orderstream/oms/gen/oms/customer/v1/customerv1connect"
	"github.com/orderstream/oms/gen/oms/delivery/v1/deliveryv1connect"
	"github.com/orderstream/oms/gen/oms/inventory/v1/inventoryv1connect"
	"github.com/orderstream/oms/gen/oms/log/v1/logv1connect"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
	"github.com/orderstream/oms/gen/oms/payment/v1/paymentv1connect"
	"github.com/orderstream/oms/gen/oms/projection/v1/projectionv1connect"
	"github.com/orderstream/oms/gen/oms/promotion/v1/promotionv1connect"
	"github.com/orderstream/oms/gen/oms/saga/v1/sagav1connect"
	"github.com/orderstream/oms/internal/auth"
)

// access is what each call needs. A call that is not listed is refused.
//
// Raw events show what read models hide, tokens of payment methods and
// confirmation codes among them, so the log is for operators.
var access = map[string]auth.Scope{
	orderv1connect.OrderServiceCreateOrderProcedure:  auth.Write,
	orderv1connect.OrderServiceGetOrderProcedure:     auth.Read,
	orderv1connect.OrderServiceListOrdersProcedure:   auth.Read,
	orderv1connect.OrderServiceCancelOrderProcedure:  auth.Write,
	orderv1connect.OrderServiceReviewOrderProcedure:  auth.Write,
	orderv1connect.OrderServiceRetryPaymentProcedure: auth.Write,
	orderv1connect.OrderServiceWatchOrderProcedure:   auth.Read,
	orderv1connect.OrderServiceImportOrderProcedure:  auth.Operate,
	orderv1connect.OrderServiceImportOrdersProcedure: auth.Operate,

	orderv1connect.ChangeServicePatchOrderProcedure:    auth.Write,
	orderv1connect.ChangeServiceUpdateOrderProcedure:   auth.Write,
	orderv1connect.ChangeServiceEditMetadataProcedure:  auth.Write,
	orderv1connect.ChangeServiceAddNoteProcedure:       auth.Write,
	orderv1connect.ChangeServiceEditItemsProcedure:     auth.Write,
	orderv1connect.ChangeServiceCancelItemsProcedure:   auth.Write,
	orderv1connect.ChangeServiceHoldOrderProcedure:     auth.Write,
	orderv1connect.ChangeServiceReleaseOrderProcedure:  auth.Write,
	orderv1connect.ChangeServiceDeleteOrderProcedure:   auth.Write,
	orderv1connect.ChangeServiceCreateInvoiceProcedure: auth.Write,
	orderv1connect.ChangeServiceUpdateInvoiceProcedure: auth.Write,

	orderv1connect.FulfilmentServiceCreatePackageProcedure:  auth.Write,
	orderv1connect.FulfilmentServiceSubmitPackageProcedure:  auth.Write,
	orderv1connect.FulfilmentServiceSplitPackageProcedure:   auth.Write,
	orderv1connect.FulfilmentServiceUpdatePackageProcedure:  auth.Write,
	orderv1connect.FulfilmentServiceUpdatePackagesProcedure: auth.Write,
	orderv1connect.FulfilmentServiceShipOrderProcedure:      auth.Write,

	orderv1connect.OrderQueryServiceListPackagesProcedure: auth.Read,
	orderv1connect.OrderQueryServiceListReturnsProcedure:  auth.Read,
	orderv1connect.OrderQueryServiceListInvoicesProcedure: auth.Read,
	orderv1connect.OrderQueryServiceGetTimelineProcedure:  auth.Read,

	orderv1connect.ReturnServiceSubmitReturnProcedure: auth.Write,
	orderv1connect.ReturnServiceAcceptReturnProcedure: auth.Write,
	orderv1connect.ReturnServiceRejectReturnProcedure: auth.Write,
	orderv1connect.ReturnServiceReplaceItemsProcedure: auth.Write,

	inventoryv1connect.InventoryServiceAdjustStockProcedure:        auth.Write,
	inventoryv1connect.InventoryServiceSetStockThresholdsProcedure: auth.Write,
	inventoryv1connect.InventoryServiceGetStockProcedure:           auth.Read,
	inventoryv1connect.InventoryServiceListStockProcedure:          auth.Read,
	inventoryv1connect.InventoryServiceCreateBinProcedure:          auth.Write,
	inventoryv1connect.InventoryServiceUpdateBinProcedure:          auth.Write,
	inventoryv1connect.InventoryServiceDeleteBinProcedure:          auth.Write,
	inventoryv1connect.InventoryServiceListBinsProcedure:           auth.Read,
	inventoryv1connect.InventoryServiceCreateItemProcedure:         auth.Write,
	inventoryv1connect.InventoryServiceUpdateItemProcedure:         auth.Write,
	inventoryv1connect.InventoryServiceSetItemOptionsProcedure:     auth.Write,
	inventoryv1connect.InventoryServiceDeleteItemProcedure:         auth.Write,
	inventoryv1connect.InventoryServiceGetItemProcedure:            auth.Read,
	inventoryv1connect.InventoryServiceListItemsProcedure:          auth.Read,

	promotionv1connect.PromotionServiceCreatePromoCodeProcedure:  auth.Write,
	promotionv1connect.PromotionServiceGetPromoCodeProcedure:     auth.Read,
	promotionv1connect.PromotionServiceDisablePromoCodeProcedure: auth.Write,

	paymentv1connect.PaymentServiceGetPaymentProcedure:         auth.Read,
	paymentv1connect.PaymentServiceListPaymentRecordsProcedure: auth.Read,
	paymentv1connect.PaymentServiceRecordPaymentProcedure:      auth.Operate,
	paymentv1connect.PaymentServiceScriptGatewayProcedure:      auth.Operate,

	customerv1connect.CustomerServiceCreateAssociateProcedure:    auth.Write,
	customerv1connect.CustomerServiceUpdateAssociateProcedure:    auth.Write,
	customerv1connect.CustomerServiceEnrollAssociateProcedure:    auth.Write,
	customerv1connect.CustomerServiceSetAssociateStatusProcedure: auth.Write,
	customerv1connect.CustomerServiceGetAssociateProcedure:       auth.Read,
	customerv1connect.CustomerServiceListAssociatesProcedure:     auth.Read,
	customerv1connect.CustomerServiceCreateSubscriptionProcedure: auth.Write,
	customerv1connect.CustomerServiceUpdateSubscriptionProcedure: auth.Write,
	customerv1connect.CustomerServicePauseSubscriptionProcedure:  auth.Write,
	customerv1connect.CustomerServiceResumeSubscriptionProcedure: auth.Write,
	customerv1connect.CustomerServiceVoidSubscriptionProcedure:   auth.Write,
	customerv1connect.CustomerServiceGetSubscriptionProcedure:    auth.Read,
	customerv1connect.CustomerServiceListSubscriptionsProcedure:  auth.Read,

	deliveryv1connect.DscoServiceCreateWebhookProcedure:     auth.Subscriptions,
	deliveryv1connect.DscoServiceUpdateWebhookProcedure:     auth.Subscriptions,
	deliveryv1connect.DscoServiceGetWebhookProcedure:        auth.Read,
	deliveryv1connect.DscoServiceListWebhooksProcedure:      auth.Read,
	deliveryv1connect.DscoServiceDeleteWebhookProcedure:     auth.Subscriptions,
	deliveryv1connect.DscoServiceGetWebhookHistoryProcedure: auth.Read,

	deliveryv1connect.DeliveryServiceCreateEndpointProcedure:     auth.Subscriptions,
	deliveryv1connect.DeliveryServiceUpdateEndpointProcedure:     auth.Subscriptions,
	deliveryv1connect.DeliveryServiceGetEndpointProcedure:        auth.Read,
	deliveryv1connect.DeliveryServiceListEndpointsProcedure:      auth.Read,
	deliveryv1connect.DeliveryServiceEnableEndpointProcedure:     auth.Subscriptions,
	deliveryv1connect.DeliveryServiceDisableEndpointProcedure:    auth.Subscriptions,
	deliveryv1connect.DeliveryServiceSuspendEndpointProcedure:    auth.Subscriptions,
	deliveryv1connect.DeliveryServiceDeleteEndpointProcedure:     auth.Subscriptions,
	deliveryv1connect.DeliveryServiceRotateSecretProcedure:       auth.Subscriptions,
	deliveryv1connect.DeliveryServiceTestEndpointProcedure:       auth.Subscriptions,
	deliveryv1connect.DeliveryServiceListDeliveriesProcedure:     auth.Read,
	deliveryv1connect.DeliveryServiceGetDeliveryProcedure:        auth.Read,
	deliveryv1connect.DeliveryServiceRetryDeliveryProcedure:      auth.Subscriptions,
	deliveryv1connect.DeliveryServiceReplayEndpointProcedure:     auth.Subscriptions,
	deliveryv1connect.DeliveryServiceDefineCustomEventProcedure:  auth.Subscriptions,
	deliveryv1connect.DeliveryServicePublishCustomEventProcedure: auth.Subscriptions,

	sagav1connect.SagaServiceListSagasProcedure:      auth.Read,
	sagav1connect.SagaServiceGetSagaProcedure:        auth.Read,
	sagav1connect.SagaServiceRetrySagaProcedure:      auth.Operate,
	sagav1connect.SagaServiceSkipStepProcedure:       auth.Operate,
	sagav1connect.SagaServiceCompensateSagaProcedure: auth.Operate,

	projectionv1connect.ProjectionServiceListProjectionsProcedure:   auth.Operate,
	projectionv1connect.ProjectionServiceRebuildProjectionProcedure: auth.Operate,

	logv1connect.LogServiceTailEventsProcedure:      auth.Operate,
	logv1connect.LogServiceListOrderEventsProcedure: auth.Operate,
}
