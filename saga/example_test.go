package saga_test

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/saga"
)

// A store asks Next after every command, folds what it says, and asks again.
func ExampleNext() {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o := order.New("order-0123456789", 1)
	events, _ := order.Create{
		Currency: "GBP", Now: noon,
		Items: []order.Line{{SKU: "tea", Quantity: 1, UnitPrice: money.Amount{Currency: "GBP", Minor: 450}}},
	}.Decide(o)

	fold := func(events []proto.Message) {
		for ; len(events) > 0; events = saga.Next(saga.Checkout, saga.Policy{}, o, noon) {
			for _, e := range events {
				fmt.Println(e.ProtoReflect().Descriptor().Name())
				o = order.Evolve(o, e)
			}
		}
	}
	fold(events)
	asked, _ := saga.Pending(o)
	fmt.Println("->", saga.RequestFor(o, asked).Queue)

	events, _ = order.Answer{Step: orderv1.Step_STEP_RESERVE_INVENTORY, RequestID: asked.RequestID, Message: "out_of_stock"}.Decide(o)
	fold(events)
	fmt.Println(o.Status, o.Reason)
	// Output:
	// OrderCreated
	// StepRequested
	// -> inventory.bulktransactions
	// StepAnswered
	// CompensationStarted
	// OrderCancelled
	// cancelled out_of_stock
}
