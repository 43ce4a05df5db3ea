package testkit_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// TestEveryCommandOnAnOrderIsDrawn enumerates the procedures of the API: a new
// one that nobody draws fails here.
func TestEveryCommandOnAnOrderIsDrawn(t *testing.T) {
	drawn := map[string]bool{}
	r := rand.New(rand.NewPCG(1, 1))
	for n := range 20_000 {
		o := &orderv1.Order{
			OrderId: "o", Revision: 7, Status: orderv1.OrderStatus(r.IntN(len(orderv1.OrderStatus_name))),
			Items: []*orderv1.OrderItem{{ItemId: "1", SkuId: "tea", Quantity: 4, Shipped: 2}},
			Packages: []*orderv1.OrderPackage{{
				PackageId: "k", Status: []string{"created", "submitted", "shipped"}[r.IntN(3)], Lines: []*orderv1.ItemQuantity{{ItemId: "1", Quantity: 2}},
			}},
			Returns:    []*orderv1.OrderReturn{{ReturnId: "r", Status: "submitted"}},
			InvoiceIds: []string{"i"},
		}
		drawn[testkit.AnyChange(r, o, fmt.Sprint(n)).Name] = true
	}
	for _, name := range procedures() {
		if !drawn[name] {
			t.Errorf("%s is never drawn", name)
		}
	}
}

// procedures are those that change an order which is there; the others read, or
// make a new one.
func procedures() (names []string) {
	made := []string{"CreateOrder", "ImportOrder", "ImportOrders", "WatchOrder"}
	for _, file := range []protoreflect.FileDescriptor{
		orderv1.File_oms_order_v1_service_proto, orderv1.File_oms_order_v1_change_service_proto,
		orderv1.File_oms_order_v1_fulfilment_service_proto, orderv1.File_oms_order_v1_return_service_proto,
	} {
		for s := range file.Services().Len() {
			methods := file.Services().Get(s).Methods()
			for n := range methods.Len() {
				name := string(methods.Get(n).Name())
				reads := methods.Get(n).Options().(*descriptorpb.MethodOptions).GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
				if !reads && !slices.Contains(made, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}
