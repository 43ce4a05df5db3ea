package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/gen/oms/delivery/v1/deliveryv1connect"
)

func newDelivery(a *app) *cobra.Command {
	return group("delivery", "See what was delivered to endpoints", newDeliveryList(a), newDeliveryGet(a), newDeliveryRetry(a))
}

func newDeliveryList(a *app) *cobra.Command {
	const page = 500
	var req deliveryv1.ListDeliveriesRequest
	var status, from, before string
	var limit int
	cmd := &cobra.Command{
		Use:   "list [ENDPOINT]",
		Short: "List deliveries, newest first",
		Long: `List deliveries, newest first. Those of an endpoint that are retried are listed
by the time of their next attempt.`,
		Args: atMost("ENDPOINT"),
		Example: `  oms delivery list --order k-92s8h2m0q4t7
  oms delivery list 3f0c7d9e-5a1b-8c2d-9e3f-4a5b6c7d8e9f --status parked`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if limit < 0 {
				return usageError("--limit: must not be negative")
			}
			if err := choose(cmd, "status", status, &req.Status); err != nil {
				return err
			}
			if req.From, err = parseTime("from", from, ago); err != nil {
				return err
			}
			if req.Before, err = parseTime("before", before, ago); err != nil {
				return err
			}
			client, err := a.deliveries()
			if err != nil {
				return err
			}
			req.EndpointId = strings.Join(args, "")
			t := a.table("NOTICE", "EVENT", "ORDER", "HAPPENED", "ENDPOINT", "STATUS", "ATTEMPTS", "NEXT", "LAST ANSWER")
			for left := cmp.Or(limit, math.MaxInt); left > 0; {
				req.PageSize = int32(min(left, page))
				res, err := client.ListDeliveries(cmd.Context(), &req)
				if err != nil {
					return err
				}
				for _, d := range res.GetDeliveries() {
					if err := t.add(d, noticeText(d.GetNotice()), d.GetType(), d.GetOrderId(), when(d.GetAt()), d.GetEndpointId(), word(d.GetStatus()), d.GetAttemptCount(), when(d.GetNextAt()), lastAnswer(d)); err != nil {
						return err
					}
				}
				left -= len(res.GetDeliveries())
				if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
					break
				}
			}
			return t.end()
		},
	}
	f := cmd.Flags()
	f.StringVar(&status, "status", "", "only waiting, retrying, delivered, parked or dropped ones")
	f.StringVar(&req.OrderId, "order", "", "only what is about one order")
	f.StringVar(&req.Type, "event", "", "only one type of event")
	f.StringVar(&from, "from", "", "only of events since: a time, or a duration before now")
	f.StringVar(&before, "before", "", "only of events before: a time, or a duration before now")
	f.IntVar(&limit, "limit", 25, "entries at most; 0 lists all")
	f.Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

// lastAnswer is what became of the last attempt.
func lastAnswer(d *deliveryv1.Delivery) string {
	n := len(d.GetAttempts())
	if n == 0 {
		return ""
	}
	return answer(d.GetAttempts()[n-1])
}

func answer(a *deliveryv1.Attempt) string {
	text := a.GetReason()
	if a.GetStatus() != 0 && text == "" {
		text = strconv.Itoa(int(a.GetStatus()))
	}
	return text
}

// parseNotice reads what noticeText writes.
func parseNotice(text string) (*deliveryv1.NoticeRef, error) {
	position, place, _ := strings.Cut(text, ".")
	p, err := strconv.ParseUint(position, 10, 64)
	n, err2 := strconv.ParseUint(cmp.Or(place, "0"), 10, 32)
	if err != nil || err2 != nil {
		return nil, usageError("%q is no notice like 1234.0", text)
	}
	return &deliveryv1.NoticeRef{Position: p, Place: uint32(n)}, nil
}

func newDeliveryGet(a *app) *cobra.Command {
	var req deliveryv1.GetDeliveryRequest
	cmd := &cobra.Command{
		Use:     "get ENDPOINT NOTICE",
		Short:   "Show a delivery with what is told and every attempt",
		Args:    exactly("ENDPOINT", "NOTICE"),
		Example: `  oms delivery get 3f0c7d9e-5a1b-8c2d-9e3f-4a5b6c7d8e9f 1234.0`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if req.Notice, err = parseNotice(args[1]); err != nil {
				return err
			}
			req.EndpointId = args[0]
			return callDeliveries(a, cmd.Context(), func(ctx context.Context, c deliveryv1connect.DeliveryServiceClient) (*deliveryv1.GetDeliveryResponse, error) {
				return c.GetDelivery(ctx, &req)
			}, printDelivery)
		},
	}
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

func printDelivery(w io.Writer, res *deliveryv1.GetDeliveryResponse) {
	d := res.GetDelivery()
	field(w, "Notice", noticeText(d.GetNotice()))
	field(w, "Endpoint", d.GetEndpointId())
	field(w, "Message id", d.GetNoticeId())
	field(w, "Event", d.GetType())
	field(w, "Order", d.GetOrderId())
	field(w, "Happened", when(d.GetAt()))
	field(w, "Status", word(d.GetStatus()))
	field(w, "Next attempt", when(d.GetNextAt()))
	field(w, "Body", string(res.GetBody()))
	field(w, "Attempts", d.GetAttemptCount())
	for _, at := range d.GetAttempts() {
		text := fmt.Sprintf("%s %s in %s", when(at.GetAt()), word(at.GetOutcome()), at.GetTook().AsDuration().Round(100_000))
		for _, more := range nonEmpty(answer(at), at.GetDetail(), string(at.GetResponse())) {
			text += ", " + more
		}
		field(w, "Attempt "+strconv.Itoa(int(at.GetNumber())), text)
	}
}

func newDeliveryRetry(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "retry ENDPOINT NOTICE",
		Short:   "Deliver once more, now, whatever became of it before",
		Args:    exactly("ENDPOINT", "NOTICE"),
		Example: `  oms delivery retry 3f0c7d9e-5a1b-8c2d-9e3f-4a5b6c7d8e9f 1234.0`,
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := parseNotice(args[1])
			if err != nil {
				return err
			}
			return callDeliveries(a, cmd.Context(), func(ctx context.Context, c deliveryv1connect.DeliveryServiceClient) (*deliveryv1.RetryDeliveryResponse, error) {
				return c.RetryDelivery(ctx, &deliveryv1.RetryDeliveryRequest{EndpointId: args[0], Notice: n})
			}, func(w io.Writer, res *deliveryv1.RetryDeliveryResponse) {
				field(w, "Queued", noticeText(n))
				field(w, "Position", res.GetPosition())
			})
		},
	}
}
