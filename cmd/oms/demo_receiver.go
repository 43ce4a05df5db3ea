package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/orderstream/oms/delivery/signature"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// hearing is the demo's receiver of events: it verifies signatures as receivers
// do, and counts.
type hearing struct {
	*http.Server
	url  string
	key  *signature.Key
	came chan struct{}

	mu      sync.Mutex
	seen    map[string]bool // by id
	kinds   map[string]int
	repeats int
	refused int
	first   []byte // event that came
}

// receiverName is the description of the endpoint of the demo.
const receiverName = "receiver of oms demo"

// hear receives events on this machine, and has them sent there. The endpoint of
// an earlier demo, whose receiver is gone, ends.
func (a *app) hear(ctx context.Context) (*hearing, error) {
	client, err := a.deliveries()
	if err != nil {
		return nil, err
	}
	before, err := client.ListEndpoints(ctx, &deliveryv1.ListEndpointsRequest{PageSize: 500})
	if err != nil {
		return nil, err
	}
	for _, e := range before.GetEndpoints() {
		if e.GetEndpoint().GetDescription() != receiverName {
			continue
		}
		if _, err := client.DeleteEndpoint(ctx, &deliveryv1.DeleteEndpointRequest{EndpointId: e.GetEndpoint().GetEndpointId()}); err != nil {
			return nil, err
		}
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &hearing{url: "http://" + l.Addr().String() + "/events", key: signature.NewSecret(), came: make(chan struct{}, 1), seen: map[string]bool{}, kinds: map[string]int{}}
	h.Server = &http.Server{Handler: h, ReadTimeout: 10 * time.Second}
	go func() { _ = h.Serve(l) }()
	_, err = client.CreateEndpoint(ctx, &deliveryv1.CreateEndpointRequest{Settings: &deliveryv1.EndpointSettings{
		Description: receiverName, Vocabulary: deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE, EventTypes: []string{"*"},
		Destination: &deliveryv1.DestinationSettings{Kind: &deliveryv1.DestinationSettings_Webhook{
			Webhook: &deliveryv1.WebhookSettings{Url: h.url, SigningSecret: h.key.Encode()},
		}},
	}})
	return h, err
}

// ServeHTTP implements http.Handler.
func (h *hearing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		err = signature.Verify([]*signature.Key{h.key}, r.Header, body, time.Now(), 0)
	}
	var e struct{ EventType string }
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	id := r.Header.Get(signature.HeaderID)
	switch {
	case err != nil:
		h.refused++
		w.WriteHeader(http.StatusUnauthorized)
		return
	case h.seen[id]:
		h.repeats++
	default:
		h.seen[id] = true
		h.kinds[e.EventType]++
		if e.EventType == "CreateOrderEvent" && h.first == nil {
			h.first = body
		}
	}
	w.WriteHeader(http.StatusNoContent)
	select {
	case h.came <- struct{}{}:
	default:
	}
}

// quiet waits until nothing has come for a while, at most so long.
func (h *hearing) quiet(ctx context.Context, most time.Duration) {
	over := time.NewTimer(most)
	defer over.Stop()
	for {
		select {
		case <-h.came:
		case <-time.After(750 * time.Millisecond):
			return
		case <-over.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// summary prints what came.
func (h *hearing) summary(w io.Writer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.seen)+h.refused == 0 {
		fmt.Fprintf(w, "\nA receiver of events at %s heard of nothing new.\n", h.url)
		return
	}
	fmt.Fprintf(w, `
A receiver of events at %s verified %d of them;
%d came again, %d were turned away. The first order that it heard of:

  %s

`, h.url, len(h.seen), h.repeats, h.refused, h.first)
	for _, kind := range slices.Sorted(maps.Keys(h.kinds)) {
		fmt.Fprintf(w, "  %6d  %s\n", h.kinds[kind], kind)
	}
}
