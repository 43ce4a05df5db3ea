package document_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order/document"
)

// TestEveryEventHasWords tells each event of the log, empty as it is, without
// the names that only programs know.
func TestEveryEventHasWords(t *testing.T) {
	for _, file := range []protoreflect.FileDescriptor{
		orderv1.File_oms_order_v1_events_proto, orderv1.File_oms_order_v1_change_events_proto,
		orderv1.File_oms_order_v1_fulfilment_events_proto, orderv1.File_oms_order_v1_payment_events_proto,
	} {
		for i := range file.Messages().Len() {
			mt, err := protoregistry.GlobalTypes.FindMessageByName(file.Messages().Get(i).FullName())
			if err != nil {
				t.Fatal(err)
			}
			if text := document.Words(mt.New().Interface(), "EUR"); text == "" || strings.Contains(text, "_") {
				t.Errorf("%s is told as %q", mt.Descriptor().Name(), text)
			}
		}
	}
	for want, e := range map[string]proto.Message{
		"something that this release does not know": nil,
		"order confirmed":                       &orderv1.OrderConfirmed{},
		"held: payment_declined (no money)":     &orderv1.OrderHeld{Reason: "payment_declined", Message: "no money"},
		"4.00 EUR given back elsewhere by cash": &orderv1.OrderPaymentRecorded{AmountMinor: -400, Method: "cash"},
		"2 of line 1, 1 of line 3 shipped in package k1": &orderv1.OrderItemsShipped{
			PackageId: "k1", Lines: []*orderv1.ItemQuantity{{ItemId: "1", Quantity: 2}, {ItemId: "3", Quantity: 1}},
		},
	} {
		if got := document.Words(e, "EUR"); got != want {
			t.Errorf("told as %q, want %q", got, want)
		}
	}
}
