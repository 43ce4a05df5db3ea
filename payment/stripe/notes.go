package stripe

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"strconv"
	"strings"

	sdk "github.com/stripe/stripe-go/v85"

	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/gateway"
)

// Metadata of PaymentIntents and refunds. Stripe takes 50 entries, names of 40
// bytes and values of 500.
const (
	metaKey         = "oms_key"
	metaTenant      = "oms_tenant"
	metaOrder       = "oms_order"
	metaTransaction = "oms_transaction"
	metaItem        = "oms_payment_item"

	captureNote = "capture_"
	voidNote    = "void_"
)

// keyOf is the idempotency key at Stripe. It is made of the tenant and the
// call's key, and short enough for the name of a note.
func keyOf(c gateway.Call) string {
	sum := sha256.Sum256([]byte(c.Tenant + "\x00" + c.IdempotencyKey))
	return hex.EncodeToString(sum[:16])
}

// metadata says what a PaymentIntent or a refund was for.
func metadata(c gateway.Call) map[string]string {
	return map[string]string{
		metaKey: keyOf(c), metaTenant: c.Tenant, metaOrder: c.OrderID, metaTransaction: c.TransactionID, metaItem: c.PaymentItemID,
	}
}

// note is what a capture or a void leaves on its PaymentIntent.
type note struct {
	operation payment.Operation
	amount    int64
	// transaction and item say what it was for.
	transaction, item string
}

// noteName is the name of the note that a call leaves.
func noteName(c gateway.Call) string {
	switch c.Operation { //nolint:exhaustive // the others leave none
	case payment.Capture:
		return captureNote + keyOf(c)
	case payment.Void:
		return voidNote + keyOf(c)
	}
	return ""
}

func noteOf(c gateway.Call) string {
	return strings.Join([]string{strconv.FormatInt(c.AmountMinor, 10), url.QueryEscape(c.TransactionID), url.QueryEscape(c.PaymentItemID)}, " ")
}

// notes reads what captures and voids left.
func notes(pi *sdk.PaymentIntent) map[string]note {
	found := map[string]note{}
	for name, text := range pi.Metadata {
		n := note{operation: payment.Capture}
		if strings.HasPrefix(name, voidNote) {
			n.operation = payment.Void
		} else if !strings.HasPrefix(name, captureNote) {
			continue
		}
		if n.read(text) {
			found[name] = n
		}
	}
	return found
}

// read reads what noteOf wrote, and says whether it could.
func (n *note) read(text string) bool {
	parts := strings.Split(text, " ")
	if len(parts) != 3 {
		return false
	}
	var errs [3]error
	n.amount, errs[0] = strconv.ParseInt(parts[0], 10, 64)
	n.transaction, errs[1] = url.QueryUnescape(parts[1])
	n.item, errs[2] = url.QueryUnescape(parts[2])
	return errors.Join(errs[:]...) == nil
}

// voided is what was given up by notes.
func voided(pi *sdk.PaymentIntent) (sum int64) {
	for _, n := range notes(pi) {
		if n.operation == payment.Void {
			sum += n.amount
		}
	}
	return sum
}

// open is what can still be captured or given up.
func open(pi *sdk.PaymentIntent) int64 { return max(0, pi.AmountCapturable-voided(pi)) }

// capturesAgain reports whether a part may be captured without losing the rest.
func capturesAgain(pi *sdk.PaymentIntent) bool {
	if pi.LatestCharge == nil || pi.LatestCharge.PaymentMethodDetails == nil {
		return false
	}
	card := pi.LatestCharge.PaymentMethodDetails.Card
	return card != nil && card.Multicapture != nil && card.Multicapture.Status == sdk.ChargePaymentMethodDetailsCardMulticaptureStatusAvailable
}
