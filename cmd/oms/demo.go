package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/orderstream/oms/internal/obs"
	"github.com/orderstream/oms/internal/onlineretail"
)

func newDemo(a *app) *cobra.Command {
	var cfg serveConfig
	orders, keep := 300, true
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the service and place some hundred real orders with it",
		Long: `Starts the whole service on an embedded NATS server, loads stock, places real
orders of the UCI data set Online Retail through the public API, cancels, ships,
returns and exchanges some of their units, says what became of them and what a
receiver of events heard, and keeps serving.`,
		Args: none, Annotations: localEnv,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg.DeliveryAllow = append(cfg.DeliveryAllow, "127.0.0.1") // the receiver
			if err := cfg.complete(); err != nil {
				return err
			}
			slog.SetDefault(obs.Logger(a.err, cfg.LogLevel, cfg.LogFormat))
			return a.demo(cmd.Context(), cfg, orders, keep)
		},
	}
	cfg.flags(cmd.Flags())
	cmd.Flags().Lookup("log-level").DefValue = "warn"
	cfg.LogLevel = "warn"
	cmd.Flags().IntVar(&orders, "orders", orders, "invoices to place")
	cmd.Flags().BoolVar(&keep, "keep-serving", keep, "go on serving when the orders are placed")
	return cmd
}

func (a *app) demo(ctx context.Context, cfg serveConfig, orders int, keep bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 1)
	err := serve(ctx, cfg, func(s *service) {
		go func() {
			err := a.show300(ctx, s, orders)
			if err != nil {
				failed <- err
			}
			if err != nil || !keep {
				stop()
			}
		}()
	})
	select {
	case err := <-failed:
		return err
	default:
		return err
	}
}

// shelves is what the demo has in stock: twice what is sold, but too little of
// the three SKUs that most orders want, so that some orders come too late.
func shelves(units map[string]int64) map[string]int64 {
	stock := map[string]int64{}
	for sku, n := range units {
		stock[sku] = 2 * n
	}
	for _, sku := range []string{"85123A", "22423", "22386"} {
		stock[sku] = units[sku] * 6 / 10
	}
	return stock
}

// show300 places the orders and prints what became of them.
func (a *app) show300(ctx context.Context, s *service, orders int) error {
	invoices, err := onlineretail.Read(onlineretail.Sample())
	if err != nil {
		return err
	}
	sale := saleOf(invoices)
	sale.orders = sale.orders[:min(orders, len(sale.orders))]
	client := *a
	client.url = s.url()
	p, err := client.newPlacing(16)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "oms serves %s, data in %s\n", s.url(), s.cfg.Data)
	h, err := client.hear(ctx)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = h.Close() })
	if err := p.stockUp(ctx, "demo/stock", shelves(sale.units)); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "stock loaded: %d items; placing %d real orders (UCI Online Retail, CC BY 4.0)\n", len(sale.units), len(sale.orders))
	bar := newCounter(a.err, "orders", 2*len(sale.orders))
	half := 0
	p.progress = func(done, total int) {
		bar.set(half + done)
		if done == total {
			half = total
		}
	}
	err = p.place(ctx, sale.orders)
	bar.stop()
	if err != nil {
		return err
	}
	life, err := client.live(ctx, p, sale)
	if err != nil {
		return err
	}
	if err := columns(a.out, func(w io.Writer) { p.summary(w, onlineretail.Currency); life.summary(w) }); err != nil {
		return err
	}
	h.quiet(ctx, 20*time.Second)
	h.summary(a.out)
	return a.hints(s)
}

// hints print what to try next, with lines that work as they stand.
func (a *app) hints(s *service) error {
	url := s.url()
	_, err := fmt.Fprintf(a.out, `
Try, while this runs (stop it with ctrl-C):

  curl -s %[1]s/oms.order.v1.OrderService/GetOrder \
    -H 'Content-Type: application/json' -d '{"orderNumber":"1"}'

  curl -s %[1]s/oms.order.v1.OrderService/CreateOrder \
    -H 'Content-Type: application/json' -d '{"idempotencyKey":"my-first","currencyCode":"GBP",
      "items":[{"skuId":"71053","quantity":"1","unitPrice":{"currencyCode":"GBP","minorUnits":"339"}}]}'

  go run ./cmd/oms --server %[1]s order list
  go run ./cmd/oms --server %[1]s order create --sku 71053=2@3.39 --currency GBP --watch
  go run ./cmd/oms --server %[1]s order list --status shipped
  go run ./cmd/oms --server %[1]s stock get 85123A
  go run ./cmd/oms --server %[1]s webhook list
  go run ./cmd/oms --server %[1]s delivery list
  go run ./cmd/oms --server %[1]s saga list
  go run ./cmd/oms --server %[1]s projections rebuild orders --verify
  go run ./cmd/oms --server %[1]s events tail
`, url)
	if err == nil && s.nats != nil && s.nats.URL() != "" {
		_, err = fmt.Fprintf(a.out, "\n  nats --server %s subscribe 'order.>'\n", s.nats.URL())
	}
	return err
}
