package main

import (
	"io"

	"github.com/spf13/cobra"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

func newOrderCancel(a *app) *cobra.Command {
	var req orderv1.CancelOrderRequest
	cmd := &cobra.Command{
		Use:     "cancel ORDER",
		Short:   "Cancel an order and undo what was done for it",
		Args:    exactly("ORDER"),
		Example: `  oms order cancel 01k9zq3v8m4t0c2x7b5n6d1fg --reason "changed my mind"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.OrderId = args[0]
			client, err := a.orders()
			if err != nil {
				return err
			}
			res, err := client.CancelOrder(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printStored(w, req.GetOrderId(), res) })
		},
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "reason, kept with the order")
	cmd.Flags().StringVar(&req.IdempotencyKey, "key", "", "idempotency key: the same request again is answered again")
	cmd.Flags().Uint64Var(&req.ExpectedRevision, "revision", 0, "refuse unless the order has this revision")
	return cmd
}

func newOrderReview(a *app) *cobra.Command {
	var req orderv1.ReviewOrderRequest
	var reject bool
	cmd := &cobra.Command{
		Use:   "review ORDER --accept|--reject",
		Short: "Decide on an order that is held as suspicious",
		Args:  exactly("ORDER"),
		Example: `  oms order list --status on_hold
  oms order review 01k9zq3v8m4t0c2x7b5n6d1fg --accept --reason "called the customer"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if req.GetAccept() == reject {
				return usageError("give --accept or --reject")
			}
			req.OrderId = args[0]
			client, err := a.orders()
			if err != nil {
				return err
			}
			res, err := client.ReviewOrder(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printStored(w, req.GetOrderId(), res) })
		},
	}
	cmd.Flags().BoolVar(&req.Accept, "accept", false, "let the order go on")
	cmd.Flags().BoolVar(&reject, "reject", false, "undo everything and cancel the order")
	cmd.Flags().StringVar(&req.Reason, "reason", "", "reason, kept with the order")
	cmd.Flags().StringVar(&req.IdempotencyKey, "key", "", "idempotency key: the same request again is answered again")
	return cmd
}

func newOrderRetryPayment(a *app) *cobra.Command {
	var req orderv1.RetryPaymentRequest
	var token, gateway string
	cmd := &cobra.Command{
		Use:   "retry-payment ORDER",
		Short: "Let an order whose payment was declined try again",
		Long: `Let an order whose payment was declined try again: one that is held for it, or
one of which units have left that could not be paid. The latter shows what is due
under "Payment due".`,
		Args: exactly("ORDER"),
		Example: `  oms order retry-payment 01k9zq3v8m4t0c2x7b5n6d1fg
  oms order retry-payment 01k9zq3v8m4t0c2x7b5n6d1fg --payment-token tok_other_card`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.OrderId = args[0]
			if token != "" || gateway != "" {
				req.Payments = []*orderv1.PaymentItem{{Token: token, Gateway: gateway}}
			}
			client, err := a.orders()
			if err != nil {
				return err
			}
			res, err := client.RetryPayment(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printStored(w, req.GetOrderId(), res) })
		},
	}
	cmd.Flags().StringVar(&token, "payment-token", "", "token of another payment method for all that is to be paid")
	cmd.Flags().StringVar(&gateway, "gateway", "", "gateway of that payment method")
	cmd.Flags().StringVar(&req.IdempotencyKey, "key", "", "idempotency key: the same request again is answered again")
	return cmd
}
