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
	order.CancelItems{Lines: one},
	dearer,
	order.Patch{Status: order.ReadyToShip},
	order.Patch{Status: order.Delivered},
	order.Update{},
	order.EditMetadata{},
	order.AddNote{Text: "call first"},
	order.Hold{Reason: "wait"},
	order.Release{Reason: "go on"},
	order.Delete{},
	order.Pack{Lines: one},
	order.SubmitPackage{PackageID: "k1"},
	order.SplitPackage{PackageID: "k1", Into: [][]order.Units{one, one}},
	order.UpdatePackage{PackageID: "k1", Status: order.PackageShipped},
	order.UpdatePackage{PackageID: "k1", Status: order.PackageDelivered},
	order.Ship{},
	order.SubmitReturn{Lines: one},
	order.AcceptReturn{ReturnID: "r3", Restock: true},
	order.RejectReturn{ReturnID: "r3"},
	order.Replace{OrderID: "order-replace-01", Lines: one},
	order.CreateLinked{},
	order.Import{Create: validCreate()},
	order.CreateInvoice{Invoice: order.Invoice{ID: "i1"}},
	order.UpdateInvoice{Invoice: order.Invoice{ID: "i1"}},
	order.Review{Accept: true, Reason: "known customer"},
	order.Review{Accept: false, Reason: "stolen card"},
	order.RetryPayment{},
	order.RetryPayment{Payments: []order.PaymentItem{{Token: "tok-2"}}},
	order.Answer{Step: orderv1.Step_STEP_RESERVE_INVENTORY, RequestID: "r1", Succeeded: true, Code: "200"},
	order.Wake{},
	order.Resume{Reason: "provider is back"},
	order.Skip{Reason: "counted by hand"},
	order.Compensate{Reason: "give up"},
	order.GiveBackCredit{RequestID: "order-exchange-1:return_credit:1", From: "order-exchange-1", Minor: 500, Now: noon},
	order.NotePayment{RecordID: "recorded:1", Number: 7001, Minor: 2000, Method: "cash", By: "ann", Now: noon},
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
	{"on_hold, operator", onward(order.Hold{})},
	{"ready_to_edit", onward(order.Patch{Status: order.ReadyToEdit})},
	{"freeze_edit", onward(order.Patch{Status: order.FreezeEdit})},
	{"ready_to_ship", onward(order.Patch{Status: order.ReadyToShip})},
	{"ready_to_ship, packed", then(packed, order.Patch{Status: order.ReadyToShip})},
	{"submitted_to_fulfillment", onward(order.Patch{Status: order.SubmittedToFulfillment})},
	{"unable_to_ship", onward(order.Patch{Status: order.ReadyToShip}, order.Patch{Status: order.UnableToShip})},
	{"partially_shipped", onward(order.Ship{PackageID: "k1", Lines: one})},
	{"shipped", shipped},
	{"unable_to_deliver", then(shipped, order.UpdatePackage{PackageID: "k1", Status: order.PackageUndeliverable})},
	{"delivered", then(shipped, order.UpdatePackage{PackageID: "k1", Status: order.PackageDelivered})},
	{"return_submitted", comingBack},
	{"returned", returned},
	{"deleted", events(created, compensating, cancelled, &orderv1.OrderDeleted{})},
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
			fmt.Fprintf(&b, "%-25s %-22s %s\n", s.name, show(c), outcome(es, err))
		}
		b.WriteString("\n")
	}
	for _, s := range order.Statuses() {
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
	case order.Patch:
		return name + " " + c.Status.String()
	case order.UpdatePackage:
		return name + " " + strings.ToLower(strings.TrimPrefix(c.Status.String(), "PACKAGE_STATUS_"))
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
	if got, want := len(order.Statuses()), len(orderv1.OrderStatus_name); got != want {
		t.Fatalf("%d statuses, the API has %d", got, want)
	}
	for _, s := range order.Statuses()[1:] {
		want := strings.ToLower(strings.TrimPrefix(orderv1.OrderStatus(s).String(), "ORDER_STATUS_"))
		if s.String() != want {
			t.Errorf("status %d is %s, in the API %s", s, s, want)
		}
	}
}

func TestEveryStatusCanBeReachedAndASaleEndsOnlyOneWayOrTheOther(t *testing.T) {
	for _, s := range order.Statuses() {
		reached := s == order.None
		for _, from := range order.Statuses() {
			reached = reached || from.CanBecome(s)
		}
		if !reached {
			t.Errorf("nothing becomes %s", s)
		}
		if got, want := s.Final(), s == order.Cancelled || s == order.Returned || s == order.Deleted; got != want {
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
