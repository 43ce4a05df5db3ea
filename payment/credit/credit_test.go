package credit_test

import (
	"testing"

	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/credit"
	"github.com/orderstream/oms/payment/gateway"
)

// TestARepeatedCallIsAnsweredAlike is all that a saga needs of credit: how much
// of it there is stands in the log.
func TestARepeatedCallIsAnsweredAlike(t *testing.T) {
	g := credit.Gateway{}
	call := gateway.Call{IdempotencyKey: "o/t1", Operation: payment.Authorize, AmountMinor: 500, Currency: "GBP"}
	first, err := g.Authorize(t.Context(), call)
	if err != nil || !first.Approved || first.Reference == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	again, _ := g.Authorize(t.Context(), call)
	found, _ := g.Lookup(t.Context(), call)
	if again != first || found != first {
		t.Errorf("first %+v, again %+v, looked up %+v", first, again, found)
	}
	call.Reference = first.Reference
	for name, operation := range map[string]func() (gateway.Result, error){
		"capture": func() (gateway.Result, error) { return g.Capture(t.Context(), call) },
		"void":    func() (gateway.Result, error) { return g.Void(t.Context(), call) },
		"refund":  func() (gateway.Result, error) { return g.Refund(t.Context(), call) },
	} {
		if r, err := operation(); err != nil || !r.Approved || r.Reference != first.Reference {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}
