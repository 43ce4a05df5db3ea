package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	sagav1 "github.com/orderstream/oms/gen/oms/saga/v1"
	"github.com/orderstream/oms/gen/oms/saga/v1/sagav1connect"
)

func newSaga(a *app) *cobra.Command {
	return group("saga", "Show checkouts that run, and steer those that are stuck",
		newSagaList(a), newSagaShow(a), newSagaRetry(a), newSagaSkip(a), newSagaCompensate(a))
}

func (a *app) sagas() (sagav1connect.SagaServiceClient, error) {
	return dial(a, sagav1connect.NewSagaServiceClient)
}

func newSagaList(a *app) *cobra.Command {
	var req sagav1.ListSagasRequest
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List checkouts that have not ended",
		Args:  none,
		Example: `  oms saga list
  oms saga list --stuck`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := a.sagas()
			if err != nil {
				return err
			}
			res, err := client.ListSagas(cmd.Context(), &req)
			if err != nil {
				return err
			}
			t := a.table("ORDER", "STATUS", "AT", "PARKED", "REASON", "WAKES", "STARTED")
			for _, s := range res.GetSagas() {
				err := t.add(s, s.GetOrderId(), word(s.GetStatus()), lastStep(s), s.GetParked(), s.GetReason(), when(s.GetWakesAt()), when(s.GetStartedAt()))
				if err != nil {
					return err
				}
			}
			return t.end()
		},
	}
	cmd.Flags().BoolVar(&req.Stuck, "stuck", false, "only those that wait for a person, or whose answer is overdue")
	cmd.Flags().Int32Var(&req.Limit, "limit", 100, "entries at most, up to 1000")
	return cmd
}

func newSagaShow(a *app) *cobra.Command {
	return newSagaAct(a, &cobra.Command{
		Use:     "show ORDER",
		Short:   "Show how far the checkout of an order is",
		Example: `  oms saga show 01k9zq3v8m4t0c2x7b5n6d1fg`,
	}, func(ctx context.Context, c sagav1connect.SagaServiceClient, id, _ string) (*sagav1.Saga, error) {
		res, err := c.GetSaga(ctx, &sagav1.GetSagaRequest{OrderId: id})
		return res.GetSaga(), err
	})
}

func newSagaRetry(a *app) *cobra.Command {
	return newSagaAct(a, &cobra.Command{
		Use:     "retry ORDER",
		Short:   "Ask the step that is stuck again",
		Example: `  oms saga retry 01k9zq3v8m4t0c2x7b5n6d1fg --reason "gateway is back"`,
	}, func(ctx context.Context, c sagav1connect.SagaServiceClient, id, reason string) (*sagav1.Saga, error) {
		res, err := c.RetrySaga(ctx, &sagav1.RetrySagaRequest{OrderId: id, Reason: reason})
		return res.GetSaga(), err
	})
}

func newSagaSkip(a *app) *cobra.Command {
	return newSagaAct(a, &cobra.Command{
		Use:     "skip ORDER --reason TEXT",
		Short:   "Go on without the step that is stuck",
		Example: `  oms saga skip 01k9zq3v8m4t0c2x7b5n6d1fg --reason "stock was taken by hand"`,
	}, func(ctx context.Context, c sagav1connect.SagaServiceClient, id, reason string) (*sagav1.Saga, error) {
		res, err := c.SkipStep(ctx, &sagav1.SkipStepRequest{OrderId: id, Reason: reason})
		return res.GetSaga(), err
	})
}

func newSagaCompensate(a *app) *cobra.Command {
	return newSagaAct(a, &cobra.Command{
		Use:     "compensate ORDER",
		Short:   "Give up, and undo what was done",
		Example: `  oms saga compensate 01k9zq3v8m4t0c2x7b5n6d1fg --reason "customer called"`,
	}, func(ctx context.Context, c sagav1connect.SagaServiceClient, id, reason string) (*sagav1.Saga, error) {
		res, err := c.CompensateSaga(ctx, &sagav1.CompensateSagaRequest{OrderId: id, Reason: reason})
		return res.GetSaga(), err
	})
}

// newSagaAct completes a command that does something with one saga and shows
// what it is then.
func newSagaAct(
	a *app, cmd *cobra.Command, act func(ctx context.Context, c sagav1connect.SagaServiceClient, id, reason string) (*sagav1.Saga, error),
) *cobra.Command {
	var reason string
	cmd.Args = exactly("ORDER")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := a.sagas()
		if err != nil {
			return err
		}
		s, err := act(cmd.Context(), client, args[0], reason)
		if err != nil {
			return err
		}
		return a.show(s, func(w io.Writer) { printSaga(w, s) })
	}
	if cmd.Name() != "show" {
		cmd.Flags().StringVar(&reason, "reason", "", "reason, kept with the order")
	}
	return cmd
}

func printSaga(w io.Writer, s *sagav1.Saga) {
	field(w, "Order", s.GetOrderId())
	field(w, "Status", word(s.GetStatus()))
	field(w, "Undoing", s.GetCompensating())
	field(w, "Parked", s.GetParked())
	field(w, "Reason", s.GetReason())
	field(w, "Wakes", when(s.GetWakesAt()))
	field(w, "Started", when(s.GetStartedAt()))
	if len(s.GetSteps()) > 0 {
		fmt.Fprintln(w)
		printSteps(w, s.GetSteps())
	}
}

// lastStep is the step that was asked last.
func lastStep(s *sagav1.Saga) string {
	if n := len(s.GetSteps()); n > 0 {
		return word(s.GetSteps()[n-1].GetStep())
	}
	return ""
}
