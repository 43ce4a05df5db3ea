package document

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// parcelWords tell of packages and shipments.
func parcelWords(e proto.Message) string {
	switch e := e.(type) {
	case *orderv1.PackageCreated:
		return fmt.Sprintf("%s packed as %s", unitWords(e.GetPackage().GetLines()), e.GetPackage().GetPackageId())
	case *orderv1.PackageSubmitted:
		return fmt.Sprintf("package %s announced", e.GetPackageId())
	case *orderv1.PackageSplit:
		return fmt.Sprintf("package %s split into %d", e.GetPackageId(), len(e.GetChildren()))
	case *orderv1.PackageUnitsRemoved:
		return fmt.Sprintf("%s taken out of package %s", unitWords(e.GetLines()), e.GetPackageId())
	case *orderv1.PackageStatusChanged:
		return fmt.Sprintf("package %s %s", e.GetPackageId(), packageStatus(e.GetStatus()))
	case *orderv1.PackageUpdated:
		return fmt.Sprintf("package %s: %s", e.GetPackageId(), strings.TrimSpace(e.GetCarrier()+" "+e.GetTrackingNumber()))
	case *orderv1.OrderItemsShipped:
		return fmt.Sprintf("%s shipped in package %s", unitWords(e.GetLines()), e.GetPackageId())
	case *orderv1.OrderDelivered:
		return fmt.Sprintf("%s delivered in package %s", unitWords(e.GetLines()), e.GetPackageId())
	}
	return ""
}

// returnWords tell of returns, exchanges and replacements.
func (c currency) returnWords(e proto.Message) string {
	switch e := e.(type) {
	case *orderv1.ReturnSubmitted:
		return fmt.Sprintf("return %s asked for: %s", e.GetReturnId(), unitWords(quantities(e.GetLines())))
	case *orderv1.ReturnAccepted:
		return fmt.Sprintf("return %s accepted", e.GetReturnId())
	case *orderv1.ReturnRejected:
		return noting(fmt.Sprintf("return %s rejected", e.GetReturnId()), e.GetReason())
	case *orderv1.ReturnClosed:
		return fmt.Sprintf("return %s closed, %s refunded", e.GetReturnId(), c.text(e.GetRefundedMinor()))
	case *orderv1.ExchangeOrderCreated:
		return fmt.Sprintf("exchanged by order %s", e.GetOrderId())
	case *orderv1.ReplaceRequested:
		return noting(fmt.Sprintf("%s to be sent again by order %s", unitWords(e.GetLines()), e.GetOrderId()), e.GetReason())
	case *orderv1.ReplaceOrderCreated:
		return fmt.Sprintf("replaced by order %s", e.GetOrderId())
	}
	return ""
}

// unitWords are units as people write them: "2 of line 1, 1 of line 3".
func unitWords(lines []*orderv1.ItemQuantity) string {
	parts := make([]string, len(lines))
	for n, l := range lines {
		parts[n] = fmt.Sprintf("%d of line %s", l.GetQuantity(), l.GetItemId())
	}
	return strings.Join(parts, ", ")
}
