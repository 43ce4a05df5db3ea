package main

import (
	"cmp"
	"context"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/gen/oms/delivery/v1/deliveryv1connect"
)

func newWebhookGet(a *app) *cobra.Command {
	var req deliveryv1.GetEndpointRequest
	cmd := &cobra.Command{
		Use:     "get ID",
		Short:   "Show an endpoint and how it has been doing",
		Args:    exactly("ID"),
		Example: `  oms webhook get 3f0c7d9e-5a1b-8c2d-9e3f-4a5b6c7d8e9f`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.EndpointId = args[0]
			return callDeliveries(a, cmd.Context(), func(ctx context.Context, c deliveryv1connect.DeliveryServiceClient) (*deliveryv1.GetEndpointResponse, error) {
				return c.GetEndpoint(ctx, &req)
			}, func(w io.Writer, res *deliveryv1.GetEndpointResponse) {
				printEndpoint(w, res.GetEndpoint(), res.GetHealth(), res.GetReplay())
			})
		},
	}
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

func newWebhookList(a *app) *cobra.Command {
	const page = 500
	var req deliveryv1.ListEndpointsRequest
	var vocabulary, status string
	var limit int
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List endpoints",
		Args:    none,
		Example: `  oms webhook list --status suspended`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return usageError("--limit: must not be negative")
			}
			for _, err := range []error{choose(cmd, "vocabulary", vocabulary, &req.Vocabulary), choose(cmd, "status", status, &req.Status)} {
				if err != nil {
					return err
				}
			}
			client, err := a.deliveries()
			if err != nil {
				return err
			}
			t := a.table("ID", "VOCABULARY", "STATUS", "TO", "EVENTS", "DELIVERED", "FAILED", "PARKED", "FAILING SINCE")
			for left := cmp.Or(limit, math.MaxInt); left > 0; {
				req.PageSize = int32(min(left, page))
				res, err := client.ListEndpoints(cmd.Context(), &req)
				if err != nil {
					return err
				}
				for _, m := range res.GetEndpoints() {
					e, h := m.GetEndpoint(), m.GetHealth()
					if err := t.add(m, e.GetEndpointId(), word(e.GetVocabulary()), word(e.GetStatus()), addressOf(e), heard(e), h.GetDelivered(), h.GetFailed(), h.GetParked(), when(h.GetFailingSince())); err != nil {
						return err
					}
				}
				left -= len(res.GetEndpoints())
				if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
					break
				}
			}
			return t.end()
		},
	}
	cmd.Flags().StringVar(&vocabulary, "vocabulary", "", "only those of a vocabulary, such as directscale")
	cmd.Flags().StringVar(&status, "status", "", "only enabled, disabled, suspended or deleted ones")
	cmd.Flags().IntVar(&limit, "limit", 100, "entries at most; 0 lists all")
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

// answeredEndpoint is an answer that carries an endpoint.
type answeredEndpoint interface {
	proto.Message
	GetEndpoint() *deliveryv1.Endpoint
}

func printAnswered[R answeredEndpoint](w io.Writer, res R) {
	printEndpoint(w, res.GetEndpoint(), nil, nil)
}

func newWebhookEnable(a *app) *cobra.Command {
	var req deliveryv1.EnableEndpointRequest
	cmd := &cobra.Command{
		Use:     "enable ID",
		Short:   "Send to an endpoint again, what was kept first",
		Args:    exactly("ID"),
		Example: `  oms webhook enable 3f0c7d9e-5a1b-8c2d-9e3f-4a5b6c7d8e9f --skip-kept`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.EndpointId = args[0]
			return callDeliveries(a, cmd.Context(), func(ctx context.Context, c deliveryv1connect.DeliveryServiceClient) (*deliveryv1.EnableEndpointResponse, error) {
				return c.EnableEndpoint(ctx, &req)
			}, printAnswered)
		},
	}
	cmd.Flags().BoolVar(&req.SkipKept, "skip-kept", false, "let go of what was kept meanwhile")
	return cmd
}

