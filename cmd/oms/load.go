package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/orderstream/oms/gen/oms/inventory/v1/inventoryv1connect"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/internal/onlineretail"
)

func newLoad(a *app) *cobra.Command {
	return group("load", "Load orders from files", newLoadOnlineRetail(a))
}

func newLoadOnlineRetail(a *app) *cobra.Command {
	how := loading{callers: 32}
	cmd := &cobra.Command{
		Use:   "online-retail FILE.csv[.gz]",
		Short: "Place the invoices of the UCI data set Online Retail",
		Long: `Reads the data set, puts the stock that its sales need into the main bin, and
places every sale invoice as an order. An invoice is one order however often
the file is loaded, so a load that was cut off is simply started again.

Rows that cannot be sold are left out and counted by reason. The money of the
orders is compared with the sum over the file.

Cancellation invoices are applied to the orders of their sales: each row takes
units back that the same customer bought before at the same price, from the
latest order first. Units of an order that has not shipped are cancelled, those
of one that has are returned and restocked. What belongs to no sale is listed
with its reason. With --ship every order is shipped before.`,
		Example: `  oms load online-retail online-retail.csv.gz
  oms load online-retail online-retail.csv.gz --ship --unmatched left-over.csv`,
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return usageError("%w", err)
			}
			defer f.Close()
			return a.loadOnlineRetail(cmd, f, how)
		},
	}
	cmd.Flags().IntVar(&how.callers, "callers", how.callers, "orders to place at a time")
	cmd.Flags().BoolVar(&how.ship, "ship", false, "ship the orders before their cancellations are applied")
	cmd.Flags().StringVar(&how.unmatched, "unmatched", "", "CSV file for the rows of cancellations that belong to no sale")
	return cmd
}

// loading says how a file is loaded.
type loading struct {
	callers   int
	ship      bool
	unmatched string
}

func (a *app) loadOnlineRetail(cmd *cobra.Command, r io.Reader, how loading) error {
	invoices, err := onlineretail.Read(r)
	if err != nil {
		return err
	}
	s := saleOf(invoices)
	p, err := a.newPlacing(how.callers)
	if err != nil {
		return err
	}
	if err := p.stockUp(cmd.Context(), "online-retail/stock", s.units); err != nil {
		return err
	}
	bar := newCounter(a.err, "orders", 2*len(s.orders))
	var before int
	p.progress = func(done, total int) {
		if done == total && before == 0 {
			before = total
			bar.set(total)
			return
		}
		bar.set(before + done)
	}
	err = p.place(cmd.Context(), s.orders)
	bar.stop()
	if err != nil {
		return err
	}
	if err := columns(a.out, func(w io.Writer) { s.summary(w); p.summary(w, onlineretail.Currency) }); err != nil {
		return err
	}
	if p.Minor != s.minor {
		return errors.New("the money of the orders is not the money of the file")
	}
	return a.takeBack(cmd.Context(), p, s, how)
}

// takeBack applies the cancellation invoices to the orders that were placed.
func (a *app) takeBack(ctx context.Context, p *placing, s sale, how loading) error {
	t, err := a.newTakingBack(p, s)
	if err != nil {
		return err
	}
	for _, part := range []struct {
		what string
		when bool
		do   func(context.Context) error
	}{{"shipments", how.ship, t.ship}, {"cancellations", len(t.taken) > 0, t.run}} {
		if !part.when {
			continue
		}
		var bar *counter
		p.progress = func(done, total int) {
			if bar == nil {
				bar = newCounter(a.err, part.what, total)
			}
			bar.set(done)
		}
		err := part.do(ctx)
		if bar != nil {
			bar.stop()
		}
		if err != nil {
			return err
		}
	}
	if err := columns(a.out, t.summary); err != nil {
		return err
	}
	return t.list(a, how.unmatched)
}

func (a *app) newPlacing(callers int) (*placing, error) {
	orders, err := dial(a, orderv1connect.NewOrderServiceClient)
	if err != nil {
		return nil, err
	}
	inventory, err := dial(a, inventoryv1connect.NewInventoryServiceClient)
	if err != nil {
		return nil, err
	}
	return &placing{orders: orders, inventory: inventory, callers: max(callers, 1)}, nil
}

// sale is what the sale invoices of a file come to, computed from the file.
type sale struct {
	invoices  int
	cancelled []onlineretail.Invoice
	report    *onlineretail.Report
	orders    []*orderv1.CreateOrderRequest
	units     map[string]int64
	minor     int64
}

func saleOf(invoices []onlineretail.Invoice) sale {
	s := sale{report: onlineretail.NewReport(), units: map[string]int64{}}
	for _, inv := range invoices {
		if inv.Cancellation() {
			s.cancelled = append(s.cancelled, inv)
			continue
		}
		s.invoices++
		o := s.report.Order(inv)
		if o == nil {
			continue
		}
		s.orders = append(s.orders, o)
		for _, it := range o.GetItems() {
			s.units[it.GetSkuId()] += it.GetQuantity()
			s.minor += it.GetQuantity() * it.GetUnitPrice().GetMinorUnits()
		}
	}
	return s
}

func (s sale) summary(w io.Writer) {
	field(w, "sale invoices", s.invoices)
	field(w, "cancellation invoices", len(s.cancelled))
	field(w, "invoices to orders", len(s.orders))
	for why, n := range s.report.Invoices {
		field(w, "invoices left out, "+why, n)
	}
	field(w, "rows to lines", s.report.Rows)
	for _, why := range s.report.Reasons() {
		field(w, "rows left out, "+why, s.report.LeftOut[why])
	}
	field(w, "money in the file", money.Amount{Currency: onlineretail.Currency, Minor: s.minor})
}

// counter shows how far something is: a bar with the time to go on a
// terminal, and a line for every tenth elsewhere.
type counter struct {
	w     io.Writer
	what  string
	total int
	box   *mpb.Progress
	bar   *mpb.Bar
	tenth int
}

func newCounter(w io.Writer, what string, total int) *counter {
	p := &counter{w: w, what: what, total: total}
	if f, ok := w.(*os.File); ok && isTerminal(f) {
		p.box = mpb.New(mpb.WithOutput(f), mpb.WithWidth(48))
		p.bar = p.box.AddBar(int64(total),
			mpb.PrependDecorators(decor.Name(what+" "), decor.Percentage()),
			mpb.AppendDecorators(decor.AverageETA(decor.ET_STYLE_GO), decor.Name(" left, "), decor.AverageSpeed(0, "%.0f/s")))
	}
	return p
}

func (p *counter) set(done int) {
	if p.bar != nil {
		p.bar.SetCurrent(int64(done))
		return
	}
	if t := done * 10 / max(p.total, 1); t > p.tenth {
		p.tenth = t
		fmt.Fprintf(p.w, "%s: %d%%\n", p.what, t*10)
	}
}

func (p *counter) stop() {
	if p.bar != nil {
		p.bar.Abort(false)
		p.box.Wait()
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
