package main

import (
	"io"
	"math"

	"github.com/spf13/cobra"

	paymentv1 "github.com/orderstream/oms/gen/oms/payment/v1"
)

func newPaymentRecords(a *app) *cobra.Command {
	const page = 1000
	var req paymentv1.ListPaymentRecordsRequest
	var limit int
	cmd := &cobra.Command{
		Use:   "records [ORDER]",
		Short: "List the payment records of an order, or of all, newest first",
		Long: `List the payment records of an order, or of all, newest first: what was charged,
what failed and what was given back. A record never changes; giving money back
is another one, of type credit with a negative amount.`,
		Args: cobra.MaximumNArgs(1),
		Example: `  oms payment records 01k9zq3v8m4t0c2x7b5n6d1fg
  oms payment records --limit 0 --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 0 {
				return usageError("--limit: must not be negative")
			}
			if limit == 0 {
				limit = math.MaxInt
			}
			if len(args) > 0 {
				req.OrderId = args[0]
			}
			client, err := a.payments()
			if err != nil {
				return err
			}
			t := a.table("NUMBER", "ORDER", "TYPE", "STATUS", "AMOUNT", "REFUNDS", "FULL", "GATEWAY", "METHOD", "REFERENCE", "AT")
			for left := limit; left > 0; {
				req.PageSize = int32(min(left, page))
				res, err := client.ListPaymentRecords(cmd.Context(), &req)
				if err != nil {
					return err
				}
				for _, r := range res.GetRecords() {
					if err := t.add(r, r.GetPaymentNumber(), r.GetOrderId(), word(r.GetType()), word(r.GetStatus()), amount(r.GetAmount()),
						numberOrNone(r.GetRefundedPaymentNumber()), r.GetFullRefund(), r.GetGateway(), r.GetMethod(), r.GetReference(), when(r.GetAt())); err != nil {
						return err
					}
				}
				left -= len(res.GetRecords())
				if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
					break
				}
			}
			return t.end()
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "entries at most; 0 lists all")
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

// numberOrNone is a number that is not there when it is 0.
func numberOrNone(n int64) any {
	if n == 0 {
		return ""
	}
	return n
}

func newPaymentRecord(a *app) *cobra.Command {
	var req paymentv1.RecordPaymentRequest
	var currency string
	var credit bool
	cmd := &cobra.Command{
		Use:   "record ORDER AMOUNT",
		Short: "Write down a payment that was made elsewhere",
		Long: `Write down a payment that was made elsewhere, in cash or to a bank account, or,
with --credit, money of one that was given back. It is in the payment ledger of
the order and among its records, and a moment later the order counts it: one that
is held for its payment goes on when nothing is missing any more.`,
		Args:    exactly("ORDER", "AMOUNT"),
		Example: `  oms payment record 01k9zq3v8m4t0c2x7b5n6d1fg 15.00 --currency USD --method cash --reference "till 4"`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			req.OrderId = args[0]
			if credit {
				req.Type = paymentv1.PaymentType_PAYMENT_TYPE_CREDIT
			}
			if req.Amount, err = parsePrice("amount", args[1], currency); err != nil {
				return err
			}
			client, err := a.payments()
			if err != nil {
				return err
			}
			res, err := client.RecordPayment(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printRecord(w, res.GetRecord()) })
		},
	}
	cmd.Flags().StringVar(&currency, "currency", "USD", "currency of the order")
	cmd.Flags().BoolVar(&credit, "credit", false, "the money was given back")
	cmd.Flags().StringVar(&req.Method, "method", "cash", "how it was paid, e.g. cash or bank_transfer")
	cmd.Flags().StringVar(&req.Reference, "reference", "", "what it is called elsewhere")
	cmd.Flags().StringVar(&req.IdempotencyKey, "key", "", "repeats with the same key record it once")
	return cmd
}

func printRecord(w io.Writer, r *paymentv1.PaymentRecord) {
	field(w, "Number", r.GetPaymentNumber())
	field(w, "Order", r.GetOrderId())
	field(w, "Type", word(r.GetType()))
	field(w, "Status", word(r.GetStatus()))
	field(w, "Amount", amount(r.GetAmount()))
	field(w, "Method", r.GetMethod())
	field(w, "Reference", r.GetReference())
	field(w, "At", when(r.GetAt()))
}
