package order_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

// everyCommand has each command of the package at least once; a test sees to
// that.
var everyCommand = []command{
	validCreate(),
	order.Cancel{Reason: "changed my mind", By: "ada"},
	order.Review{Accept: true, Reason: "known customer"},
	order.Review{Accept: false, Reason: "stolen card"},
	order.RetryPayment{},
	order.RetryPayment{Payments: []order.PaymentItem{{Token: "tok-2"}}},
	order.Answer{Step: orderv1.Step_STEP_RESERVE_INVENTORY, RequestID: "r1", Succeeded: true, Code: "200"},
	order.Wake{},
	order.Resume{Reason: "provider is back"},
	order.Skip{Reason: "counted by hand"},
	order.Compensate{Reason: "give up"},
}

type situation struct {
	name  string
	given []proto.Message
}

// everySituation has each status at least once; a test sees to that.
var everySituation = []situation{
	{"none", nil},
	{"created", events(created)},
	{"created, waiting", events(created, reserving)},
	{"on_hold, review", events(created, reserving, reserved, checking, suspicious, forReview)},
	{"on_hold, payment", events(created, reserving, reserved, authorizing, declined, forPayment)},
	{"on_hold, half paid", events(created, reserving, reserved, authorizing, halfPaid, forPayment)},
	{"submitted", events(created, reserving, reserved, confirmed)},
	{"cancelling, asked", events(created, cancelRequested)},
	{"cancelling, waiting", events(created, reserving, reserved, compensating, releasing)},
	{"cancelling, parked", events(created, reserving, reserved, compensating, releasing, notReleased, parked)},
	{"cancelled", events(created, reserving, reserved, compensating, cancelled)},
}

// TestMatrix shows what every command does in every status, for reviewers.
func TestMatrix(t *testing.T) {
	seen := make(map[order.Status]bool)
	var b strings.Builder
	for _, s := range everySituation {
		o := fold(s.given...)
		seen[o.Status] = true
		if !strings.HasPrefix(s.name, o.Status.String()) {
			t.Errorf("situation %q has status %s", s.name, o.Status)
		}
		for _, c := range everyCommand {
			es, err := c.Decide(o)
			fmt.Fprintf(&b, "%-20s %-22s %s\n", s.name, show(c), outcome(es, err))
		}
		b.WriteString("\n")
	}
	for s := order.None; s <= order.Cancelled; s++ {
		if !seen[s] {
			t.Errorf("no situation has status %s", s)
		}
	}
	golden(t, "testdata/matrix.golden", b.String())
}

func show(c command) string {
	name := strings.TrimPrefix(fmt.Sprintf("%T", c), "order.")
	switch c := c.(type) {
	case order.Review:
		if c.Accept {
			return name + " accept"
		}
		return name + " reject"
	case order.RetryPayment:
		if len(c.Payments) > 0 {
			return name + " other"
		}
	}
	return name
}

func outcome(es []proto.Message, err error) string {
	if err != nil {
		return fmt.Sprintf("%s: %s", fault.KindOf(err), fault.ReasonOf(err))
	}
	if len(es) == 0 {
		return "-"
	}
	var names []string
	for _, e := range es {
		names = append(names, string(e.ProtoReflect().Descriptor().Name()))
	}
	return strings.Join(names, ", ")
}

func TestMatrixHasEveryCommand(t *testing.T) {
	var got []string
	for _, c := range everyCommand {
		got = append(got, reflect.TypeOf(c).Name())
	}
	slices.Sort(got)
	if want := deciders(t); !slices.Equal(slices.Compact(got), want) {
		t.Errorf("the matrix has %v, the package %v", slices.Compact(got), want)
	}
}

// deciders are the types of the package with a Decide method, from its source.
func deciders(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil && fn.Name.Name == "Decide" {
				out = append(out, fn.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestStatusHasTheNumberAndNameOfTheAPI(t *testing.T) {
	if got, want := int(order.Cancelled)+1, len(orderv1.OrderStatus_name); got != want {
		t.Fatalf("%d statuses, the API has %d", got, want)
	}
	for s := order.Created; s <= order.Cancelled; s++ {
		want := strings.ToLower(strings.TrimPrefix(orderv1.OrderStatus(s).String(), "ORDER_STATUS_"))
		if s.String() != want {
			t.Errorf("status %d is %s, in the API %s", s, s, want)
		}
	}
}

func TestEveryStatusCanBeReachedAndOnlyCancelledIsFinal(t *testing.T) {
	for s := order.None; s <= order.Cancelled; s++ {
		reached := s == order.None
		for from := order.None; from <= order.Cancelled; from++ {
			reached = reached || from.CanBecome(s)
		}
		if !reached {
			t.Errorf("nothing becomes %s", s)
		}
		if got, want := s.Final(), s == order.Cancelled; got != want {
			t.Errorf("%s: final %v, want %v", s, got, want)
		}
	}
}

func TestDiagramShowsTheMoves(t *testing.T) {
	golden(t, "../docs/states/order.mmd", order.Mermaid())
}

// TestCommandsSurviveTheirEncoding is what lets them travel to the process
// that owns the order.
func TestCommandsSurviveTheirEncoding(t *testing.T) {
	for _, want := range everyCommand {
		got := reflect.New(reflect.TypeOf(want))
		if err := cbor.Unmarshal(encode(t, want), got.Interface()); err != nil {
			t.Fatalf("%T: %v", want, err)
		}
		if diff := cmp.Diff(want, got.Elem().Interface()); diff != "" {
			t.Errorf("%T (-want +got):\n%s", want, diff)
		}
	}
}
