package conformance_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/orderstream/oms/delivery/senders"
	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/eventstore/jsstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/natsembed"
	"github.com/orderstream/oms/internal/seal"
	"github.com/orderstream/oms/internal/testkit"
)

// told is one request that a receiver got.
type told struct {
	path, query string
	header      http.Header
	raw         []byte
	body        map[string]any
}

// text is a field of the body as text; empty when it is not there.
func (t told) text(name string) string { s, _ := t.body[name].(string); return s }

// number is a field of the body as a number.
func (t told) number(name string) float64 { n, _ := t.body[name].(float64); return n }

// receiver is a web server of a customer: it takes whatever it is sent.
type receiver struct {
	url string

	mu  sync.Mutex
	all []told
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		one := told{path: req.URL.Path, query: req.URL.RawQuery, header: req.Header}
		one.raw, _ = io.ReadAll(req.Body)
		if err := json.Unmarshal(one.raw, &one.body); err != nil {
			t.Errorf("%s got what is not JSON: %v", req.URL.Path, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.all = append(r.all, one)
		if one.path == "/refuses" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "no")
		}
	}))
	t.Cleanup(srv.Close)
	r.url = srv.URL
	return r
}

// at returns what came to a path, in its order, that fits.
func (r *receiver) at(path string, fits ...func(told) bool) (found []told) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.all {
		if one.path == path && !slices.ContainsFunc(fits, func(f func(told) bool) bool { return !f(one) }) {
			found = append(found, one)
		}
	}
	return found
}

// await waits until something that fits came to a path.
func (r *receiver) await(t *testing.T, path string, fits ...func(told) bool) told {
	t.Helper()
	var found []told
	testkit.Until(t, testkit.Patience, func() string {
		if found = r.at(path, fits...); len(found) == 0 {
			return "nothing that fits came to " + path
		}
		return ""
	})
	return found[0]
}

// has fits what has a field with a value.
func has(field string, value any) func(told) bool {
	return func(t told) bool { return t.body[field] == value }
}

// hear makes endpoints that hear everything that ever happens, on the folder of
// a service that does not run yet, with the commands and the log of the service
// itself. They are sent one event after the other, so what came last says that
// everything before it came, too.
func hear(t *testing.T, dir string, endpoints ...*deliveryv1.Endpoint) {
	t.Helper()
	srv, err := natsembed.Start(natsembed.Config{Dir: dir, SyncAlways: true})
	must(t, err)
	defer func() { must(t, srv.Stop(testkit.Lasting(t))) }()
	conn, err := srv.Connect()
	must(t, err)
	defer conn.Close()
	store, err := jsstore.Open(jsstore.Config{Conn: conn, ReadConn: conn, Dir: filepath.Join(dir, "state")})
	must(t, err)
	defer store.Close()
	log, err := jsstore.OpenLog(t.Context(), store, eventstore.Definition[endpoint.State]{
		Name: endpoint.Log, Version: 1, New: endpoint.New, Evolve: endpoint.Evolve, Wake: endpoint.Wake, Token: endpoint.Token,
	}, nil)
	must(t, err)
	beginnings := map[string]uint64{"order": 0, "inventory": 0, "payment": 0, "customer": 0}
	for _, e := range endpoints {
		e.Pace = &deliveryv1.Pace{Concurrency: 1, Timeout: durationpb.New(10 * time.Second)}
		_, err := log.Transact(t.Context(), eventstore.Meta{Tenant: "default", Actor: "admin"}, endpoint.Scope,
			endpoint.Create{Config: endpoint.Config{Endpoint: e}, Heads: beginnings, Now: time.Now()})
		must(t, err)
	}
}

// webhook is an endpoint at a URL.
func webhook(id, url string, v deliveryv1.Vocabulary, types ...string) *deliveryv1.Endpoint {
	return &deliveryv1.Endpoint{
		EndpointId: id, Vocabulary: v, EventTypes: types,
		Destination: &deliveryv1.Destination{Kind: &deliveryv1.Destination_Webhook{Webhook: &deliveryv1.Webhook{Url: url}}},
	}
}

// sealed is a secret of an endpoint of a service on a folder.
func sealed(t *testing.T, dir, id, secret string) *deliveryv1.Sealed {
	t.Helper()
	ring, err := seal.LoadOrCreate(filepath.Join(dir, "secret.keys"))
	must(t, err)
	s, err := ring.Seal([]byte(secret), senders.Where("default", id))
	must(t, err)
	return s
}
