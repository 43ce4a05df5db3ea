package main

import (
	"io"

	"github.com/spf13/cobra"

	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/gen/oms/promotion/v1/promotionv1connect"
)

func newPromo(a *app) *cobra.Command {
	return group("promo", "Manage promo codes", newPromoCreate(a), newPromoGet(a), newPromoDisable(a))
}

func (a *app) promos() (promotionv1connect.PromotionServiceClient, error) {
	return dial(a, promotionv1connect.NewPromotionServiceClient)
}

func newPromoCreate(a *app) *cobra.Command {
	var req promotionv1.CreatePromoCodeRequest
	var starts, ends string
	cmd := &cobra.Command{
		Use:   "create CODE",
		Short: "Make a promo code usable",
		Args:  exactly("CODE"),
		Example: `  oms promo create SUMMER
  oms promo create SUMMER --limit 1000 --customer-limit 1 --ends 720h`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			req.PromoCode = args[0]
			if req.StartsAt, err = parseTime("starts", starts, ahead); err != nil {
				return err
			}
			if req.EndsAt, err = parseTime("ends", ends, ahead); err != nil {
				return err
			}
			client, err := a.promos()
			if err != nil {
				return err
			}
			res, err := client.CreatePromoCode(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printPromo(w, res.GetPromoCode()) })
		},
	}
	f := cmd.Flags()
	f.Int64Var(&req.UsageLimit, "limit", 0, "uses in all; 0 is without limit")
	f.Int64Var(&req.CustomerLimit, "customer-limit", 0, "uses by one customer; 0 is without limit")
	f.StringVar(&req.ConfirmationCode, "confirmation", "", "confirmation code that has to come with it")
	f.StringVar(&starts, "starts", "", "usable from then on: a time, or a duration from now")
	f.StringVar(&ends, "ends", "", "usable until then: a time, or a duration from now")
	f.StringVar(&req.Description, "description", "", "text for people")
	f.Int64Var(&req.CollectionId, "collection", 0, "promotion collection; 0 is the first")
	f.StringVar(&req.IdempotencyKey, "key", "", "idempotency key: the same request again is answered again")
	return cmd
}

func newPromoGet(a *app) *cobra.Command {
	var req promotionv1.GetPromoCodeRequest
	cmd := &cobra.Command{
		Use:     "get CODE",
		Short:   "Show a promo code and how far it is used up",
		Args:    exactly("CODE"),
		Example: `  oms promo get SUMMER`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.PromoCode = args[0]
			client, err := a.promos()
			if err != nil {
				return err
			}
			res, err := client.GetPromoCode(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printPromo(w, res.GetPromoCode()) })
		},
	}
	cmd.Flags().Int64Var(&req.CollectionId, "collection", 0, "promotion collection; 0 is the first")
	return cmd
}

func newPromoDisable(a *app) *cobra.Command {
	var req promotionv1.DisablePromoCodeRequest
	cmd := &cobra.Command{
		Use:     "disable CODE",
		Short:   "Stop new uses of a promo code",
		Args:    exactly("CODE"),
		Example: `  oms promo disable SUMMER`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.PromoCode = args[0]
			client, err := a.promos()
			if err != nil {
				return err
			}
			res, err := client.DisablePromoCode(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printPromo(w, res.GetPromoCode()) })
		},
	}
	cmd.Flags().Int64Var(&req.CollectionId, "collection", 0, "promotion collection; 0 is the first")
	cmd.Flags().StringVar(&req.IdempotencyKey, "key", "", "idempotency key: the same request again is answered again")
	return cmd
}

func printPromo(w io.Writer, p *promotionv1.PromoCodeUsage) {
	field(w, "Promo code", p.GetPromoCode())
	field(w, "Enabled", p.GetEnabled())
	field(w, "Redeemed", p.GetAssigned())
	field(w, "In checkout", p.GetBlocked())
	field(w, "Limit", limitText(p.GetUsageLimit()))
	field(w, "Limit a customer", limitText(p.GetCustomerLimit()))
	field(w, "Starts", when(p.GetStartsAt()))
	field(w, "Ends", when(p.GetEndsAt()))
	field(w, "Description", p.GetDescription())
}

func limitText(n int64) any {
	if n == 0 {
		return "none"
	}
	return n
}
