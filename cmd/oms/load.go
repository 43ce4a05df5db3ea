package main

import (
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
	callers := 32
	cmd := &cobra.Command{
		Use:   "online-retail FILE.csv[.gz]",
		Short: "Place the sale invoices of the UCI data set Online Retail",
		Long: `Reads the data set, puts the stock that its sales need into the main bin, and
places every sale invoice as an order. An invoice is one order however often
the file is loaded, so a load that was cut off is simply started again.

Rows that cannot be sold are left out and counted by reason. At the end the
money of the orders is compared with the sum over the file.`,
		Example: `  oms load online-retail online-retail.csv.gz`,
		Args:    exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return usageError("%w", err)
			}
			defer f.Close()
			return a.loadOnlineRetail(cmd, f, callers)
		},
	}
	cmd.Flags().IntVar(&callers, "callers", callers, "orders to place at a time")
	return cmd
}

func (a *app) loadOnlineRetail(cmd *cobra.Command, r io.Reader, callers int) error {
	invoices, err := onlineretail.Read(r)
	if err != nil {
		return err
	}
	s := saleOf(invoices)
	p, err := a.newPlacing(callers)
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
	return nil
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
	invoices, cancellations int
	report                  *onlineretail.Report
	orders                  []*orderv1.CreateOrderRequest
	units                   map[string]int64
	minor                   int64
}

func saleOf(invoices []onlineretail.Invoice) sale {
	s := sale{report: onlineretail.NewReport(), units: map[string]int64{}}
	for _, inv := range invoices {
		if inv.Cancellation() {
			s.cancellations++
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
	field(w, "cancellation invoices", fmt.Sprintf("%d, not loaded", s.cancellations))
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
