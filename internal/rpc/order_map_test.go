package rpc

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
)

// TestEveryFieldOfARequestIsStored changes one field after the other. A field
// that was added to the API and forgotten in createOf changes nothing.
func TestEveryFieldOfARequestIsStored(t *testing.T) {
	stored := func(r *orderv1.CreateOrderRequest) string {
		events, err := createOf(r, "ann", time.Unix(0, 0)).Decide(order.New("order-0123456789", 1))
		if err != nil {
			return err.Error()
		}
		raw, err := protojson.Marshal(events[0])
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(raw), " ", "")
	}
	usd := func(n int64) *moneyv1.Money { return &moneyv1.Money{CurrencyCode: "USD", MinorUnits: n} }
	base := &orderv1.CreateOrderRequest{
		CurrencyCode: "USD", Customer: &orderv1.Customer{CustomerId: "c"}, Shipping: &orderv1.Shipping{Price: usd(1), Tax: usd(1)},
		ShippingAddress: &orderv1.Address{}, BillingAddress: &orderv1.Address{},
		Items: []*orderv1.LineItem{{
			SkuId: "A", Quantity: 1, UnitPrice: usd(100), Tax: usd(1), Adjustments: []*orderv1.Adjustment{{Amount: usd(0)}},
		}},
		Adjustments: []*orderv1.Adjustment{{Amount: usd(0)}}, Payments: []*orderv1.PaymentItem{{}},
		PromoCodes: []*orderv1.PromoCode{{PromoCode: "P"}},
	}
	seen := 0
	eachField(base.ProtoReflect(), "", func(path string, m protoreflect.Message, fd protoreflect.FieldDescriptor) {
		switch path {
		case "idempotency_key", "order_id": // they say which order, not what is in it
			return
		case "associate_id": // looked up among the accounts
			return
		}
		seen++
		before := stored(base)
		old, had := m.Get(fd), m.Has(fd)
		m.Set(fd, other(m, fd))
		if stored(base) == before {
			t.Errorf("%s changes nothing in what is stored", path)
		}
		if m.Clear(fd); had {
			m.Set(fd, old)
		}
	})
	if seen < 60 {
		t.Errorf("only %d fields were tried", seen)
	}
}

// eachField visits the fields of a message and of the messages in it.
func eachField(m protoreflect.Message, at string, f func(string, protoreflect.Message, protoreflect.FieldDescriptor)) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		path := join(at, string(fd.Name()))
		switch {
		case fd.IsList() && fd.Message() != nil && m.Get(fd).List().Len() > 0:
			eachField(m.Get(fd).List().Get(0).Message(), path+"[0]", f)
		case fd.Message() != nil && !fd.IsMap() && !fd.IsList() && m.Has(fd):
			eachField(m.Get(fd).Message(), path, f)
		default:
			f(path, m, fd)
		}
	}
}

// other is a value that the field does not have.
func other(m protoreflect.Message, fd protoreflect.FieldDescriptor) protoreflect.Value {
	switch {
	case fd.IsMap():
		v := m.NewField(fd)
		v.Map().Set(protoreflect.ValueOfString("k").MapKey(), protoreflect.ValueOfString("v"))
		return v
	case fd.Kind() == protoreflect.StringKind:
		return protoreflect.ValueOfString(m.Get(fd).String() + "X")
	case fd.Kind() == protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(m.Get(fd).Int() + 7)
	case fd.Kind() == protoreflect.BoolKind:
		return protoreflect.ValueOfBool(!m.Get(fd).Bool())
	case fd.Kind() == protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(m.Get(fd).Enum() + 2)
	}
	v := m.NewField(fd) // a message that was not given
	v.Message().Set(v.Message().Descriptor().Fields().ByNumber(1), protoreflect.ValueOfString("EUR"))
	return v
}