func newWebhookDisable(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "disable ID",
		Short:   "Stop sending to an endpoint; nothing is kept for it",
		Args:    exactly("ID"),
		Example: `  oms webhook disable 3f0c7d9e-5a1b-8c2d-9e3f-4a5b6c7d8e9f`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return callDeliveries(a, cmd.Context(), func(ctx context.Context, c deliveryv1connect.DeliveryServiceClient) (*deliveryv1.DisableEndpointResponse, error) {
				return c.DisableEndpoint(ctx, &deliveryv1.DisableEndpointRequest{EndpointId: args[0]})
			}, printAnswered)
		},
	}
}

func newWebhookSuspend(a *app) *cobra.Command {
	var req deliveryv1.SuspendEndpointRequest
	cmd := &cobra.Command{
		Use:     "suspend ID",
		Short:   "Stop sending to an endpoint for a while; what it hears is kept",
		Args:    exactly("ID"),
		Example: `  oms webhook suspend 3f0c7d9e-5a1b-8c2d-9e3f-4a5b6c7d8e9f --message "they move house"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.EndpointId = args[0]
			return callDeliveries(a, cmd.Context(), func(ctx context.Context, c deliveryv1connect.DeliveryServiceClient) (*deliveryv1.SuspendEndpointResponse, error) {
				return c.SuspendEndpoint(ctx, &req)
			}, printAnswered)
		},
	}
	cmd.Flags().StringVar(&req.Message, "message", "", "why, for people")
	return cmd
}

func newWebhookDelete(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "delete ID",
		Short:   "End an endpoint",
		Args:    exactly("ID"),
		Example: `  oms webhook delete 3f0c7d9e-5a1b-8c2d-9e3f-4a5b6c7d8e9f`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return callDeliveries(a, cmd.Context(), func(ctx context.Context, c deliveryv1connect.DeliveryServiceClient) (*deliveryv1.DeleteEndpointResponse, error) {
				return c.DeleteEndpoint(ctx, &deliveryv1.DeleteEndpointRequest{EndpointId: args[0]})
			}, func(w io.Writer, _ *deliveryv1.DeleteEndpointResponse) { field(w, "Deleted", args[0]) })
		},
	}
}

func newWebhookRotate(a *app) *cobra.Command {
	var req deliveryv1.RotateSecretRequest
	var overlap time.Duration
	cmd := &cobra.Command{
		Use:   "rotate-secret ID",
		Short: "Make a new signing secret",
		Long: `Make a new signing secret, which is shown this once. The old ones sign, too,
until the overlap is over.`,
		Args:    exactly("ID"),
		Example: `  oms webhook rotate-secret 3f0c7d9e-5a1b-8c2d-9e3f-4a5b6c7d8e9f --overlap 1h`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.EndpointId, req.Overlap = args[0], durationpb.New(overlap)
			return callDeliveries(a, cmd.Context(), func(ctx context.Context, c deliveryv1connect.DeliveryServiceClient) (*deliveryv1.RotateSecretResponse, error) {
				return c.RotateSecret(ctx, &req)
			}, func(w io.Writer, res *deliveryv1.RotateSecretResponse) {
				printEndpoint(w, res.GetEndpoint(), nil, nil)
				printSecret(w, res.GetSigningSecret())
			})
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "how long the old secrets sign, too")
	cmd.Flags().StringVar(&req.Algorithm, "algorithm", "", "hmac-sha256 or ed25519; empty is that of the newest one")
	return cmd
}

func newWebhookTest(a *app) *cobra.Command {
	var req deliveryv1.TestEndpointRequest
	var file string
	cmd := &cobra.Command{
		Use:   "test ID",
		Short: "Send one event to an endpoint",
		Args:  exactly("ID"),
		Example: `  oms webhook test 3f0c7d9e-5a1b-8c2d-9e3f-4a5b6c7d8e9f --event CreateOrderEvent
  echo '{"OrderNumber":7}' | oms webhook test 3f0c7d9e-5a1b-8c2d-9e3f-4a5b6c7d8e9f --body -`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			req.EndpointId = args[0]
			if req.Body, err = a.object("body", file); err != nil {
				return err
			}
			return callDeliveries(a, cmd.Context(), func(ctx context.Context, c deliveryv1connect.DeliveryServiceClient) (*deliveryv1.TestEndpointResponse, error) {
				return c.TestEndpoint(ctx, &req)
			}, func(w io.Writer, res *deliveryv1.TestEndpointResponse) {
				field(w, "Notice", noticeText(res.GetNotice()))
				field(w, "Message id", res.GetNoticeId())
			})
		},
	}
	cmd.Flags().StringVar(&req.Type, "event", "", "type of the event; empty is the first one that it hears")
	cmd.Flags().StringVar(&file, "body", "", `file with a JSON object to send instead of the sample; "-" is standard input`)
	return cmd
}

// object reads a JSON object from a file; none when there is no file.
func (a *app) object(flag, file string) (*structpb.Struct, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // not given
	}
	raw, err := read(file, a.in)
	if err != nil {
		return nil, err
	}
	out := &structpb.Struct{}
	if err := protojson.Unmarshal(raw, out); err != nil {
		return nil, usageError("--%s: %s is not a JSON object", flag, file)
	}
	return out, nil
}

func newWebhookReplay(a *app) *cobra.Command {
	var req deliveryv1.ReplayEndpointRequest
	var from, before string
	cmd := &cobra.Command{
		Use:   "replay ID (--from TIME | --from-position POSITION)",
		Short: "Deliver a stretch of events to an endpoint again",
		Long: `Deliver a stretch of events to an endpoint again, as they were and under their
ids. What is still on its way is left alone.`,
		Args: exactly("ID"),
		Example: `  oms webhook replay 3f0c7d9e-5a1b-8c2d-9e3f-4a5b6c7d8e9f --from 24h --parked-only
  oms webhook replay 3f0c7d9e-5a1b-8c2d-9e3f-4a5b6c7d8e9f --from 2026-01-31 --before 2026-02-01 --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			req.EndpointId = args[0]
			if req.From, err = parseTime("from", from, ago); err != nil {
				return err
			}
			if req.Before, err = parseTime("before", before, ago); err != nil {
				return err
			}
			return callDeliveries(a, cmd.Context(), func(ctx context.Context, c deliveryv1connect.DeliveryServiceClient) (*deliveryv1.ReplayEndpointResponse, error) {
				return c.ReplayEndpoint(ctx, &req)
			}, func(w io.Writer, res *deliveryv1.ReplayEndpointResponse) {
				n := strconv.FormatInt(res.GetDeliveries(), 10)
				if res.GetDeliveries() == 10_000 {
					n += " or more"
				}
				if req.GetDryRun() {
					n += "; nothing is delivered, this was a dry run"
				}
				field(w, "Deliveries", n)
				field(w, "Positions", positions(res.GetReplay()))
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&from, "from", "", "what was queued since: a time, or a duration before now")
	f.StringVar(&before, "before", "", "what was queued before: a time, or a duration before now; empty is now")
	f.Uint64Var(&req.FromPosition, "from-position", 0, "first position of the log of deliveries")
	f.Uint64Var(&req.ToPosition, "to-position", 0, "last position; 0 is the end")
	f.BoolVar(&req.ParkedOnly, "parked-only", false, "only what was parked")
	f.StringVar(&req.Type, "event", "", "only one type of event")
	f.StringVar(&req.OrderId, "order", "", "only what is about one order")
	f.BoolVar(&req.DryRun, "dry-run", false, "count and do nothing")
	return cmd
}
