package cluster_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	sagav1 "github.com/orderstream/oms/gen/oms/saga/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// TestSagasAreListedWhereTheyDoNotRun asks a process with the API alone for the
// checkouts of two others. Nobody serves the payments, so they stay open.
func TestSagasAreListedWhereTheyDoNotRun(t *testing.T) {
	dir := t.TempDir()
	url := startNATS(t, dir)
	start := func(name, roles string) *testkit.Process {
		return testkit.Start(t, filepath.Join(dir, name), "--nats-url", url, "--replicas", "1", "--partitions", "4", "--roles", roles, "--metrics-listen", "127.0.0.1:0")
	}
	one, two := start("one", workers), start("two", workers)
	shop := start("shop", "api,projections")
	shop.AddStock(t, stock)
	var ids []string
	for n := range 20 {
		req := request(3*n + 1) // of what is plenty
		res, err := shop.Orders().CreateOrder(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, res.GetOrderId())
	}
	for _, id := range ids {
		shop.AwaitStep(t, id, orderv1.Step_STEP_AUTHORIZE_PAYMENT)
	}
	slices.Sort(ids)
	checkSagas(t, shop, ids)
	checkLeases(t, shop, one, two)

	out, err := exec.Command(testkit.Binary(t), "saga", "list", "--server", shop.URL).CombinedOutput()
	if err != nil {
		t.Fatalf("oms saga list: %v\n%s", err, out)
	}
	for _, id := range ids {
		if !strings.Contains(string(out), id) {
			t.Errorf("oms saga list does not show %s:\n%s", id, out)
		}
	}

	one.Kill() // the list waits until the other has all partitions
	checkSagas(t, shop, ids)

	two.Kill()
	_, err = shop.Sagas().ListSagas(t.Context(), &sagav1.ListSagasRequest{})
	if connect.CodeOf(err) != connect.CodeUnavailable || !strings.Contains(err.Error(), "partitions of the log order") {
		t.Errorf("without owners the list is %v, want Unavailable and the partitions", err)
	}
}

func checkSagas(t *testing.T, p *testkit.Process, want []string) {
	t.Helper()
	res, err := p.Sagas().ListSagas(testkit.Lasting(t), &sagav1.ListSagasRequest{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range res.GetSagas() {
		got = append(got, s.GetOrderId())
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("listed are %d sagas: %v, want the %d: %v", len(got), got, len(want), want)
	}
}

// checkLeases proves that the metrics of the workers share the partitions among
// them, and that the shop sends its commands to them.
func checkLeases(t *testing.T, shop *testkit.Process, owners ...*testkit.Process) {
	t.Helper()
	testkit.Until(t, testkit.Patience, func() string {
		var owned, takeovers, open float64
		for _, p := range owners {
			m := p.Metrics(t)
			owned += m[`oms_partitions_owned{log="order"}`]
			takeovers += m[`oms_lease_takeovers_total{log="order"}`]
			open += m["oms_sagas_open"]
		}
		if owned != 4 || takeovers < 4 || open != 20 {
			return fmt.Sprintf("the owners have %v partitions, after %v takeovers, and %v open sagas", owned, takeovers, open)
		}
		return ""
	})
	m := shop.Metrics(t)
	if routed := m[`oms_routed_seconds_count{log="order",result="ok"}`]; routed < 20 || m[`oms_partitions_owned{log="order"}`] != 0 {
		t.Errorf("the shop sent %v commands to their owners and owns %v partitions", routed, m[`oms_partitions_owned{log="order"}`])
	}
}
