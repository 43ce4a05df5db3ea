package projections_test

import (
	"context"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/orderstream/oms/eventstore"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/projections"
)

// sale is what most orders go through: 15 events in 7 commits.
func sale(id string, number uint64) [][]proto.Message {
	const (
		reserve, promote, check = orderv1.Step_STEP_RESERVE_INVENTORY, orderv1.Step_STEP_BLOCK_PROMOTION, orderv1.Step_STEP_CHECK_FRAUD
		authorize, assign, take = orderv1.Step_STEP_AUTHORIZE_PAYMENT, orderv1.Step_STEP_ASSIGN_PROMOTION, orderv1.Step_STEP_CAPTURE_PAYMENT
	)
	t := func(n string, op orderv1.PaymentOperation) *orderv1.PaymentTransaction {
		return pay(id+n, "p1", op, 3000, true)
	}
	return [][]proto.Message{
		{placed(id, number), request(reserve, id+"-r")},
		{answer(reserve, id+"-r", true), request(promote, id+"-p")},
		{answer(promote, id+"-p", true), request(check, id+"-f")},
		{answer(check, id+"-f", true), request(authorize, id+"-a", t("1", auth))},
		{answer(authorize, id+"-a", true, t("1", auth)), &orderv1.OrderFinalized{Paid: true}, request(assign, id+"-s")},
		{answer(assign, id+"-s", true), request(take, id+"-c", t("2", capture))},
		{answer(take, id+"-c", true, t("2", capture)), &orderv1.OrderConfirmed{}},
	}
}

const eventsPerSale = 15

// sell stores n sales, with ids that are not in the order of time.
func sell(l *log, n int) {
	l.putMany(n, func(i int) (string, [][]proto.Message) {
		number := uint64(i + 1)
		id := fmt.Sprintf("order-%016x", number*0x9E3779B97F4A7C15)
		return id, sale(id, number)
	})
}

// BenchmarkRebuild builds the view of orders from the log.
func BenchmarkRebuild(b *testing.B) {
	for _, n := range []int{40_000} {
		b.Run(fmt.Sprintf("orders=%d", n), func(b *testing.B) {
			w := newWorld(b)
			l, v, _ := w.orders()
			sell(l, n)
			l.follow(v)
			for b.Loop() {
				if err := v.Rebuild(context.Background(), projections.RebuildOptions{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*n*eventsPerSale)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(v.Status(context.Background()).Bytes)/float64(n), "bytes/order")
		})
	}
}

// BenchmarkApply writes messages of the log to the live view of orders, so many
// commits a message.
func BenchmarkApply(b *testing.B) {
	for _, n := range []int{1, 10, 100, 500} {
		b.Run(fmt.Sprintf("commits=%d", n), func(b *testing.B) {
			w := newWorld(b)
			l, v, _ := w.orders()
			sell(l, 1000)
			l.follow(v)
			var commits []eventstore.Commit
			for _, batch := range l.batches() {
				commits = append(commits, batch.Commits...)
			}
			v.stop()
			p := projections.OrdersProjector()
			p.Log = "nothing"
			v = w.run(b.TempDir(), p)
			w.reopen(p.Log).follow(v)
			position, next := uint64(1000), 0
			for b.Loop() {
				var batch eventstore.Batch
				for range n {
					batch.Commits = append(batch.Commits, commits[next%len(commits)])
					next++
				}
				position++
				batch.Position = position
				if err := v.Write(batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "commits/s")
		})
	}
}
