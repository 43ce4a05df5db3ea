package jsstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	"github.com/orderstream/oms/eventstore/storetest"
)

func TestFollowingEndsAtOnceEvenWhenTheStreamIsGone(t *testing.T) {
	w := newWorld(t, 1)
	p := w.Open(t, "a")
	if _, err := p.Log().Execute(t.Context(), eventstore.Meta{Tenant: "t"}, "x", storetest.Deposit{Amount: 1}); err != nil {
		t.Fatal(err)
	}
	s, err := jsstore.Open(jsstore.Config{Conn: w.connect(t), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	seen, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- s.Follow(ctx, "suite", 0, func(eventstore.Batch) error { close(seen); return nil })
	}()
	<-seen
	js, err := jetstream.New(w.nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(t.Context(), jsstore.StreamName("suite")); err != nil {
		t.Fatal(err)
	}
	select { // the follower learns of it and begins to look for the stream
	case err := <-ended:
		t.Fatalf("following ended by itself: %v", err)
	case <-time.After(1500 * time.Millisecond):
	}
	stop()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Follow = %v", err)
		}
	case <-time.After(500 * time.Millisecond):
		t.Error("following goes on after its context has ended")
	}
}
