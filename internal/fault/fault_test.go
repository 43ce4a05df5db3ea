package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderstream/oms/internal/fault"
)

func TestClassificationSurvivesWrapping(t *testing.T) {
	err := fault.New(fault.Precondition, "order_final", "order %s is %s", "o1", "cancelled")
	err = fmt.Errorf("execute: %w", fmt.Errorf("decide: %w", err))

	if got := fault.KindOf(err); got != fault.Precondition {
		t.Errorf("kind %v, want %v", got, fault.Precondition)
	}
	if got := fault.ReasonOf(err); got != "order_final" {
		t.Errorf("reason %q, want order_final", got)
	}
	if got, want := fault.Public(err), "order o1 is cancelled"; got != want {
		t.Errorf("public text %q, want %q", got, want)
	}
}

func TestOutermostFaultWins(t *testing.T) {
	inner := fault.New(fault.NotFound, "order_not_found", "no such order")
	err := fault.Wrap(inner, fault.Unavailable, "log_unavailable", "try again later")
	if got := fault.KindOf(err); got != fault.Unavailable {
		t.Errorf("kind %v, want %v", got, fault.Unavailable)
	}
}

func TestUnclassifiedErrorsShowNothing(t *testing.T) {
	for name, err := range map[string]error{
		"plain":    errors.New("password=hunter2"),
		"internal": fault.New(fault.Internal, "broken", "password=hunter2"),
		"nil":      nil,
	} {
		t.Run(name, func(t *testing.T) {
			if got := fault.KindOf(err); got != fault.Internal {
				t.Errorf("kind %v, want internal", got)
			}
			if got := fault.Public(err); got != "internal error" {
				t.Errorf("public text %q", got)
			}
			if got := fault.Violations(err); got != nil {
				t.Errorf("violations %v", got)
			}
		})
	}
	if got := fault.ReasonOf(io.EOF); got != "internal" {
		t.Errorf("reason %q, want internal", got)
	}
}

func TestCauseIsForLogsOnly(t *testing.T) {
	err := fault.Wrap(io.ErrUnexpectedEOF, fault.Unavailable, "gateway_down", "the gateway does not answer")
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
	if got, want := err.Error(), "the gateway does not answer: unexpected EOF"; got != want {
		t.Errorf("log text %q, want %q", got, want)
	}
	if got, want := fault.Public(err), "the gateway does not answer"; got != want {
		t.Errorf("public text %q, want %q", got, want)
	}
}

func TestFaultServesAsSentinelByKindAndReason(t *testing.T) {
	sentinel := fault.New(fault.NotFound, "order_not_found", "")
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"same":         {fmt.Errorf("x: %w", fault.New(fault.NotFound, "order_not_found", "order o1")), true},
		"other reason": {fault.New(fault.NotFound, "sku_not_found", "sku s1"), false},
		"other kind":   {fault.New(fault.Conflict, "order_not_found", "order o1"), false},
		"no fault":     {io.EOF, false},
	} {
		if got := errors.Is(tt.err, sentinel); got != tt.want {
			t.Errorf("%s: Is = %v, want %v", name, got, tt.want)
		}
	}
}

func TestFieldsReportEveryViolationAtOnce(t *testing.T) {
	var f fault.Fields
	if !f.OK() || f.Err() != nil {
		t.Fatal("no violations, but an error")
	}
	f.Add("items[3].quantity", "must be at least %d", 1)
	f.Add("currency_code", "is not known")
	err := fmt.Errorf("create: %w", f.Err())

	if got := fault.KindOf(err); got != fault.Invalid {
		t.Errorf("kind %v, want invalid", got)
	}
	if got := fault.ReasonOf(err); got != fault.ReasonInvalid {
		t.Errorf("reason %q, want %q", got, fault.ReasonInvalid)
	}
	if got, want := fault.Public(err), "items[3].quantity: must be at least 1; currency_code: is not known"; got != want {
		t.Errorf("public text %q, want %q", got, want)
	}
	want := []fault.Violation{{"items[3].quantity", "must be at least 1"}, {"currency_code", "is not known"}}
	if diff := cmp.Diff(want, fault.Violations(err)); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

func TestErrorIsNotChangedByLaterViolations(t *testing.T) {
	var f fault.Fields
	f.Add("a", "x")
	err := f.Err()
	f.Add("b", "y")
	if got := fault.Violations(err); len(got) != 1 {
		t.Errorf("violations %v, want the one that was known", got)
	}
}

func TestFieldNamesTheField(t *testing.T) {
	if got, want := fault.Public(fault.Field("sku_id", "must not be empty")), "sku_id: must not be empty"; got != want {
		t.Errorf("public text %q, want %q", got, want)
	}
}

func TestEveryKindHasItsOwnName(t *testing.T) {
	seen := map[string]fault.Kind{}
	for k := fault.Internal; k <= fault.PermissionDenied; k++ {
		if other, dup := seen[k.String()]; dup {
			t.Errorf("%d and %d are both %q", other, k, k)
		}
		seen[k.String()] = k
	}
	if _, named := seen["kind(0)"]; named {
		t.Error("a kind has no name")
	}
	if got := fault.Kind(99).String(); got != "kind(99)" {
		t.Errorf("unknown kind is %q", got)
	}
}
