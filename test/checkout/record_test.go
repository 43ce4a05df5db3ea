package checkout_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"

	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/testkit"
)

var update = flag.Bool("update", false, "rewrite golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), write it anew with -update:\n%s", path, diff)
	}
}

// events are the stored events of an order.
func (s *shop) events(t *testing.T, id string) []*logv1.RecordedEvent {
	t.Helper()
	res, err := s.Events().ListOrderEvents(testkit.Lasting(t), &logv1.ListOrderEventsRequest{OrderId: id})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetEvents()
}

// count counts the events of a type, such as "OrderCancelRequested".
func count(events []*logv1.RecordedEvent, kind string) (n int) {
	for _, e := range events {
		if strings.HasSuffix(e.GetType(), "."+kind) {
			n++
		}
	}
	return n
}

// record tells everything that became of an order, without ids and times: how
// it stands, its events, what was published of it and what money moved.
func (s *shop) record(t *testing.T, id string, said map[string][]string) string {
	t.Helper()
	var b strings.Builder
	saga := s.Saga(t, id)
	fmt.Fprintln(&b, "status   ", strings.TrimSpace(strings.ToLower(strings.TrimPrefix(saga.GetStatus().String(), "ORDER_STATUS_"))+" "+saga.GetReason()))
	for _, e := range s.events(t, id) {
		name := e.GetType()[strings.LastIndexByte(e.GetType(), '.')+1:]
		fmt.Fprintln(&b, strings.TrimRight("event     "+name+" "+strings.ReplaceAll(details(e.GetData()), id+":", ""), " "))
	}
	for _, subject := range said[id] {
		fmt.Fprintln(&b, "published", subject)
	}
	ledger := s.Ledger(t, id)
	for _, x := range ledger.GetTransactions() {
		fmt.Fprintf(&b, "money     %s %d %s %s\n", strings.ReplaceAll(x.GetTransactionId(), id+":", ""), x.GetAmount().GetMinorUnits(), x.GetResponseCode(), x.GetResponseMessage())
	}
	for _, i := range ledger.GetItems() {
		fmt.Fprintf(&b, "ledger    %s authorized %d captured %d refunded %d\n", i.GetPaymentItemId(),
			i.GetAuthorized().GetMinorUnits(), i.GetCaptured().GetMinorUnits(), i.GetRefunded().GetMinorUnits())
	}
	return b.String()
}

// told are the fields of events that a reader wants to see, in this order.
var told = []string{"requestId", "attempt", "responseCode", "responseMessage", "verdict", "reason", "message", "cancelledBy", "requestedBy", "paid"}

// details are the told fields of an event.
func details(data *structpb.Struct) string {
	var words []string
	f := data.GetFields()
	for _, name := range told {
		v, ok := f[name]
		switch {
		case !ok:
		case name == "attempt" && v.GetNumberValue() == 1:
		case name == "paid" || name == "attempt":
			words = append(words, fmt.Sprintf("%s=%v", name, v.AsInterface()))
		default:
			words = append(words, v.GetStringValue())
		}
	}
	for _, r := range f["refused"].GetListValue().GetValues() {
		words = append(words, "refused="+r.GetStringValue())
	}
	for _, x := range f["transactions"].GetListValue().GetValues() {
		x := x.GetStructValue().GetFields()
		parts := []string{x["transactionId"].GetStringValue(), x["amountMinor"].GetStringValue()}
		if code := x["responseCode"].GetStringValue(); code != "" {
			parts = append(parts, code)
		}
		words = append(words, "["+strings.Join(parts, " ")+"]")
	}
	return strings.Join(words, " ")
}

// said are the published subjects of each order, those of a stream in the
// order in which they were published.
func (s *shop) said(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, stream := range []string{skava.StreamNotifications, skava.StreamProcess} {
		for _, n := range s.Notifications(t, stream) {
			all[n.OrderID] = append(all[n.OrderID], n.Subject)
		}
	}
	return all
}

// kinds are the types of events without their package.
func kinds(events []*logv1.RecordedEvent) []string {
	var names []string
	for _, e := range events {
		names = append(names, e.GetType()[strings.LastIndexByte(e.GetType(), '.')+1:])
	}
	return slices.Clip(names)
}
