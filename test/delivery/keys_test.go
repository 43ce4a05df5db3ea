package delivery

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/delivery/senders"
	"github.com/orderstream/oms/delivery/signature"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/outbound"
	"github.com/orderstream/oms/internal/seal"
	"github.com/orderstream/oms/internal/testkit/deliveries"
)

// TestAKeyThatHasEndedSignsNothingMore: the sender of an endpoint notices the end
// of a rotated key by itself, without anybody touching the endpoint.
func TestAKeyThatHasEndedSignsNothingMore(t *testing.T) {
	dir := t.TempDir()
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	var ring *seal.Ring
	w := world{deliveries.New(dir, func(cfg *delivery.Config) {
		allow, err := outbound.ParseAllow("127.0.0.1")
		if err == nil {
			ring, err = seal.Load(filepath.Join(dir, "secret.keys"))
		}
		if err != nil {
			panic(err)
		}
		cfg.Now = now
		cfg.Sender = senders.Factory{Gate: outbound.New(outbound.Policy{Allow: allow}), Ring: ring, Source: "oms", Now: now}.Open
	})}
	t.Cleanup(w.End)
	signatures := make(chan string, 16)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { signatures <- r.Header.Get(signature.HeaderSignature) }))
	t.Cleanup(s.Close)
	key := func(ends time.Duration) *deliveryv1.SigningKey {
		sealed, err := ring.Seal([]byte(signature.NewSecret().Encode()), senders.Where("default", "a"))
		if err != nil {
			t.Fatal(err)
		}
		k := &deliveryv1.SigningKey{Algorithm: "hmac-sha256", Secret: sealed}
		if ends > 0 {
			k.EndsAt = timestamppb.New(now().Add(ends))
		}
		return k
	}
	w.endpoint(t, "a", s.URL, func(e *deliveryv1.Endpoint) {
		e.GetDestination().GetWebhook().SigningKeys = []*deliveryv1.SigningKey{key(time.Hour), key(2 * time.Hour), key(0)}
	})
	for want := 3; want > 0; want-- {
		w.say(t, "event order-1")
		if got := <-signatures; strings.Count(got, "v1,") != want {
			t.Errorf("%d keys signed, want %d", strings.Count(got, "v1,"), want)
		}
		ahead.Add(int64(61 * time.Minute))
	}
}
