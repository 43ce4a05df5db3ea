package main

import (
	"context"
	"io"
	"math"

	"github.com/spf13/cobra"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
)

func newOrder(a *app) *cobra.Command {
	return group("order", "Place, read and change orders",
		newOrderCreate(a), newOrderGet(a), newOrderList(a), newOrderWatch(a), newOrderTimeline(a), newOrderInvoices(a),
		newOrderCancel(a), newOrderReview(a), newOrderRetryPayment(a),
		newOrderPatch(a), newOrderUpdate(a), newOrderMetadata(a), newOrderNote(a), newOrderEdit(a), newOrderCancelItems(a),
		newOrderHold(a), newOrderRelease(a), newOrderDelete(a), newOrderInvoice(a), newOrderImport(a))
}

func (a *app) orders() (orderv1connect.OrderServiceClient, error) {
	return dial(a, orderv1connect.NewOrderServiceClient)
}

func newOrderGet(a *app) *cobra.Command {
	var req orderv1.GetOrderRequest
	var number uint64
	var reference string
	cmd := &cobra.Command{
		Use:   "get [ORDER]",
		Short: "Show an order, by id, number or reference",
		Example: `  oms order get 01k9zq3v8m4t0c2x7b5n6d1fg
  oms order get --number 42
  oms order get --reference PO-2024-17 --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			given := len(args)
			if given > 0 {
				req.Key = &orderv1.GetOrderRequest_OrderId{OrderId: args[0]}
			}
			if cmd.Flags().Changed("number") {
				req.Key, given = &orderv1.GetOrderRequest_OrderNumber{OrderNumber: number}, given+1
			}
			if cmd.Flags().Changed("reference") {
				req.Key, given = &orderv1.GetOrderRequest_Reference{Reference: reference}, given+1
			}
			if given != 1 {
				return usageError("give one of ORDER, --number and --reference")
			}
			client, err := a.orders()
			if err != nil {
				return err
			}
			res, err := client.GetOrder(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res.GetOrder(), func(w io.Writer) { printOrder(w, res.GetOrder()) })
		},
	}
	cmd.Flags().Uint64Var(&number, "number", 0, "order number")
	cmd.Flags().StringVar(&reference, "reference", "", "the caller's own reference; the newest order wins")
	cmd.Flags().BoolVar(&req.Latest, "latest", false, "wait until the read model has seen all that is stored of the order now")
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

func newOrderList(a *app) *cobra.Command {
	var req orderv1.ListOrdersRequest
	var status, from, before string
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List orders, newest first",
		Args:  none,
		Example: `  oms order list
  oms order list --status on_hold --limit 100
  oms order list --customer c-17 --from 24h --json`,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if status != "" {
				n, err := parseWord(orderv1.OrderStatus(0).Descriptor(), status)
				if err != nil {
					return err
				}
				req.Status = orderv1.OrderStatus(n)
			}
			if req.CreatedFrom, err = parseTime("from", from, ago); err != nil {
				return err
			}
			if req.CreatedBefore, err = parseTime("before", before, ago); err != nil {
				return err
			}
			if limit < 0 {
				return usageError("--limit: must not be negative")
			}
			return a.listOrders(cmd.Context(), &req, limit)
		},
	}
	cmd.Flags().StringVar(&req.CustomerId, "customer", "", "only orders of this customer")
	cmd.Flags().StringVar(&req.AssociateId, "associate", "", "only orders that count for this account")
	cmd.Flags().BoolVar(&req.PaymentDue, "payment-due", false, "only orders of which a payment is due")
	cmd.Flags().StringVar(&status, "status", "", "only orders in this status, such as on_hold, submitted, shipped or cancelled")
	cmd.Flags().StringVar(&from, "from", "", "only orders created then or later: a time, or a duration before now")
	cmd.Flags().StringVar(&before, "before", "", "only orders created before: a time, or a duration before now")
	cmd.Flags().IntVar(&limit, "limit", 25, "orders at most; 0 lists all")
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

// listOrders pages through orders and prints them as they come.
func (a *app) listOrders(ctx context.Context, req *orderv1.ListOrdersRequest, limit int) error {
	const page = 200
	client, err := a.orders()
	if err != nil {
		return err
	}
	if limit == 0 {
		limit = math.MaxInt
	}
	t := a.table("NUMBER", "ORDER", "STATUS", "REASON", "TOTAL", "CUSTOMER", "CREATED")
	for left := limit; left > 0; {
		req.PageSize = int32(min(left, page))
		res, err := client.ListOrders(ctx, req)
		if err != nil {
			return err
		}
		for _, o := range res.GetOrders() {
			err := t.add(o, o.GetOrderNumber(), o.GetOrderId(), word(o.GetStatus()), o.GetStatusReason(),
				amount(o.GetTotals().GetTotal()), buyer(o.GetCustomer()), when(o.GetCreatedAt()))
			if err != nil {
				return err
			}
		}
		left -= len(res.GetOrders())
		if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	return t.end()
}

func newOrderWatch(a *app) *cobra.Command {
	var req orderv1.WatchOrderRequest
	cmd := &cobra.Command{
		Use:   "watch ORDER",
		Short: "Show an order now and after every change, until it is final",
		Args:  exactly("ORDER"),
		Example: `  oms order watch 01k9zq3v8m4t0c2x7b5n6d1fg
  oms order watch 01k9zq3v8m4t0c2x7b5n6d1fg --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.OrderId = args[0]
			return a.watchOrder(cmd.Context(), &req, nil)
		},
	}
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

// watchOrder prints an order after every change, until it is final or enough
// says so.
func (a *app) watchOrder(ctx context.Context, req *orderv1.WatchOrderRequest, enough func(*orderv1.Order) bool) error {
	client, err := a.orders()
	if err != nil {
		return err
	}
	stream, err := client.WatchOrder(ctx, req)
	if err != nil {
		return err
	}
	for stream.Receive() {
		o := stream.Msg().GetOrder()
		if err := a.show(o, func(w io.Writer) { printChange(w, o) }); err != nil {
			return err
		}
		if enough != nil && enough(o) {
			return nil // the end of the program ends the stream
		}
	}
	return stream.Err()
}
