package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
	"github.com/orderstream/oms/gen/oms/payment/v1/paymentv1connect"
)

func newPayment(a *app) *cobra.Command {
	return group("payment", "Show and record payments, and script the simulated gateway", newPaymentGet(a), newPaymentRecords(a), newPaymentRecord(a), newPaymentScript(a))
}

func (a *app) payments() (paymentv1connect.PaymentServiceClient, error) {
	return dial(a, paymentv1connect.NewPaymentServiceClient)
}

func newPaymentGet(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "get ORDER",
		Short:   "Show the ledger of an order's payments",
		Args:    exactly("ORDER"),
		Example: `  oms payment get 01k9zq3v8m4t0c2x7b5n6d1fg`,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := a.payments()
			if err != nil {
				return err
			}
			res, err := client.GetPayment(cmd.Context(), &paymentv1.GetPaymentRequest{OrderId: args[0]})
			if err != nil {
				return err
			}
			return a.show(res.GetPayment(), func(w io.Writer) { printPayment(w, res.GetPayment()) })
		},
	}
}

func newPaymentScript(a *app) *cobra.Command {
	var remove bool
	cmd := &cobra.Command{
		Use:   "script TOKEN (OUTCOME... | --remove)",
		Short: "Set how the simulated gateway answers calls with a token",
		Long: `Set how the simulated gateway answers calls with a token. The outcomes are used
in turn, and the last one repeats:

  approve       approve
  decline       decline
  timeout       do the work, but answer that the outcome is not known
  answer_twice  approve two times
  answer_late   approve, but after the caller stopped waiting
  unavailable   fail before any work is done`,
		Example: `  oms payment script tok_demo decline approve
  oms payment script tok_demo timeout
  oms payment script tok_demo --remove`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || remove == (len(args) > 1) {
				return usageError("%s needs TOKEN and outcomes, or TOKEN --remove", cmd.CommandPath())
			}
			req := &paymentv1.ScriptGatewayRequest{Token: args[0]}
			for _, text := range args[1:] {
				n, err := parseWord(paymentv1.ScriptedOutcome(0).Descriptor(), text)
				if err != nil {
					return err
				}
				req.Outcomes = append(req.Outcomes, paymentv1.ScriptedOutcome(n))
			}
			client, err := a.payments()
			if err != nil {
				return err
			}
			res, err := client.ScriptGateway(cmd.Context(), req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { fmt.Fprintf(w, "calls with %s follow the script\n", clean(args[0])) })
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "remove the script of the token")
	return cmd
}

func printPayment(w io.Writer, p *paymentv1.Payment) {
	field(w, "Order", p.GetOrderId())
	field(w, "Paid", amount(p.GetPaid()))
	fmt.Fprintln(w)
	row(w, "PAYMENT", "GATEWAY", "AUTHORIZED", "CAPTURED", "REFUNDED")
	for _, i := range p.GetItems() {
		row(w, i.GetPaymentItemId(), i.GetGateway(), amount(i.GetAuthorized()), amount(i.GetCaptured()), amount(i.GetRefunded()))
	}
	fmt.Fprintln(w)
	row(w, "TRANSACTION", "OPERATION", "AMOUNT", "DONE", "CODE", "ANSWER", "AT")
	for _, t := range p.GetTransactions() {
		row(w, t.GetTransactionId(), word(t.GetOperation()), amount(t.GetAmount()), t.GetSucceeded(), t.GetResponseCode(),
			t.GetResponseMessage(), when(t.GetAt()))
	}
}
