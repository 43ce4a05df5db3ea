package aws_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderstream/oms/delivery/aws"
	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/delivery/sendtest"
)

func TestNoMessageOvertakesAnotherOfItsSubject(t *testing.T) {
	var batches [][]string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Entries []struct{ Id, MessageDeduplicationId, MessageGroupId string }
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		var batch []string
		out := map[string][]map[string]any{}
		for _, e := range in.Entries {
			batch = append(batch, e.MessageDeduplicationId)
			if e.MessageDeduplicationId == "a2" {
				out["Failed"] = append(out["Failed"], map[string]any{"Id": e.Id, "Code": "InternalError", "SenderFault": false})
				continue
			}
			out["Successful"] = append(out["Successful"], map[string]any{"Id": e.Id, "MessageId": "x"})
		}
		batches = append(batches, batch)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_ = json.NewEncoder(w).Encode(out)
	}))
	t.Cleanup(srv.Close)
	s := openSQS(t, aws.SQS{Account: account(t, srv.URL), QueueURL: srv.URL + "/1/orders.fifo"})
	var ms []send.Message
	for _, id := range []string{"a1", "b1", "a2", "b2", "a3", "c1", "a4"} {
		m := sendtest.Message(id)
		m.Subject = id[:1]
		ms = append(ms, m)
	}
	var got []string
	for i, v := range s.Send(t.Context(), ms) {
		got = append(got, fmt.Sprintf("%s %s %s", ms[i].ID, v.Outcome, v.Reason))
	}
	want := []string{
		"a1 delivered ", "b1 delivered ", "a2 failed internal_error", "b2 delivered ", "a3 unsent order_kept", "c1 delivered ", "a4 unsent order_kept",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if wantBatches := [][]string{{"a1", "b1"}, {"a2", "b2"}, {"c1"}}; !slices.EqualFunc(batches, wantBatches, slices.Equal[[]string]) {
		t.Errorf("batches %q", batches)
	}
}
