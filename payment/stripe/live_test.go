//go:build stripelive

package stripe_test

import (
	"os"
	"strings"
	"testing"

	"github.com/orderstream/oms/payment/gateway"
	"github.com/orderstream/oms/payment/gatewaytest"
	"github.com/orderstream/oms/payment/stripe"
)

// Against Stripe itself, with the test key in the file that OMS_STRIPE_KEY_FILE
// names: make stripe-live. The account needs multicapture.
func TestStripeItselfKeepsTheContractOfGateways(t *testing.T) {
	key, err := stripe.ReadSecret(os.Getenv("OMS_STRIPE_KEY_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(key), "_test_") {
		t.Fatal("that is not a test key")
	}
	gatewaytest.Run(t, func(t *testing.T) gateway.Gateway {
		t.Helper()
		g, err := stripe.Open(stripe.Config{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		return cards{g}
	})
}
