package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/gen/oms/delivery/v1/deliveryv1connect"
)

func newWebhookEvent(a *app) *cobra.Command {
	return group("event", "Make events of your own, and publish them", newEventDefine(a), newEventPublish(a))
}

func newEventDefine(a *app) *cobra.Command {
	var req deliveryv1.DefineCustomEventRequest
	cmd := &cobra.Command{
		Use:     "define TYPE",
		Short:   "Make a type of event",
		Args:    exactly("TYPE"),
		Example: `  oms webhook event define PartyBooked --description "somebody gives a party"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.Type = args[0]
			return callDeliveries(a, cmd.Context(), func(ctx context.Context, c deliveryv1connect.DeliveryServiceClient) (*deliveryv1.DefineCustomEventResponse, error) {
				return c.DefineCustomEvent(ctx, &req)
			}, func(w io.Writer, res *deliveryv1.DefineCustomEventResponse) {
				field(w, "Event", req.GetType())
				field(w, "Position", res.GetPosition())
			})
		},
	}
	cmd.Flags().StringVar(&req.Description, "description", "", "for people")
	return cmd
}

func newEventPublish(a *app) *cobra.Command {
	var req deliveryv1.PublishCustomEventRequest
	var file, environment string
	cmd := &cobra.Command{
		Use:     "publish TYPE",
		Short:   "Say that an event happened",
		Args:    exactly("TYPE"),
		Example: `  echo '{"Guests":12}' | oms webhook event publish PartyBooked --data - --key party-1`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			req.Type = args[0]
			if err := choose(cmd, "environment", environment, &req.Environment); err != nil {
				return err
			}
			if req.Data, err = a.object("data", file); err != nil {
				return err
			}
			return callDeliveries(a, cmd.Context(), func(ctx context.Context, c deliveryv1connect.DeliveryServiceClient) (*deliveryv1.PublishCustomEventResponse, error) {
				return c.PublishCustomEvent(ctx, &req)
			}, func(w io.Writer, res *deliveryv1.PublishCustomEventResponse) {
				field(w, "Event", req.GetType())
				field(w, "Position", res.GetPosition())
				if res.GetRepeated() {
					field(w, "Repeated", "yes: this key was used before")
				}
			})
		},
	}
	cmd.Flags().StringVar(&file, "data", "", `file with a JSON object that it tells; "-" is standard input`)
	cmd.Flags().StringVar(&environment, "environment", "", "whose endpoints hear it: live or stage (default live)")
	cmd.Flags().StringVar(&req.OrderId, "order", "", "order that it is about")
	cmd.Flags().StringVar(&req.IdempotencyKey, "key", "", "idempotency key: the same request again is answered again")
	return cmd
}
