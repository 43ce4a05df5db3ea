package conformance_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// entry is one event that was put on a bus.
type entry struct{ Detail, DetailType, EventBusName, Source string }

// bus takes what EventBridge takes, in its protocol.
type bus struct {
	url string

	mu      sync.Mutex
	entries []entry
	region  bool // all were signed for the region
}

func newBus(t *testing.T) *bus {
	t.Helper()
	b := &bus{region: true}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var put struct{ Entries []entry }
		if err := json.NewDecoder(req.Body).Decode(&put); err != nil {
			t.Errorf("the bus got %s: %v", req.Header.Get("X-Amz-Target"), err)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.entries = append(b.entries, put.Entries...)
		b.region = b.region && strings.Contains(req.Header.Get("Authorization"), "/eu-west-1/events/")
		ids := make([]string, len(put.Entries))
		for i := range ids {
			ids[i] = fmt.Sprintf(`{"EventId":"%d"}`, i)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = fmt.Fprintf(w, `{"FailedEntryCount":0,"Entries":[%s]}`, strings.Join(ids, ","))
	}))
	t.Cleanup(srv.Close)
	b.url = srv.URL
	return b
}

// endpoint hears everything in the words of Skava, whole where it can be.
func (b *bus) endpoint(t *testing.T, dir string) *deliveryv1.Endpoint {
	t.Helper()
	return &deliveryv1.Endpoint{
		EndpointId: "bus", Vocabulary: deliveryv1.Vocabulary_VOCABULARY_SKAVA, EventTypes: []string{"*"}, Detail: deliveryv1.Detail_DETAIL_FAT,
		Destination: &deliveryv1.Destination{Kind: &deliveryv1.Destination_EventBridge{EventBridge: &deliveryv1.EventBridge{
			EventBusName: "orders", Source: "omsservices",
			Access: &deliveryv1.AwsAccess{Region: "eu-west-1", AccessKeyId: "AKIAEXAMPLE", SecretAccessKey: sealed(t, dir, "bus", "secret"), BaseUrl: b.url},
		}}},
	}
}

// check holds what came on the bus against the properties that name it.
func (b *bus) check(t *testing.T, r *report) {
	t.Helper()
	count := func() map[string]int {
		b.mu.Lock()
		defer b.mu.Unlock()
		kinds := map[string]int{}
		for _, e := range b.entries {
			kinds[e.DetailType]++
			if e.EventBusName != "orders" || e.Source != "omsservices" {
				r.miss("SK-FE-06", "an event is on bus %q, from %q", e.EventBusName, e.Source)
			}
			if strings.Contains(e.Detail, `"orderitems"`) {
				kinds["fat "+e.DetailType]++
			}
		}
		return kinds
	}
	testkit.Until(t, testkit.Patience, func() string {
		if kinds := count(); kinds["omsservices/note/create"] < 2 {
			return fmt.Sprint("the bus has ", kinds)
		}
		return ""
	})
	kinds := count()
	for _, kind := range []string{
		"order.created", "order.cancelled", "order.deleted", "order.shipped", "order.return", "order.exchange", "order.replace", "order.updateshipment", "order.checkfraud",
		"order.preprocesspayment", "omsservices/orders/create", "omsservices/orders/patchupdate", "omsservices/orders/update", "omsservices/orders/delete", "fat omsservices/orders/patchupdate",
	} {
		if kinds[kind] == 0 {
			r.miss("SK-FE-04", "the bus has no %s", kind)
		}
	}
	if kinds["fat omsservices/orders/create"] > 0 || kinds["fat order.created"] > 0 || !b.region {
		r.miss("SK-FE-04", "a thin event is whole, or the region is not the endpoint's")
	}
	r.covered["SK-FE-04"], r.covered["SK-FE-06"] = true, true
}
