package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
)

func newReturn(a *app) *cobra.Command {
	return group("return", "Take units back, exchange and replace them",
		newReturnList(a), newReturnSubmit(a), newReturnAccept(a), newReturnReject(a), newReturnReplace(a))
}

// returning sends a command of the return service.
func returning[Q interface{ GetOrderId() string }, R receipted](
	a *app, cmd *cobra.Command, call func(orderv1connect.ReturnServiceClient, context.Context, Q) (R, error), req Q, also ...func(io.Writer, R),
) error {
	return act(a, cmd.Context(), orderv1connect.NewReturnServiceClient, call, req, also...)
}

func newReturnSubmit(a *app) *cobra.Command {
	var req orderv1.SubmitReturnRequest
	var reason string
	cmd := &cobra.Command{
		Use:   "submit ORDER LINE=UNITS ...",
		Short: "Say that a customer wants to give units back",
		Args:  atLeast("ORDER", "LINE=UNITS"),
		Example: `  oms return submit ORDER 1=2 --reason "too small"
  oms return submit ORDER 1 2 --id RMA-7`,
		RunE: func(cmd *cobra.Command, args []string) error {
			units, err := parseUnits(args[1:])
			if err != nil {
				return err
			}
			req.OrderId = args[0]
			for _, u := range units {
				req.Lines = append(req.Lines, &orderv1.ReturnLine{ItemId: u.GetItemId(), Quantity: u.GetQuantity(), Reason: reason})
			}
			return returning(a, cmd, orderv1connect.ReturnServiceClient.SubmitReturn, &req, func(w io.Writer, r *orderv1.SubmitReturnResponse) {
				field(w, "Return", r.GetReturnId())
			})
		},
	}
	cmd.Flags().StringVar(&req.ReturnId, "id", "", "id of the return, unique in the order; empty lets the service choose")
	cmd.Flags().StringVar(&reason, "reason", "", "the customer's words")
	orderFlags(cmd.Flags(), &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

func newReturnAccept(a *app) *cobra.Command {
	var req orderv1.AcceptReturnRequest
	var exchange []string
	var fee, token string
	cmd := &cobra.Command{
		Use:   "accept ORDER RETURN",
		Short: "Take the units of a return back, and refund or exchange them",
		Long: `Take the units of a return back. What they are worth, less a fee, is refunded; or
it pays for an exchange first: a linked order with other lines, of which what is
left is refunded, or what is missing is taken.`,
		Args: exactly("ORDER", "RETURN"),
		Example: `  oms return accept ORDER r1 --restock
  oms return accept ORDER r1 --restock --fee 1.50
  oms return accept ORDER r1 --exchange POT=1@24.00`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := a.current(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			req.OrderId, req.ReturnId = args[0], args[1]
			if req.Fee, err = parsePrice("fee", fee, o.GetCurrencyCode()); err != nil {
				return err
			}
			for _, text := range exchange {
				line, err := parseLine(text, o.GetCurrencyCode())
				if err != nil {
					return err
				}
				if req.Exchange == nil {
					req.Exchange = &orderv1.ExchangeOrder{ShippingAddress: o.GetShippingAddress()}
				}
				req.Exchange.Items = append(req.Exchange.Items, line)
			}
			if token != "" {
				if req.Exchange == nil {
					return usageError("--payment-token pays for an exchange: give --exchange")
				}
				req.Exchange.Payments = []*orderv1.PaymentItem{{Token: token}}
			}
			return returning(a, cmd, orderv1connect.ReturnServiceClient.AcceptReturn, &req, func(w io.Writer, r *orderv1.AcceptReturnResponse) {
				field(w, "Exchange", r.GetExchangeOrderId())
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&req.Restock, "restock", false, "put the units back on the shelf")
	f.StringVar(&fee, "fee", "", "what is kept of their worth, in the order's currency")
	f.StringArrayVar(&exchange, "exchange", nil, "line of the exchange as SKU=QUANTITY@PRICE; may be repeated")
	f.StringVar(&token, "payment-token", "", "token of the payment method for what the exchange costs more")
	orderFlags(f, &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

func newReturnReject(a *app) *cobra.Command {
	var req orderv1.RejectReturnRequest
	cmd := &cobra.Command{
		Use:     "reject ORDER RETURN",
		Short:   "Leave the units of a return with the customer",
		Args:    exactly("ORDER", "RETURN"),
		Example: `  oms return reject ORDER r1 --reason "the seal is broken"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.OrderId, req.ReturnId = args[0], args[1]
			return returning(a, cmd, orderv1connect.ReturnServiceClient.RejectReturn, &req)
		},
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "reason, kept with the order")
	orderFlags(cmd.Flags(), &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

func newReturnReplace(a *app) *cobra.Command {
	var req orderv1.ReplaceItemsRequest
	cmd := &cobra.Command{
		Use:     "replace ORDER LINE=UNITS ...",
		Short:   "Send units again for free that were lost or broken",
		Long:    "Send units again for free that were lost or broken, as a linked order without payment.",
		Args:    atLeast("ORDER", "LINE=UNITS"),
		Example: `  oms return replace ORDER 1=2 --reason "lost on the way"`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			req.OrderId = args[0]
			if req.Lines, err = parseUnits(args[1:]); err != nil {
				return err
			}
			return returning(a, cmd, orderv1connect.ReturnServiceClient.ReplaceItems, &req, func(w io.Writer, r *orderv1.ReplaceItemsResponse) {
				field(w, "Replacement", r.GetReplaceOrderId())
			})
		},
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "reason, kept with the order")
	orderFlags(cmd.Flags(), &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}
