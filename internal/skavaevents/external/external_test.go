package external_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/skavaevents/external"
)

var update = flag.Bool("update", false, "rewrite golden files")

var (
	noon    = time.Date(2023, 4, 24, 6, 25, 43, 767_000_000, time.UTC)
	config  = external.Config{Enabled: true, Fat: true, Account: "769072969658", Region: "us-east-1"}
	happen  = external.Happening{Type: external.OrderPatchUpdate, EventID: "01J.0", OrderID: "185de16879co0to", Time: noon, Actor: "111"}
	ordered = &orderv1.Order{
		OrderId: "185de16879co0to", OrderNumber: 7, CollectionId: 1, CurrencyCode: "USD", Channel: "web", StoreId: "s1", Locale: "en-US",
		Status: orderv1.OrderStatus_ORDER_STATUS_SHIPPED, PaymentStatus: "Paid", OrderType: orderv1.OrderType_ORDER_TYPE_STANDARD,
		Customer: &orderv1.Customer{CustomerId: "USER1", FirstName: "John", LastName: "Smith", Email: "someone@example.com"},
		Items: []*orderv1.OrderItem{{
			ItemId: "1", SkuId: "shoe", Quantity: 2, Shipped: 2, UnitPrice: usd(500), Total: usd(1000), Status: orderv1.OrderStatus_ORDER_STATUS_SHIPPED,
		}},
		Payments: []*orderv1.OrderPayment{{PaymentItemId: "p1", Gateway: "simulated", Amount: usd(1000), Captured: usd(1000)}},
		Totals:   &orderv1.Totals{Items: usd(1000), Total: usd(1000)}, Due: usd(1000),
		Notes:     []*orderv1.OrderNote{{NoteId: "n1", Text: "leave with the neighbour", Author: "ada", At: timestamppb.New(noon)}},
		Packages:  []*orderv1.OrderPackage{{PackageId: "k1", Status: "shipped", Carrier: "UPS", TrackingNumber: "1Z"}},
		CreatedAt: timestamppb.New(noon), UpdatedAt: timestamppb.New(noon),
	}
)

func usd(minor int64) *moneyv1.Money { return &moneyv1.Money{CurrencyCode: "USD", MinorUnits: minor} }

// TestEventsOutsideLookAsTheyDid shows the thin event, the fat one, and the fat
// one of each enricher.
func TestEventsOutsideLookAsTheyDid(t *testing.T) {
	show(t, "thin", config.Thin(happen))
	for _, enricher := range []string{"", "PublicPayload", "WithoutPersons"} {
		c := config
		c.Enricher = enricher
		fat, err := c.FatWith(happen, external.OrderOf(ordered, nil))
		if err != nil {
			t.Fatal(err)
		}
		show(t, strings.TrimSuffix("fat_"+strings.ToLower(enricher), "_"), fat)
	}
}

func show(t *testing.T, name string, e external.Envelope) {
	t.Helper()
	got, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := "testdata/" + name + ".golden.json"
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Errorf("%s (-want +got), rewrite it with -update:\n%s", path, diff)
	}
}

func TestAnEnricherThatNobodyKnowsIsRefused(t *testing.T) {
	c := config
	c.Enricher = "com.example.Enricher"
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "PublicPayload, WithoutPersons") {
		t.Errorf("got %v", err)
	}
	if err := (external.Config{}).Check(); err != nil {
		t.Error(err)
	}
}

func TestTheSameEventHasTheSameEnvelopeId(t *testing.T) {
	other := happen
	other.EventID = "01J.1"
	a, b, c := config.Thin(happen).ID, config.Thin(happen).ID, config.Thin(other).ID
	if a != b || a == c || len(a) != 36 || a[14] != '5' {
		t.Errorf("ids %s, %s, %s", a, b, c)
	}
}

func TestSubjectsAreThoseOfTheContract(t *testing.T) {
	if got := external.Subject(external.NoteCreate); got != "ext.omsservices.note.create" {
		t.Errorf("subject %q", got)
	}
}
