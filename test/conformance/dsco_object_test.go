package conformance_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/orderstream/oms/internal/testkit"
)

// dscoAPI posts JSON as a program of a partner does.
type dscoAPI struct {
	*testing.T
	url string
}

// post returns the status and the body of an answer.
func (a dscoAPI) post(method, body string) (int, map[string]any) {
	a.Helper()
	res, err := http.Post(a.url+"/oms.delivery.v1.DscoService/"+method, "application/json", strings.NewReader(body))
	must(a.T, err)
	defer res.Body.Close()
	var got map[string]any
	must(a.T, json.NewDecoder(res.Body).Decode(&got))
	return res.StatusCode, got
}

// hook is the sample of the source with something else about it; nil takes an
// attribute away.
func (a dscoAPI) hook(change map[string]any) string {
	a.Helper()
	var w map[string]any
	read(a.T, filepath.Join("samples", "dsco", "Webhook.json"), &w)
	for k, v := range change {
		if w[k] = v; v == nil {
			delete(w, k)
		}
	}
	data, err := json.Marshal(w)
	must(a.T, err)
	return string(data)
}

// create makes a webhook and returns it.
func (a dscoAPI) create(change map[string]any) map[string]any {
	a.Helper()
	status, got := a.post("CreateWebhook", a.hook(change))
	if status != http.StatusOK {
		a.Fatalf("a webhook with %v: %d %v", change, status, got)
	}
	w, _ := got["webhook"].(map[string]any)
	return w
}

// webhooks are managed in the words of Dsco.
func (r *report) webhooks(t *testing.T, c contract) {
	t.Helper()
	rep, heard := r, receive(t)
	files := t.TempDir()
	ours, theirs := filepath.Join(files, "ours.json"), filepath.Join(files, "theirs.json")
	must(t, os.WriteFile(ours, []byte(partners), 0o600))
	must(t, os.WriteFile(theirs, []byte(`{"default":{"accountId":12311,"type":"Supplier","partners":[{"accountId":92171,"type":"Retailer"}]}}`), 0o600))
	p := testkit.Start(t, t.TempDir(), "--delivery-allow", "127.0.0.1", "--dsco-accounts", ours)
	api := dscoAPI{t, p.URL}
	check := rep.check
	refuses := func(a dscoAPI, want int, change map[string]any, ids ...string) {
		status, got := a.post("CreateWebhook", a.hook(change))
		if status != want {
			t.Logf("%v: %d %v", change, status, got)
		}
		check(status == want, ids...)
	}
	rep.object(c, api, check)
	bad, no := http.StatusBadRequest, http.StatusForbidden
	all := map[string]any{"event": "INVENTORY_UPDATED", "applyToPartners": true, "webhookAccountId": 12311}
	with := func(k string, v any) map[string]any {
		m := map[string]any{}
		for name, v := range all {
			m[name] = v
		}
		m[k] = v
		return m
	}
	check(api.create(all)["applyToPartners"] == true, "DC-WH-08")
	refuses(api, bad, with("event", "ORDER_CREATED"), "DC-CN-01")
	refuses(api, bad, with("webhookAccountId", 92171), "DC-CN-03")
	refuses(api, bad, with("catalogIds", []string{"a"}), "DC-CN-04")
	refuses(api, bad, with("assortmentIds", []string{"a"}), "DC-CN-04")
	refuses(api, bad, map[string]any{"quantityStateChangeOnly": true, "quantityChangeOnly": true}, "DC-CN-05")
	refuses(api, bad, map[string]any{"catalogIds": []string{"a"}, "assortmentIds": []string{"b"}}, "DC-CN-06")
	refuses(api, no, map[string]any{"owningAccountId": 1}, "DC-CN-10")
	refuses(api, no, map[string]any{"webhookAccountId": 1}, "DC-CN-11")
	refuses(api, bad, map[string]any{"event": []string{"ORDER_CREATED", "ORDER_UPDATED"}}, "DC-CN-12")
	for _, missing := range []string{"webhookAccountId", "event", "callbackUrl", "enabled"} {
		refuses(api, bad, map[string]any{missing: nil})
	}
	check(api.create(map[string]any{"owningAccountId": nil})["owningAccountId"] == 12311.0, "DC-CN-10")
	supplier := testkit.Start(t, t.TempDir(), "--dsco-accounts", theirs)
	refuses(dscoAPI{t, supplier.URL}, bad, all, "DC-CN-02")
	r.callbacks(&shop{T: t, p: p}, c, api, heard)
}

