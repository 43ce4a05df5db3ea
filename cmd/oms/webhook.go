package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/gen/oms/delivery/v1/deliveryv1connect"
)

func newWebhook(a *app) *cobra.Command {
	return group("webhook", "Manage endpoints that hear what happens",
		newWebhookCreate(a), newWebhookUpdate(a), newWebhookGet(a), newWebhookList(a), newWebhookEnable(a), newWebhookDisable(a), newWebhookSuspend(a),
		newWebhookDelete(a), newWebhookRotate(a), newWebhookTest(a), newWebhookReplay(a), newWebhookEvent(a))
}

func (a *app) deliveries() (deliveryv1connect.DeliveryServiceClient, error) {
	return dial(a, deliveryv1connect.NewDeliveryServiceClient)
}

// callDeliveries calls the service and shows the answer.
func callDeliveries[R proto.Message](
	a *app, ctx context.Context, call func(context.Context, deliveryv1connect.DeliveryServiceClient) (R, error), human func(io.Writer, R),
) error {
	client, err := a.deliveries()
	if err != nil {
		return err
	}
	res, err := call(ctx, client)
	if err != nil {
		return err
	}
	return a.show(res, func(w io.Writer) { human(w, res) })
}

func newWebhookCreate(a *app) *cobra.Command {
	var h hookFlags
	var req deliveryv1.CreateEndpointRequest
	cmd := &cobra.Command{
		Use:   "create (--url URL | --file FILE)",
		Short: "Make an endpoint",
		Long: `Make an endpoint. It hears what happens from then on. The secret that its
messages are signed with is shown this once.`,
		Args: none,
		Example: `  oms webhook create --url https://example.com/oms
  oms webhook create --url https://example.com/oms --event CreateOrderEvent --event VoidOrderEvent --ordered
  oms webhook create -f queue.json --key queue-1`,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if h.url == "" && h.file == "" {
				return usageError("give --url, or settings as --file; see %s --help", cmd.CommandPath())
			}
			before := &deliveryv1.EndpointSettings{Vocabulary: deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE, EventTypes: []string{"*"}}
			if req.Settings, err = h.settings(a, cmd, before); err != nil {
				return err
			}
			return callDeliveries(a, cmd.Context(), func(ctx context.Context, c deliveryv1connect.DeliveryServiceClient) (*deliveryv1.CreateEndpointResponse, error) {
				return c.CreateEndpoint(ctx, &req)
			}, func(w io.Writer, res *deliveryv1.CreateEndpointResponse) {
				printEndpoint(w, res.GetEndpoint(), nil, nil)
				printSecret(w, res.GetSigningSecret())
				if res.GetRepeated() {
					field(w, "Repeated", "yes: this key was used before")
				}
			})
		},
	}
	h.flags(cmd.Flags())
	cmd.Flags().BoolVar(&req.Disabled, "disabled", false, "begin disabled")
	cmd.Flags().StringVar(&req.IdempotencyKey, "key", "", "idempotency key: the same request again is answered again")
	return cmd
}

func newWebhookUpdate(a *app) *cobra.Command {
	var h hookFlags
	var req deliveryv1.UpdateEndpointRequest
	cmd := &cobra.Command{
		Use:   "update ID",
		Short: "Set up an endpoint anew",
		Long: `Set up an endpoint anew. What is not given stays as it is, secrets too. With
--file, settings that are not in it are the default ones.`,
		Args:    exactly("ID"),
		Example: `  oms webhook update 3f0c7d9e-5a1b-8c2d-9e3f-4a5b6c7d8e9f --url https://example.com/new --rate 20`,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := a.deliveries()
			if err != nil {
				return err
			}
			now, err := client.GetEndpoint(cmd.Context(), &deliveryv1.GetEndpointRequest{EndpointId: args[0]})
			if err != nil {
				return err
			}
			req.EndpointId = args[0]
			if req.Settings, err = h.settings(a, cmd, settingsOf(now.GetEndpoint())); err != nil {
				return err
			}
			return callDeliveries(a, cmd.Context(), func(ctx context.Context, c deliveryv1connect.DeliveryServiceClient) (*deliveryv1.UpdateEndpointResponse, error) {
				return c.UpdateEndpoint(ctx, &req)
			}, func(w io.Writer, res *deliveryv1.UpdateEndpointResponse) {
				printEndpoint(w, res.GetEndpoint(), nil, nil)
			})
		},
	}
	h.flags(cmd.Flags())
	cmd.Flags().StringVar(&req.IdempotencyKey, "key", "", "idempotency key: the same request again is answered again")
	return cmd
}
