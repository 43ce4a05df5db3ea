package simulated_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orderstream/oms/payment"
	"github.com/orderstream/oms/payment/gateway"
	"github.com/orderstream/oms/payment/gatewaytest"
	"github.com/orderstream/oms/payment/simulated"
)

// open returns a gateway that is closed with the test.
func open(tb testing.TB, c simulated.Config) *simulated.Gateway {
	tb.Helper()
	g, err := simulated.Open(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := g.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return g
}

func onDisk(tb testing.TB) simulated.Config {
	tb.Helper()
	return simulated.Config{Path: filepath.Join(tb.TempDir(), "gateway.db")}
}

// failer is a test, or a property's test.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func TestContract(t *testing.T) {
	t.Run("disk", func(t *testing.T) {
		gatewaytest.Run(t, func(t *testing.T) gateway.Gateway {
			t.Helper()
			return open(t, onDisk(t))
		})
	})
	t.Run("memory", func(t *testing.T) {
		gatewaytest.Run(t, func(t *testing.T) gateway.Gateway {
			t.Helper()
			return open(t, simulated.Config{Memory: true})
		})
	})
}

func authorize(key, token string) gateway.Call {
	return gateway.Call{IdempotencyKey: key, AmountMinor: 1000, Currency: "GBP", Token: token}
}

// answer is how a call was answered, in short.
func answer(r gateway.Result, err error) string {
	switch {
	case errors.Is(err, gateway.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, gateway.ErrUnknownOutcome):
		return "unknown"
	case err != nil:
		return err.Error()
	case r.Twice:
		return r.Code + " twice"
	}
	return r.Code
}

func TestScriptedOutcomesAreUsedInTurn(t *testing.T) {
	g := open(t, simulated.Config{Memory: true, LateAfter: time.Nanosecond})
	script := []simulated.Outcome{
		simulated.Decline, simulated.Timeout, simulated.Unavailable, simulated.AnswerTwice, simulated.AnswerLate, simulated.Approve, simulated.Decline,
	}
	if err := g.Script(t.Context(), "card", script...); err != nil {
		t.Fatal(err)
	}
	for n, want := range []string{"402", "unknown", "unavailable", "200 twice", "200", "200", "402", "402"} {
		if got := answer(g.Authorize(t.Context(), authorize(fmt.Sprint(n), "card"))); got != want {
			t.Errorf("call %d answered %s, want %s", n, got, want)
		}
	}
	for n, want := range []string{"402", "200", "402", "200", "200", "200", "402", "402"} {
		if got := answer(g.Authorize(t.Context(), authorize(fmt.Sprint(n), "card"))); got != want {
			t.Errorf("call %d answered %s when repeated, want %s", n, got, want)
		}
	}
	if err := g.Script(t.Context(), "card"); err != nil {
		t.Fatal(err)
	}
	if got := answer(g.Authorize(t.Context(), authorize("after", "card"))); got != "200" {
		t.Errorf("without its script the token answers %s", got)
	}
	if err := g.Script(t.Context(), "", simulated.Decline); err == nil {
		t.Error("a script for no token was taken")
	}
}

func TestScriptAlsoDecidesCallsOnItsAuthorizations(t *testing.T) {
	g := open(t, simulated.Config{Memory: true})
	if err := g.Script(t.Context(), "card", simulated.Approve, simulated.Decline, simulated.Approve); err != nil {
		t.Fatal(err)
	}
	r, err := g.Authorize(t.Context(), authorize("a", "card"))
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []string{"402", "200"} {
		c := gateway.Call{IdempotencyKey: fmt.Sprint("c", n), Reference: r.Reference, AmountMinor: 1000, Currency: "GBP"}
		if got := answer(g.Capture(t.Context(), c)); got != want {
			t.Errorf("capture %d answered %s, want %s", n, got, want)
		}
	}
}

func TestTokensNeedNoScript(t *testing.T) {
	for token, want := range map[string]struct{ authorize, again, capture string }{
		"anything":                     {"200", "200", "200"},
		simulated.TokenDecline:         {"402", "402", "422"},
		simulated.TokenTimeout:         {"unknown", "200", "unknown"},
		simulated.TokenLate:            {"200", "200", "200"},
		simulated.TokenTwice:           {"200 twice", "200", "200 twice"},
		simulated.TokenUnavailableOnce: {"unavailable", "200", "unavailable"},
		simulated.TokenCaptureDecline:  {"200", "200", "402"},
	} {
		t.Run(token, func(t *testing.T) {
			g := open(t, simulated.Config{Memory: true, LateAfter: time.Nanosecond})
			if got := answer(g.Authorize(t.Context(), authorize("a", token))); got != want.authorize {
				t.Errorf("authorize answered %s, want %s", got, want.authorize)
			}
			r, err := g.Authorize(t.Context(), authorize("a", token))
			if got := answer(r, err); got != want.again {
				t.Errorf("authorize again answered %s, want %s", got, want.again)
			}
			c := gateway.Call{IdempotencyKey: "c", Reference: r.Reference, AmountMinor: 1000, Currency: "GBP"}
			if got := answer(g.Capture(t.Context(), c)); got != want.capture {
				t.Errorf("capture answered %s, want %s", got, want.capture)
			}
		})
	}
}

func TestLateAnswerCanBeCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := open(t, simulated.Config{Memory: true})
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := g.Authorize(ctx, authorize("a", simulated.TokenLate)); !errors.Is(err, gateway.ErrUnknownOutcome) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the outcome unknown after the deadline", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("cut after %v, want 1s", took)
		}
		start = time.Now()
		if got := answer(g.Authorize(t.Context(), authorize("b", simulated.TokenLate))); got != "200" {
			t.Errorf("answered %s", got)
		}
		if took := time.Since(start); took != simulated.DefaultLateAfter {
			t.Errorf("answered after %v, want %v", took, simulated.DefaultLateAfter)
		}
		reserved, err := g.Reserved()
		if diff := cmp.Diff(map[string]int64{"GBP": 2000}, reserved); diff != "" || err != nil {
			t.Errorf("reserved (-want +got), %v:\n%s", err, diff)
		}
	})
}

func TestRestartForgetsNothing(t *testing.T) {
	config := onDisk(t)
	before, err := simulated.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := before.Script(t.Context(), "card", simulated.Timeout, simulated.Approve, simulated.Decline); err != nil {
		t.Fatal(err)
	}
	if got := answer(before.Authorize(t.Context(), authorize("a", "card"))); got != "unknown" {
		t.Fatalf("answered %s", got)
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	if got := answer(before.Authorize(t.Context(), authorize("b", "card"))); got != "unavailable" {
		t.Errorf("a closed gateway answers %s", got)
	}

	g := open(t, config)
	r, err := g.Lookup(t.Context(), authorize("a", "card"))
	if err != nil || !r.Approved {
		t.Fatalf("lookup: %+v, %v; want the approval that was never told", r, err)
	}
	for _, step := range []struct {
		do   func(context.Context, gateway.Call) (gateway.Result, error)
		key  string
		want string
	}{
		{g.Capture, "c", "200"}, {g.Capture, "c", "200"}, {g.Refund, "r", "402"},
	} {
		c := gateway.Call{IdempotencyKey: step.key, Reference: r.Reference, AmountMinor: 700, Currency: "GBP"}
		if got := answer(step.do(t.Context(), c)); got != step.want {
			t.Errorf("%s answered %s, want %s", step.key, got, step.want)
		}
	}
	checkTotals(t, g, 700, 0, 300)
	calls, err := g.Calls()
	if diff := cmp.Diff(map[string]int{"a": 1, "c": 2, "r": 1}, calls); diff != "" || err != nil {
		t.Errorf("calls (-want +got), %v:\n%s", err, diff)
	}
}

// checkTotals compares the gateway's totals in pounds.
func checkTotals(t failer, g *simulated.Gateway, charged, refunded, reserved int64) {
	t.Helper()
	for name, total := range map[string]struct {
		of   func() (map[string]int64, error)
		want int64
	}{
		"charged": {g.Charged, charged}, "refunded": {g.Refunded, refunded}, "reserved": {g.Reserved, reserved},
	} {
		if got, err := total.of(); err != nil || got["GBP"] != total.want {
			t.Fatalf("%s %v, %v; want %d", name, got, err, total.want)
		}
	}
}

func TestLedgerIsOpenOnce(t *testing.T) {
	if _, err := simulated.Open(simulated.Config{Path: t.TempDir()}); err == nil {
		t.Error("a folder was opened as a ledger")
	}
}

func TestKeysAreBounded(t *testing.T) {
	g := open(t, simulated.Config{Memory: true})
	long := string(make([]byte, 256))
	if _, err := g.Authorize(t.Context(), authorize(long, "card")); err == nil {
		t.Error("a key of 256 bytes was taken")
	}
	if _, err := g.Lookup(t.Context(), authorize("", "card")); err == nil {
		t.Error("a lookup without key was answered")
	}
}

// do makes a call of any operation.
func do(ctx context.Context, g *simulated.Gateway, o payment.Operation, c gateway.Call) (gateway.Result, error) {
	switch o { //nolint:exhaustive // nothing else is asked
	case payment.Capture:
		return g.Capture(ctx, c)
	case payment.Void:
		return g.Void(ctx, c)
	case payment.Refund:
		return g.Refund(ctx, c)
	default:
		return g.Authorize(ctx, c)
	}
}

// TestTotalsMatchTheAnswers draws calls and adds up what was answered: the
// ledger has exactly that.
func TestTotalsMatchTheAnswers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g, err := simulated.Open(simulated.Config{Memory: true})
		if err != nil {
			rt.Fatal(err)
		}
		var references []string
		var authorized, voided, captured, refunded int64
		seen := map[string]bool{}
		for range rapid.IntRange(1, 40).Draw(rt, "calls") {
			key := fmt.Sprint(rapid.IntRange(1, 30).Draw(rt, "key"))
			c := gateway.Call{IdempotencyKey: key, AmountMinor: rapid.Int64Range(-1, 9).Draw(rt, "amount"), Currency: "GBP", Token: "card"}
			o := rapid.SampledFrom([]payment.Operation{payment.Authorize, payment.Capture, payment.Void, payment.Refund}).Draw(rt, "operation")
			if o != payment.Authorize && len(references) > 0 {
				c.Reference = rapid.SampledFrom(references).Draw(rt, "reference")
			}
			r, err := do(t.Context(), g, o, c)
			if err != nil || !r.Approved || seen[key] {
				continue
			}
			seen[key] = true
			switch o { //nolint:exhaustive // nothing else is drawn
			case payment.Authorize:
				authorized += c.AmountMinor
				references = append(references, r.Reference)
			case payment.Capture:
				captured += c.AmountMinor
			case payment.Void:
				voided += c.AmountMinor
			case payment.Refund:
				refunded += c.AmountMinor
			}
			checkTotals(rt, g, captured, refunded, authorized-voided-captured)
			if captured+voided > authorized || refunded > captured {
				rt.Fatalf("authorized %d, voided %d, captured %d, refunded %d", authorized, voided, captured, refunded)
			}
		}
	})
}
