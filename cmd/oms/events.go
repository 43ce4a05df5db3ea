package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	logv1 "github.com/orderstream/oms/gen/oms/log/v1"
	"github.com/orderstream/oms/gen/oms/log/v1/logv1connect"
)

func newEvents(a *app) *cobra.Command {
	return group("events", "Read the log", newEventsTail(a), newEventsShow(a))
}

func (a *app) log() (logv1connect.LogServiceClient, error) {
	return dial(a, logv1connect.NewLogServiceClient)
}

func newEventsTail(a *app) *cobra.Command {
	var req logv1.TailEventsRequest
	var after uint64
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Print events as they are stored",
		Args:  none,
		Example: `  oms events tail
  oms events tail --log inventory --after 0 --until-head
  oms events tail --after 0 --json | jq -c .data`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("after") {
				req.AfterPosition = &after
			}
			client, err := a.log()
			if err != nil {
				return err
			}
			stream, err := client.TailEvents(cmd.Context(), &req)
			if err != nil {
				return err
			}
			for stream.Receive() {
				e := stream.Msg().GetEvent()
				if err := a.show(e, func(w io.Writer) { printEvent(w, e) }); err != nil {
					return err
				}
			}
			return stream.Err()
		},
	}
	cmd.Flags().StringVar(&req.Log, "log", "", "log to read: order (default), inventory, payment, promotion, customer or delivery")
	cmd.Flags().Uint64Var(&after, "after", 0, "begin after this position; 0 is the whole log; without it only new events come")
	cmd.Flags().BoolVar(&req.UntilHead, "until-head", false, "stop at the event that is the last one now")
	return cmd
}

func newEventsShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "show ORDER",
		Short:   "Print the history of an order",
		Args:    exactly("ORDER"),
		Example: `  oms events show 01k9zq3v8m4t0c2x7b5n6d1fg`,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := a.log()
			if err != nil {
				return err
			}
			res, err := client.ListOrderEvents(cmd.Context(), &logv1.ListOrderEventsRequest{OrderId: args[0]})
			if err != nil {
				return err
			}
			for _, e := range res.GetEvents() {
				if err := a.show(e, func(w io.Writer) { printEvent(w, e) }); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// printEvent shows an event on a line for what it is, and one for what is in
// it.
func printEvent(w io.Writer, e *logv1.RecordedEvent) {
	fmt.Fprintf(w, "%d  %s  %s  %s #%d  by %s\n", e.GetPosition(), when(e.GetTime()), e.GetType(), clean(e.GetAggregate()), e.GetRevision(), clean(e.GetActor()))
	var line bytes.Buffer
	raw, err := e.GetData().MarshalJSON()
	if err != nil || json.Compact(&line, raw) != nil {
		return
	}
	fmt.Fprintf(w, "    %s\n", line.String())
}
