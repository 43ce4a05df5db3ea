package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
)

// listing makes a command that reads parts of the order that its argument names,
// and prints them as rows under a head.
func listing[Q, R proto.Message](
	a *app, cmd *cobra.Command, order *string, call func(orderv1connect.OrderQueryServiceClient, context.Context, Q) (R, error), req Q,
	head []any, rows func(w io.Writer, res R),
) *cobra.Command {
	cmd.Args = exactly("ORDER")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		*order = args[0]
		client, err := dial(a, orderv1connect.NewOrderQueryServiceClient)
		if err != nil {
			return err
		}
		res, err := call(client, cmd.Context(), req)
		if err != nil {
			return err
		}
		return a.show(res, func(w io.Writer) {
			row(w, head...)
			rows(w, res)
		})
	}
	return cmd
}

func newPackageList(a *app) *cobra.Command {
	var req orderv1.ListPackagesRequest
	cmd := listing(a, &cobra.Command{
		Use:   "list ORDER",
		Short: "List the packages of an order, oldest first",
		Example: `  oms package list ORDER
  oms package list ORDER --status submitted`,
	}, &req.OrderId, orderv1connect.OrderQueryServiceClient.ListPackages, &req, packageHead,
		func(w io.Writer, res *orderv1.ListPackagesResponse) { printPackages(w, res.GetPackages()) })
	cmd.Flags().StringVar(&req.Status, "status", "", "only those in this status, such as submitted or shipped")
	minPosition(cmd, &req.MinPosition)
	return cmd
}

func newReturnList(a *app) *cobra.Command {
	var req orderv1.ListReturnsRequest
	cmd := listing(a, &cobra.Command{
		Use:   "list ORDER",
		Short: "List the returns of an order, oldest first",
		Example: `  oms return list ORDER
  oms return list ORDER --status submitted`,
	}, &req.OrderId, orderv1connect.OrderQueryServiceClient.ListReturns, &req, returnHead,
		func(w io.Writer, res *orderv1.ListReturnsResponse) { printReturns(w, res.GetReturns()) })
	cmd.Flags().StringVar(&req.Status, "status", "", "only those in this status: submitted, accepted, rejected or closed")
	minPosition(cmd, &req.MinPosition)
	return cmd
}

func newOrderInvoices(a *app) *cobra.Command {
	var req orderv1.ListInvoicesRequest
	cmd := listing(a, &cobra.Command{
		Use:     "invoices ORDER",
		Short:   "List the invoices of an order, oldest first",
		Example: `  oms order invoices ORDER`,
	}, &req.OrderId, orderv1connect.OrderQueryServiceClient.ListInvoices, &req, invoiceHead,
		func(w io.Writer, res *orderv1.ListInvoicesResponse) { printInvoices(w, res.GetInvoices()) })
	minPosition(cmd, &req.MinPosition)
	return cmd
}

func newOrderTimeline(a *app) *cobra.Command {
	var req orderv1.GetTimelineRequest
	cmd := listing(a, &cobra.Command{
		Use:   "timeline ORDER",
		Short: "Tell who did what to an order, and when",
		Example: `  oms order timeline ORDER
  oms order timeline ORDER --people`,
	}, &req.OrderId, orderv1connect.OrderQueryServiceClient.GetTimeline, &req, []any{"AT", "WHO", "ASKED", "WHAT HAPPENED"}, printTimeline)
	cmd.Flags().BoolVar(&req.PeopleOnly, "people", false, "leave out what the saga asks and participants answer")
	return cmd
}

func printTimeline(w io.Writer, res *orderv1.GetTimelineResponse) {
	for _, e := range res.GetEntries() {
		said := make([]string, len(e.GetEvents()))
		for n, event := range e.GetEvents() {
			said[n] = event.GetText()
		}
		row(w, when(e.GetAt()), e.GetActor(), e.GetCommand(), strings.Join(said, "; "))
	}
}

func minPosition(cmd *cobra.Command, to *uint64) {
	cmd.Flags().Uint64Var(to, "min-position", 0, "wait until the read model has seen this log position")
}
