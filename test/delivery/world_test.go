package delivery

import (
	"testing"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/testkit/deliveries"
)

// world fails the test when something fails.
type world struct{ *deliveries.World }

func newWorld(tb testing.TB, dir string) world {
	tb.Helper()
	w := world{deliveries.New(dir, nil)}
	tb.Cleanup(w.End)
	return w
}

func (w world) endpoint(tb testing.TB, id, url string, change func(*deliveryv1.Endpoint)) {
	tb.Helper()
	if err := w.Endpoint(tb.Context(), id, url, change); err != nil {
		tb.Fatal(err)
	}
}

func (w world) say(tb testing.TB, texts ...string) {
	tb.Helper()
	if err := w.Say(tb.Context(), texts...); err != nil {
		tb.Fatal(err)
	}
}