// callbacks of webhooks that were made here, and their history.
func (r *report) callbacks(s *shop, c contract, api dscoAPI, heard *receiver) {
	t, rep, check := s.T, r, r.check
	hook := api.create(map[string]any{
		"event": "INVENTORY_UPDATED", "callbackUrl": heard.url + "/hook?type=inventory", "customHttpHeaders": []any{map[string]any{"name": "X-Key", "value": "secret"}},
	})
	failing := api.create(map[string]any{"event": "INVENTORY_UPDATED", "callbackUrl": heard.url + "/refuses"})
	id, _ := hook["webhookUuid"].(string)
	s.dscoItem("shoe")
	got := heard.await(t, "/hook")
	check(got.header.Get("X-Key") == "secret" && got.query == "type=inventory" && got.body["webhookUuid"] == id, "DC-WH-06", "DC-WH-13", "DC-PX-HDR-01", "DC-PX-HDR-02")
	rep.history(c, api, id, got)
	failed, _ := failing["webhookUuid"].(string)
	rep.failures(c, api, failed)

	// One that is off hears nothing, and has no history.
	status, _ := api.post("UpdateWebhook", api.hook(map[string]any{"webhookUuid": id, "event": "INVENTORY_UPDATED", "callbackUrl": heard.url + "/hook", "enabled": false}))
	other := api.create(map[string]any{"event": "INVENTORY_UPDATED", "callbackUrl": heard.url + "/other"})
	s.dscoItem("lace")
	heard.await(t, "/other")
	_, history := api.post("GetWebhookHistory", fmt.Sprintf(`{"webhookUuid":%q}`, id))
	rows, _ := history["webhookHistory"].([]any)
	check(status == http.StatusOK && len(heard.at("/hook")) == 1 && len(rows) == 1, "DC-CN-09", "DC-WH-07")
	off, _ := other["webhookUuid"].(string)
	status, _ = api.post("DeleteWebhook", fmt.Sprintf(`{"webhookUuid":%q}`, off))
	gone, _ := api.post("GetWebhook", fmt.Sprintf(`{"webhookUuid":%q}`, off))
	_, list := api.post("ListWebhooks", `{}`)
	hooks, _ := list["webhooks"].([]any)
	check(status == http.StatusOK && gone == http.StatusNotFound && len(hooks) > 3, "DC-WH-01")
	rep.pages(s, api, id)
}

// pages of a long history: one names the next.
func (r *report) pages(s *shop, api dscoAPI, id string) {
	status, _ := api.post("UpdateWebhook", api.hook(map[string]any{"webhookUuid": id, "event": "INVENTORY_UPDATED", "callbackUrl": "http://127.0.0.1:1/hook"}))
	for n := range 55 {
		s.dscoItem(fmt.Sprint("more", n))
	}
	var page map[string]any
	testkit.Until(s.T, testkit.Patience, func() string {
		if _, page = api.post("GetWebhookHistory", fmt.Sprintf(`{"webhookUuid":%q}`, id)); page["pageId"] == nil {
			return "one page"
		}
		return ""
	})
	found, next := api.post("GetWebhookHistory", fmt.Sprintf(`{"webhookUuid":%q,"pageId":%q}`, id, page["pageId"]))
	rows, _ := next["webhookHistory"].([]any)
	if r.covered["DC-PX-PWH-01"] = status == http.StatusOK && found == http.StatusOK && len(rows) > 0 && next["pageId"] == nil; !r.covered["DC-PX-PWH-01"] {
		r.miss("DC-PX-PWH-01", "the second page is %d %v", found, next)
	}
}

