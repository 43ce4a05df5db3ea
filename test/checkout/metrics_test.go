package checkout_test

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/internal/testkit"
)

// TestMetricsTellWhatHappened reads /metrics after some orders.
func TestMetricsTellWhatHappened(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"counted": 100})
	const orders = 3
	for range orders {
		s.Await(t, s.place(t, order(line("counted", 1))), submitted)
	}
	for _, gauge := range []string{
		"oms_sagas_open", "oms_sagas_stuck", "oms_publisher_lag_messages", `oms_projection_lag_messages{view="orders"}`,
		`oms_projection_lag_messages{view="stock"}`, `oms_projection_parked{view="orders"}`,
		`oms_queue_waiting{queue="SKQ_PAYMENT"}`, `oms_queue_in_work{queue="REPLIES"}`, `oms_queue_redelivered{queue="OMS_FRAUD"}`,
	} {
		testkit.Until(t, testkit.Patience, func() string {
			if v, ok := s.Metrics(t)[gauge]; !ok || v != 0 {
				return fmt.Sprintf("%s is %v, %v", gauge, v, ok)
			}
			return ""
		})
	}
	m := s.Metrics(t)
	for name, want := range map[string]float64{
		`oms_api_call_seconds_count{code="ok",procedure="/oms.order.v1.OrderService/CreateOrder"}`: orders,
		`oms_saga_answers_total{step="reserve_inventory",succeeded="yes"}`:                         orders,
		`oms_saga_answers_total{step="capture_payment",succeeded="yes"}`:                           orders,
		`oms_saga_requests_total{step="authorize_payment"}`:                                        orders,
	} {
		if m[name] != want {
			t.Errorf("%s is %v, want %v", name, m[name], want)
		}
	}
	commits, messages := m[`oms_log_commits_total{log="order"}`], m[`oms_log_messages_total{log="order"}`]
	if commits < 5*orders || messages > commits || messages == 0 {
		t.Errorf("%v commits in %v messages", commits, messages)
	}
	for name, want := range map[string]float64{
		`oms_log_group_commits_count{log="order"}`: messages, `oms_log_group_commits_sum{log="order"}`: commits,
		`oms_log_append_seconds_count{log="order"}`: messages,
	} {
		if m[name] != want {
			t.Errorf("%s is %v, want %v", name, m[name], want)
		}
	}
	if perCommit := m[`oms_log_bytes_total{log="order"}`] / commits; perCommit < 50 || perCommit > 5000 {
		t.Errorf("a commit has %v bytes", perCommit)
	}
	if m["process_resident_memory_bytes"] < 1<<20 || m["go_goroutines"] < 10 || m[`oms_projection_bytes{view="orders"}`] == 0 {
		t.Errorf("%v bytes resident, %v goroutines, %v bytes of view", m["process_resident_memory_bytes"], m["go_goroutines"], m[`oms_projection_bytes{view="orders"}`])
	}
}

// TestMetricsTellWhatStandsStill looks at an order without payment, and at a
// message that nobody can read.
func TestMetricsTellWhatStandsStill(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]int64{"counted": 100}, everythingBut("payment")...)
	s.drops = true
	id := s.place(t, order(line("counted", 1)))
	s.AwaitStep(t, id, orderv1.Step_STEP_AUTHORIZE_PAYMENT)
	bad := nats.NewMsg(skava.QueueInventory)
	bad.Header, bad.Data = nats.Header{skava.HeaderRequestID: {"r"}}, []byte("{")
	if _, err := s.outside.PublishMsg(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"oms_sagas_open": 1, `oms_queue_waiting{queue="SKQ_PAYMENT"}`: 1, `oms_queue_dropped_total{queue="SKQ_INVENTORY"}`: 1,
	}
	testkit.Until(t, testkit.Patience, func() string {
		m := s.Metrics(t)
		for name, v := range want {
			if m[name] != v {
				return fmt.Sprintf("%s is %v, want %v", name, m[name], v)
			}
		}
		return ""
	})
	s.kill(t)
	s.Await(t, id, submitted)
}
