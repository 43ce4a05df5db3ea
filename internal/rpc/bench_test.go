package rpc

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/auth"
	"github.com/orderstream/oms/order"
)

// sample is an order as storefronts send it.
func sample(lines int) *orderv1.CreateOrderRequest {
	usd := func(n int64) *moneyv1.Money { return &moneyv1.Money{CurrencyCode: "USD", MinorUnits: n} }
	r := &orderv1.CreateOrderRequest{
		IdempotencyKey: "checkout-4711", Reference: "PO-1", Channel: "web", Locale: "en-GB", CurrencyCode: "USD",
		Customer:        &orderv1.Customer{CustomerId: "c1", Email: "c1@example.com", FirstName: "Ann", LastName: "Lee", Ip: "192.0.2.1"},
		Shipping:        &orderv1.Shipping{Method: "standard", Price: usd(499), Tax: usd(40)},
		ShippingAddress: &orderv1.Address{FirstName: "Ann", LastName: "Lee", Line1: "1 High Street", City: "Leeds", PostalCode: "LS1", CountryCode: "GB"},
		Payments:        []*orderv1.PaymentItem{{Token: "tok_1"}},
	}
	for i := range lines {
		r.Items = append(r.Items, &orderv1.LineItem{
			SkuId: fmt.Sprintf("SKU-%04d", i), Name: "A thing to buy", Quantity: 2, UnitPrice: usd(999), Tax: usd(160),
			Adjustments: []*orderv1.Adjustment{{Code: "SUMMER", Amount: usd(-100)}},
		})
	}
	return r
}

// BenchmarkValidate is what the validator's comment talks about.
func BenchmarkValidate(b *testing.B) {
	_, requests := described()
	v, err := newValidator(requests)
	if err != nil {
		b.Fatal(err)
	}
	for _, lines := range []int{5, 1100} {
		r := sample(lines)
		b.Run(fmt.Sprintf("lines=%d", lines), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := v.check(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkParts are the other things that a handler does on the CPU.
func BenchmarkParts(b *testing.B) {
	d := newDecoder()
	for _, lines := range []int{5, 1100} {
		r := sample(lines)
		wire, err := proto.Marshal(r)
		if err != nil {
			b.Fatal(err)
		}
		text, err := protojson.Marshal(r)
		if err != nil {
			b.Fatal(err)
		}
		for name, f := range map[string]func() error{
			"decode": func() error { return binaryCodec{d}.Unmarshal(wire, &orderv1.CreateOrderRequest{}) },
			"json":   func() error { return jsonCodec{d, "json"}.Unmarshal(text, &orderv1.CreateOrderRequest{}) },
			"hash":   func() error { _, err := metaOf(context.Background(), "k", r); return err },
			"decide": func() error {
				_, err := createOf(r, "ann", time.Unix(0, 0)).Decide(order.New("order-0123456789", 1))
				return err
			},
		} {
			b.Run(fmt.Sprintf("%s/lines=%d", name, lines), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := f(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkCreateOrder is a whole call without network and disk: its CPU time
// is the handler's.
func BenchmarkCreateOrder(b *testing.B) {
	guard, err := auth.New(auth.Config{})
	if err != nil {
		b.Fatal(err)
	}
	api, err := New(Config{Guard: guard, Orders: decides{}})
	if err != nil {
		b.Fatal(err)
	}
	for _, lines := range []int{5, 1100} {
		wire, err := proto.Marshal(sample(lines))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("lines=%d", lines), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "/oms.order.v1.OrderService/CreateOrder", bytes.NewReader(wire))
				r.Header.Set("Content-Type", "application/proto")
				w := httptest.NewRecorder()
				if api.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
		})
	}
}

// decides is a log that stores nothing.
type decides struct{ eventstore.Log[order.Order] }

func (decides) Execute(_ context.Context, _ eventstore.Meta, id string, c eventstore.Command[order.Order]) (eventstore.Result[order.Order], error) {
	o := order.New(id, 1)
	events, err := c.Decide(o)
	if err != nil {
		return eventstore.Result[order.Order]{}, err
	}
	for _, e := range events {
		o = order.Evolve(o, e)
	}
	return eventstore.Result[order.Order]{States: map[string]order.Order{id: o}, Events: events}, nil
}