// object holds the webhook object against its attributes.
func (r *report) object(c contract, api dscoAPI, check func(bool, ...string)) {
	made := api.create(nil) // the sample as it is
	sample := map[string]any{}
	must(api.T, json.Unmarshal([]byte(api.hook(nil)), &sample))
	check(made["webhookUuid"] != sample["webhookUuid"] && len(fmt.Sprint(made["webhookUuid"])) == 36, "DC-CN-14", "DC-WH-01")
	same := true
	for _, k := range []string{"owningAccountId", "webhookAccountId", "description", "event", "callbackUrl", "enabled"} {
		same = same && made[k] == sample[k]
	}
	_, err := time.Parse("2006-01-02T15:04:05.000Z07:00", fmt.Sprint(made["createDate"]))
	check(same, "XX-SM-11")
	check(err == nil && made["lastUpdate"] == made["createDate"] && made["createDate"] != sample["createDate"], "DC-CN-15")
	check(api.create(map[string]any{"somethingNew": map[string]any{"x": 1}})["webhookUuid"] != nil, "DC-CN-13")
	full := api.create(map[string]any{
		"event": "INVENTORY_UPDATED", "quantityStateChangeOnly": true, "catalogIds": []string{"a"}, "customHttpHeaders": []any{map[string]any{"name": "X-Key", "value": "secret"}},
	})
	other := api.create(map[string]any{"event": "INVENTORY_UPDATED", "quantityStateChangeOnly": false, "quantityChangeOnly": true, "assortmentIds": []string{"a"}})
	all := api.create(map[string]any{"event": "INVENTORY_UPDATED", "applyToPartners": true, "webhookAccountId": 12311})
	m, _ := c.model("DC", "Webhook")
	var messages []*nats.Msg
	for _, w := range []map[string]any{made, full, other, all} {
		data, err := json.Marshal(w)
		must(api.T, err)
		messages = append(messages, &nats.Msg{Data: data})
	}
	r.payload(m, messages)
	for _, f := range m.Fields {
		if !r.covered[f.ID] {
			r.miss(f.ID, "no webhook has it")
		}
	}
}

// history of a webhook that was called once.
func (r *report) history(c contract, api dscoAPI, id string, got told) {
	var rows []any
	testkit.Until(api.T, testkit.Patience, func() string {
		_, page := api.post("GetWebhookHistory", fmt.Sprintf(`{"webhookUuid":%q}`, id))
		if rows, _ = page["webhookHistory"].([]any); len(rows) == 0 {
			return "no history"
		}
		return ""
	})
	r.rows(c, api, rows)
	row, _ := rows[0].(map[string]any)
	var sent struct{ Payload json.RawMessage }
	must(api.T, json.Unmarshal(got.raw, &sent))
	if want := fmt.Sprintf("%X", sha256.Sum256(bytes.TrimSpace(sent.Payload))); row["hash"] != want || row["success"] != true || row["httpStatusCode"] != 200.0 {
		r.miss("DC-PX-WHH-04", "%v is not the hash %s of %s", row["hash"], want, sent.Payload)
	}
	r.covered["DC-PX-PWH-02"] = true
	status, _ := api.post("GetWebhookHistory", `{"since":"2014-01-01T10:30:00.000+0100","until":"2014-01-03T10:30:00+00:00"}`)
	if status != http.StatusBadRequest {
		r.miss("DC-PX-PWH-01", "a query of two days is answered with %d", status)
	}
	status, _ = api.post("GetWebhookHistory", `{"since":"2014-01-01T10:30:00.000Z","until":"2014-01-02T10:30:00+00:00"}`)
	if status != http.StatusOK {
		r.miss("DC-CN-15", "a query of a day is answered with %d", status)
	}
}

// failures are told, too.
func (r *report) failures(c contract, api dscoAPI, id string) {
	var rows []any
	testkit.Until(api.T, testkit.Patience, func() string {
		_, page := api.post("GetWebhookHistory", fmt.Sprintf(`{"webhookUuid":%q}`, id))
		if rows, _ = page["webhookHistory"].([]any); len(rows) == 0 {
			return "no history"
		}
		return ""
	})
	r.rows(c, api, rows)
	if row, _ := rows[0].(map[string]any); row["success"] == true || row["failureMessage"] == "" {
		r.miss("DC-PX-WHH-08", "a refused callback is %v", row)
	}
}

func (r *report) rows(c contract, api dscoAPI, rows []any) {
	m, _ := c.model("DC", "WebhookHistory")
	var messages []*nats.Msg
	for _, row := range rows {
		o, _ := row.(map[string]any)
		if _, there := o["success"]; !there {
			o["success"] = false // what is absent is so
		}
		data, err := json.Marshal(o)
		must(api.T, err)
		messages = append(messages, &nats.Msg{Data: data})
	}
	r.payload(m, messages)
}
