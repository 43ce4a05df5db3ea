package skava_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderstream/oms/internal/skava"
)

// models has every payload that has a sample, by the name of the sample.
var models = map[string]any{
	"CheckFraud":               skava.CheckFraud{},
	"InventoryBulkTransaction": skava.InventoryBulkTransaction{},
	"Notification":             skava.Notification{},
	"PaymentBulkTransaction":   skava.PaymentBulkTransaction{},
	"PreProcessInventory":      skava.PreProcessInventory{},
	"PreProcessPayment":        skava.PreProcessPayment{},
	"PreProcessPromotion":      skava.PreProcessPromotion{},
	"PromotionBulkTransaction": skava.PromotionBulkTransaction{},
	"InventoryReply":           skava.InventoryReply{},
	"PromotionReply":           skava.PromotionReply{},
	"PaymentReply":             skava.PaymentReply{},
	"FraudRequest":             skava.FraudRequest{},
	"FraudReply":               skava.FraudReply{},
}

// TestSamplesComeBackByteForByte keeps every key, its spelling, its place and
// its JSON type.
func TestSamplesComeBackByteForByte(t *testing.T) {
	for name, model := range models {
		t.Run(name, func(t *testing.T) {
			sample := read(t, name+".json")
			v := reflect.New(reflect.TypeOf(model))
			d := json.NewDecoder(bytes.NewReader(sample))
			d.DisallowUnknownFields()
			if err := d.Decode(v.Interface()); err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(v.Elem().Interface(), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(sample), string(got)+"\n"); diff != "" {
				t.Errorf("sample came back otherwise (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEverySampleHasAModel(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		if _, ok := models[name]; !ok && name != "events" {
			t.Errorf("%s is not tested", f)
		}
	}
}

func TestChannelsAreThoseOfTheSourceSystem(t *testing.T) {
	type row struct {
		Name    string            `json:"name"`
		Stream  string            `json:"stream"`
		Subject string            `json:"subject"`
		Kind    string            `json:"kind"`
		Headers map[string]string `json:"headers"`
	}
	var want []row
	if err := json.Unmarshal(read(t, "events.json"), &want); err != nil {
		t.Fatal(err)
	}
	channels := skava.Channels()
	if len(channels) != len(want) {
		t.Fatalf("%d channels, want %d", len(channels), len(want))
	}
	for i, c := range channels {
		got := row{want[i].Name, c.Stream, c.Subject, c.Kind, c.Headers()}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want[i].Name, diff)
		}
		if found, ok := skava.ChannelOf(c.Subject); !ok || found != c {
			t.Errorf("ChannelOf(%s) = %v, %v", c.Subject, found, ok)
		}
	}
	if c, ok := skava.ChannelOf(skava.QueueFraud); ok {
		t.Errorf("the source system has a fraud queue: %v", c)
	}
}

func TestOptionalFieldsAreLeftOutNotEmpty(t *testing.T) {
	got, err := json.Marshal(skava.PaymentBulkTransaction{Transactions: []skava.PaymentTransaction{
		{Value: 100, Type: skava.PaymentAuth, PaymentItemID: "p1"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"transactions":[{"value":100,"type":"AUTH","paymentItemId":"p1","responseCode":"","responseMessage":"","createdBy":"","createdTime":0}],"allOrNone":false}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPaymentTransactionIsDoneOnceItsStateIsItsType(t *testing.T) {
	for status, want := range map[string]bool{"": false, skava.PaymentPending: false, skava.PaymentFailed: false, skava.PaymentCharge: true, skava.PaymentAuth: false} {
		tx := skava.PaymentTransaction{Type: skava.PaymentCharge, Status: status}
		if got := tx.Done(); got != want {
			t.Errorf("status %q: done %v, want %v", status, got, want)
		}
	}
	if (skava.PaymentTransaction{}).Done() {
		t.Error("an empty transaction counts as done")
	}
}

func TestPropertyIsFoundByName(t *testing.T) {
	tx := skava.PaymentTransaction{Properties: []skava.Property{{Name: skava.PropertyCurrency, Value: "GBP"}}}
	if got := tx.Property(skava.PropertyCurrency); got != "GBP" {
		t.Errorf("currency %q", got)
	}
	if got := tx.Property(skava.PropertyToken); got != "" {
		t.Errorf("token %q", got)
	}
}

func TestTimesAreMillisecondsButSecondsAreUnderstood(t *testing.T) {
	for n, want := range map[int64]time.Time{
		0:             {},
		1548328965:    time.Date(2019, 1, 24, 11, 22, 45, 0, time.UTC),
		1516789034567: time.Date(2018, 1, 24, 10, 17, 14, 567e6, time.UTC),
	} {
		if got := skava.Time(n); !got.Equal(want) {
			t.Errorf("Time(%d) = %v, want %v", n, got, want)
		}
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 5e6, time.UTC)
	if got := skava.Time(skava.Millis(now)); !got.Equal(now) {
		t.Errorf("%v came back as %v", now, got)
	}
	if got := skava.Millis(time.Time{}); got != 0 {
		t.Errorf("no time is written as %d", got)
	}
}

// FuzzDecode feeds any bytes to every model: it may refuse them, but not
// panic, and what it took comes back the same, also with a key it cannot know.
func FuzzDecode(f *testing.F) {
	for name := range models {
		f.Add(read(f, name+".json"))
	}
	f.Add([]byte(`null`))
	f.Add([]byte(`{"transactions":[{"value":9223372036854775808}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for name, model := range models {
			first, ok := decode(model, data)
			if !ok {
				continue
			}
			written, err := json.Marshal(first)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			extended := append([]byte(`{"a key from a later release":[{}],`), written[1:]...)
			if string(written) == "{}" {
				extended = []byte(`{"a key from a later release":[{}]}`)
			}
			again, ok := decode(model, extended)
			if !ok {
				t.Fatalf("%s: does not read %s", name, extended)
			}
			rewritten, err := json.Marshal(again)
			if err != nil || !bytes.Equal(written, rewritten) {
				t.Fatalf("%s: %s came back as %s, %v", name, written, rewritten, err)
			}
		}
	})
}

func decode(model any, data []byte) (any, bool) {
	v := reflect.New(reflect.TypeOf(model))
	if err := json.Unmarshal(data, v.Interface()); err != nil {
		return nil, false
	}
	return v.Elem().Interface(), true
}

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
