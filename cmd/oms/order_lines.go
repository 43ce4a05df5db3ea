package main

import (
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
)

func newOrderCancelItems(a *app) *cobra.Command {
	var req orderv1.CancelItemsRequest
	cmd := &cobra.Command{
		Use:   "cancel-items ORDER LINE=UNITS ...",
		Short: "Cancel some units of a confirmed order",
		Long: `Cancel some units of a confirmed order: their stock is free again, and what they
cost is given back. Units that are in a package, or have left, cannot be
cancelled. When nothing would be left, the whole order is cancelled.`,
		Args: atLeast("ORDER", "LINE=UNITS"),
		Example: `  oms order cancel-items ORDER 1=2 --reason "changed my mind"
  oms order cancel-items ORDER 1 3=4`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			req.OrderId = args[0]
			if req.Lines, err = parseUnits(args[1:]); err != nil {
				return err
			}
			return changing(a, cmd, orderv1connect.ChangeServiceClient.CancelItems, &req)
		},
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "reason, kept with the order")
	orderFlags(cmd.Flags(), &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

func newOrderEdit(a *app) *cobra.Command {
	var req orderv1.EditItemsRequest
	var set, add []string
	var token string
	cmd := &cobra.Command{
		Use:   "edit ORDER (--set LINE=UNITS[@PRICE] | --add SKU=UNITS@PRICE | --remove LINE) ...",
		Short: "Change the lines of an order before the freeze",
		Long: `Change the lines of an order before the freeze. What is added is reserved, what
is taken away is free again, and the difference in money is taken or given back.
If stock or payment is refused, everything stays as it was; "oms order get" shows
edits that are under way. --preview says what would change, and changes nothing.`,
		Args: exactly("ORDER"),
		Example: `  oms order edit ORDER --set 1=3
  oms order edit ORDER --set 1=3@8.50 --add POT=1@24.00 --remove 2 --preview
  oms order edit ORDER --add POT=1@24.00 --payment-token tok_other_card`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := a.current(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			req.OrderId = o.GetOrderId()
			for _, text := range set {
				line, err := changedLine(o, text)
				if err != nil {
					return err
				}
				req.Set = append(req.Set, line)
			}
			for _, text := range add {
				line, err := parseLine(text, o.GetCurrencyCode())
				if err != nil {
					return err
				}
				req.Set = append(req.Set, line)
			}
			if token != "" {
				req.Payments = []*orderv1.PaymentItem{{Token: token}}
			}
			return changing(a, cmd, orderv1connect.ChangeServiceClient.EditItems, &req, printDifference)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&set, "set", nil, "line as it is to be, LINE=UNITS or LINE=UNITS@PRICE; may be repeated")
	f.StringArrayVar(&add, "add", nil, "line that is added, SKU=UNITS@PRICE; may be repeated")
	f.StringArrayVar(&req.Remove, "remove", nil, "line that goes; may be repeated")
	f.BoolVar(&req.Preview, "preview", false, "only say what would change")
	f.StringVar(&token, "payment-token", "", "token of the payment method for what it costs more; empty takes those of the order")
	orderFlags(f, &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

// changedLine is a line of an order with other units, and perhaps another
// price. Its adjustments and tax stay.
func changedLine(o *orderv1.Order, text string) (*orderv1.LineItem, error) {
	id, rest, _ := strings.Cut(text, "=")
	units, price, priced := strings.Cut(rest, "@")
	n, err := strconv.ParseInt(units, 10, 64)
	if err != nil {
		return nil, usageError("--set %q: must be LINE=UNITS or LINE=UNITS@PRICE", text)
	}
	for _, i := range o.GetItems() {
		if i.GetItemId() != id {
			continue
		}
		line := &orderv1.LineItem{
			ItemId: id, SkuId: i.GetSkuId(), BinName: i.GetBinName(), Quantity: n, UnitPrice: i.GetUnitPrice(), Name: i.GetName(),
			Adjustments: i.GetAdjustments(), Tax: i.GetTax(), FinalSale: !i.GetReturnable(), Properties: i.GetProperties(),
		}
		if priced {
			if line.UnitPrice, err = parsePrice("set", price, o.GetCurrencyCode()); err != nil {
				return nil, err
			}
		}
		return line, nil
	}
	return nil, usageError("--set %q: the order has no line %q", text, id)
}

// printDifference says what an edit would change.
func printDifference(w io.Writer, r *orderv1.EditItemsResponse) {
	if r.GetBefore() == nil {
		return
	}
	field(w, "Total before", amount(r.GetBefore().GetTotal()))
	field(w, "Total after", amount(r.GetAfter().GetTotal()))
	for _, s := range r.GetReserve() {
		field(w, "To reserve", strconv.FormatInt(s.GetQuantity(), 10)+" of "+s.GetSkuId()+" in "+s.GetBinName())
	}
	for _, s := range r.GetRelease() {
		field(w, "To release", strconv.FormatInt(s.GetQuantity(), 10)+" of "+s.GetSkuId()+" in "+s.GetBinName())
	}
}

func newOrderInvoice(a *app) *cobra.Command {
	var id, key string
	var revision uint64
	var in orderv1.OrderInvoice
	var items, shipping, tax string
	var replace bool
	cmd := &cobra.Command{
		Use:   "invoice ORDER [LINE=UNITS ...]",
		Short: "Record an invoice for some units of an order, or replace one",
		Args:  atLeast("ORDER"),
		Example: `  oms order invoice ORDER 1=2 --items 19.98 --shipping 4.00 --package k1
  oms order invoice ORDER 1=2 --items 19.98 --id INV-7 --replace`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := a.current(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if in.Lines, err = parseUnits(args[1:]); err != nil {
				return err
			}
			if in.Items, err = parsePrice("items", items, o.GetCurrencyCode()); err != nil {
				return err
			}
			if in.Shipping, err = parsePrice("shipping", shipping, o.GetCurrencyCode()); err != nil {
				return err
			}
			if in.Tax, err = parsePrice("tax", tax, o.GetCurrencyCode()); err != nil {
				return err
			}
			in.InvoiceId = id
			if replace {
				req := &orderv1.UpdateInvoiceRequest{OrderId: args[0], IdempotencyKey: key, ExpectedRevision: revision, Invoice: &in}
				return changing(a, cmd, orderv1connect.ChangeServiceClient.UpdateInvoice, req)
			}
			req := &orderv1.CreateInvoiceRequest{OrderId: args[0], IdempotencyKey: key, ExpectedRevision: revision, Invoice: &in}
			return changing(a, cmd, orderv1connect.ChangeServiceClient.CreateInvoice, req, func(w io.Writer, r *orderv1.CreateInvoiceResponse) {
				field(w, "Invoice", r.GetInvoiceId())
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&id, "id", "", "id of the invoice, unique in the order; empty lets the service choose")
	f.StringVar(&in.InvoiceNumber, "number", "", "number that people use; empty is the id")
	f.StringVar(&items, "items", "", "price of the units, in the order's currency")
	f.StringVar(&shipping, "shipping", "", "price of shipping")
	f.StringVar(&tax, "tax", "", "tax")
	f.StringVar(&in.PackageId, "package", "", "package that it goes with")
	f.StringVar(&in.InvoiceDate, "date", "", "date, YYYY-MM-DD; empty is today")
	f.BoolVar(&replace, "replace", false, "replace the invoice with this id")
	orderFlags(f, &key, &revision)
	return cmd
}
