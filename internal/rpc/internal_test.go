package rpc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

func TestEveryProcedureSaysWhatItNeeds(t *testing.T) {
	n := 0
	for _, f := range files {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				n++
				procedure := fmt.Sprintf("/%s/%s", s.FullName(), s.Methods().Get(j).Name())
				if _, ok := access[procedure]; !ok {
					t.Errorf("%s is not in the table of access", procedure)
				}
			}
		}
	}
	if n != len(access) {
		t.Errorf("%d procedures, but %d in the table of access", n, len(access))
	}
}

func TestEveryKindOfFaultHasACode(t *testing.T) {
	for k := fault.Internal; k <= fault.PermissionDenied; k++ {
		if _, ok := codes[k]; !ok {
			t.Errorf("%s has no code", k)
		}
	}
}

func TestAnErrorOfOursShowsNothingAndIsLogged(t *testing.T) {
	var said bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&said, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	for _, err := range []error{
		errors.New("open /secret/path"),
		fmt.Errorf("read: %w", fault.New(fault.Internal, "bug", "in /secret/path")),
		recovered(t.Context(), func(context.Context) error { panic("in /secret/path") }),
	} {
		said.Reset()
		e := toError(t.Context(), "/oms.x/Y", err)
		if e.Code() != connect.CodeInternal || strings.Contains(e.Error(), "secret") || len(e.Details()) != 1 {
			t.Errorf("%v becomes %v", err, e)
		}
		if !strings.Contains(said.String(), "secret") || !strings.Contains(said.String(), "/oms.x/Y") {
			t.Errorf("logged: %q", said.String())
		}
	}
}

func TestACallerThatIsGoneIsNoErrorOfOurs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if e := toError(ctx, "", fmt.Errorf("follow: %w", context.Canceled)); e.Code() != connect.CodeCanceled {
		t.Errorf("got %v", e)
	}
	if e := toError(t.Context(), "", context.Canceled); e.Code() != connect.CodeInternal {
		t.Errorf("cancelled by ourselves: %v", e)
	}
}

func TestTheHooksSeeEveryCall(t *testing.T) {
	var seen []string
	clock := time.Unix(0, 0)
	o := outcome{now: func() time.Time { clock = clock.Add(time.Second); return clock }, hooks: Hooks{
		Called: func(_ context.Context, procedure string, code connect.Code, took time.Duration) {
			seen = append(seen, fmt.Sprint(procedure, " ", uint32(code), " ", took))
		},
	}}
	_ = o.around(t.Context(), "/a", func(context.Context) error { return nil })
	_ = o.around(t.Context(), "/b", func(context.Context) error { return fault.New(fault.NotFound, "x", "x") })
	if want := []string{"/a 0 1s", "/b 5 1s"}; !slices.Equal(seen, want) {
		t.Errorf("saw %q, want %q", seen, want)
	}
}

func TestOrderIDsAreValidAndSortByTime(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	last := ""
	for i := range 1000 {
		id := newOrderID(noon.Add(time.Duration(i) * time.Millisecond))
		if !order.ValidID(id) || seen[id] || id <= last {
			t.Fatalf("%q after %q", id, last)
		}
		seen[id], last = true, id
		if again := newOrderID(noon); len(id) != 25 || again == id {
			t.Fatalf("%q and %q", id, again)
		}
	}
}

func TestTheIDOfAKeyFollowsFromTenantAndKey(t *testing.T) {
	ids := map[string]bool{}
	for _, tenant := range []string{"default", "uk"} {
		for _, key := range []string{"a", "b", "\x00a", strings.Repeat("k", 128)} {
			id := orderIDOf(tenant, key)
			if !order.ValidID(id) || ids[id] || id != orderIDOf(tenant, key) {
				t.Errorf("%s of %q in %s", id, key, tenant)
			}
			ids[id] = true
		}
	}
	if got, want := orderIDOf("default", "a"), "k-d4rt3pwpjxjb545cepye"; got != want {
		t.Errorf("%s, want %s: orders that are stored would not be found again", got, want)
	}
}

func TestANoteAboutABodyCannotBeForged(t *testing.T) {
	ours, theirs := newDecoder(), newDecoder()
	m := &orderv1.GetOrderRequest{}
	if err := theirs.leave(m, fault.Field("x", "forged")); err != nil {
		t.Fatal(err)
	}
	if err := ours.failure(m); err != nil {
		t.Errorf("believed: %v", err)
	}
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := (binaryCodec{ours}).Unmarshal(raw, m); err != nil || ours.failure(m) != nil {
		t.Errorf("believed after a journey: %v, %v", err, ours.failure(m))
	}
}

func TestABodyThatIsNoMessageIsRefused(t *testing.T) {
	d := newDecoder()
	m := &orderv1.CreateOrderRequest{}
	for name, raw := range map[string][]byte{"half": {0x0a, 0x05, 'a'}, "invalid UTF-8": {0x0a, 0x01, 0xff}} {
		if err := (binaryCodec{d}).Unmarshal(raw, m); err != nil {
			t.Fatal(err)
		}
		if err := d.failure(m); fault.KindOf(err) != fault.Invalid || fault.ReasonOf(err) != reasonBody {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABodyThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	srv := httptest.NewServer(limitBodies(100, 20*time.Millisecond, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		e := &connect.Error{}
		if errors.As(err, &e) {
			http.Error(w, e.Message(), http.StatusServiceUnavailable)
		}
	})))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
	raw, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(raw), "did not arrive in time") {
		t.Errorf("got %q, %v", raw, err)
	}
}

// FuzzCreateOrderJSON looks for bodies that are read although protojson refuses
// them, or the other way round, and for refusals that name nothing.
func FuzzCreateOrderJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `null`, `{"items":[{"skuId":"A","quantity":"2","unitPrice":{"currencyCode":"USD","minorUnits":1}}]}`,
		`{"items":[{"x":1}]}`, `{"items":{}}`, `{"properties":{"a":"b"}}`, `{"properties":{"a":1}}`, `{"reference":"` + "\xff" + `"}`,
		`{"reference":"a","reference":"b"}`, `{"customer":null}`, `{"onPaymentDecline":9}`, `{"items":[[[[[`, `{"a":1}{}`, ``, ` `,
	} {
		f.Add([]byte(seed))
	}
	d := newDecoder()
	codec := jsonCodec{d, "json"}
	f.Fuzz(func(t *testing.T, body []byte) {
		want, got := &orderv1.CreateOrderRequest{}, &orderv1.CreateOrderRequest{}
		refused := protojson.Unmarshal(body, want)
		if err := codec.Unmarshal(body, got); err != nil {
			t.Fatalf("an error without details: %v", err)
		}
		err := d.failure(got)
		switch {
		case (err == nil) != (refused == nil):
			t.Fatalf("refused with %v, protojson says %v", err, refused)
		case err == nil && !proto.Equal(want, got):
			t.Fatalf("read %v, want %v", got, want)
		case err != nil && (fault.KindOf(err) != fault.Invalid || len(fault.Violations(err)) == 0 && fault.ReasonOf(err) != reasonBody):
			t.Fatalf("refused with %v", err)
		case err != nil:
			if e := toError(context.Background(), "", err); len(e.Details()) == 0 || len(e.Message()) > maxText+8 {
				t.Fatalf("becomes %v", e)
			}
		}
	})
}
