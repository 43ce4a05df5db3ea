package main

import (
	"maps"

	"github.com/spf13/cobra"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
)

func newOrderPatch(a *app) *cobra.Command {
	var req orderv1.PatchOrderRequest
	var transport orderv1.Transport
	var status, line string
	var units int64
	var properties []string
	cmd := &cobra.Command{
		Use:   "patch ORDER [--status STATUS]",
		Short: "Move an order, or a line of it, along its fulfilment",
		Long: `Move an order, or a line of it, along its fulfilment, and note reasons and
properties. Stages are ready_to_edit, freeze_edit, ready_to_ship,
submitted_to_fulfillment and unable_to_ship. A status that stands for an act is
that act: shipped, delivered, unable_to_deliver, return_submitted, cancelled.`,
		Args: exactly("ORDER"),
		Example: `  oms order patch ORDER --status ready_to_ship
  oms order patch ORDER --line 2 --status unable_to_ship --reason-code damaged
  oms order patch ORDER --status shipped --carrier UPS --tracking 1Z999
  oms order patch ORDER --property gift=yes`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			req.OrderId, req.Transport = args[0], transportGiven(&transport)
			if status != "" {
				n, err := parseWord(orderv1.OrderStatus(0).Descriptor(), status)
				if err != nil {
					return err
				}
				req.Status = orderv1.OrderStatus(n)
			}
			if req.Properties, err = parsePairs("property", properties); err != nil {
				return err
			}
			if line != "" {
				req.Items = []*orderv1.PatchItem{{
					ItemId: line, Quantity: units, Status: req.GetStatus(), ReasonCode: req.GetReasonCode(),
					ReasonMessage: req.GetReasonMessage(), Properties: req.GetProperties(),
				}}
				req.Status, req.Properties = 0, nil
			}
			return changing(a, cmd, orderv1connect.ChangeServiceClient.PatchOrder, &req)
		},
	}
	f := cmd.Flags()
	f.StringVar(&status, "status", "", "where it goes")
	f.StringVar(&line, "line", "", "only this line")
	f.Int64Var(&units, "units", 0, "with --line: units that the status is about; 0 is all that can be")
	f.StringVar(&req.ReasonCode, "reason-code", "", "own code of the reason")
	f.StringVar(&req.ReasonMessage, "reason", "", "reason for people")
	f.StringArrayVar(&properties, "property", nil, "property as NAME=VALUE that is set; may be repeated")
	transportFlags(f, &transport)
	orderFlags(f, &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

func newOrderUpdate(a *app) *cobra.Command {
	var req orderv1.UpdateOrderRequest
	var email, phone string
	var to orderv1.Address
	var properties []string
	cmd := &cobra.Command{
		Use:   "update ORDER",
		Short: "Change what an order says of its customer, address and reference",
		Long: `Change the descriptive part of an order. What no flag names stays as it is; a
shipping address replaces the old one as a whole. The order is read first;
what somebody changes in between is kept.`,
		Args: exactly("ORDER"),
		Example: `  oms order update ORDER --reference PO-18 --email new@example.com
  oms order update ORDER --line1 "1 High Street" --city Leeds --postal-code "LS1 1AA" --country GB`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.revising(cmd.Context(), args[0], &req.ExpectedRevision, func(o *orderv1.Order) error {
				keep := func(flag string, field *string, old string) {
					if !cmd.Flags().Changed(flag) {
						*field = old
					}
				}
				req.OrderId, req.Customer = o.GetOrderId(), o.GetCustomer()
				keep("reference", &req.Reference, o.GetReference())
				keep("channel", &req.Channel, o.GetChannel())
				keep("locale", &req.Locale, o.GetLocale())
				keep("ship-method", &req.ShippingMethod, o.GetShipping().GetMethod())
				keep("email", &email, o.GetCustomer().GetEmail())
				keep("phone", &phone, o.GetCustomer().GetPhone())
				req.Customer.Email, req.Customer.Phone = email, phone
				for _, flag := range []string{"line1", "line2", "city", "region", "postal-code", "country"} {
					if cmd.Flags().Changed(flag) {
						req.ShippingAddress = &to
					}
				}
				set, err := parsePairs("property", properties)
				if err != nil {
					return err
				}
				if req.Properties = o.GetProperties(); len(set) > 0 {
					req.Properties = maps.Clone(set)
					for k, v := range o.GetProperties() {
						if _, anew := set[k]; !anew {
							req.Properties[k] = v
						}
					}
				}
				return changing(a, cmd, orderv1connect.ChangeServiceClient.UpdateOrder, &req)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&req.Reference, "reference", "", "own reference")
	f.StringVar(&req.Channel, "channel", "", "sales channel")
	f.StringVar(&req.Locale, "locale", "", "BCP 47 language tag")
	f.StringVar(&req.ShippingMethod, "ship-method", "", "shipping method")
	f.StringVar(&email, "email", "", "e-mail address of the customer")
	f.StringVar(&phone, "phone", "", "phone number of the customer")
	f.StringVar(&to.Line1, "line1", "", "first street line")
	f.StringVar(&to.Line2, "line2", "", "second street line")
	f.StringVar(&to.City, "city", "", "city or town")
	f.StringVar(&to.Region, "region", "", "state, county or region")
	f.StringVar(&to.PostalCode, "postal-code", "", "zip or postal code")
	f.StringVar(&to.CountryCode, "country", "", "ISO 3166-1 code, such as GB")
	f.StringArrayVar(&properties, "property", nil, "property as NAME=VALUE that is set; may be repeated")
	orderFlags(f, &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

func newOrderMetadata(a *app) *cobra.Command {
	req := orderv1.EditMetadataRequest{Metadata: &orderv1.OrderMetadata{}}
	var fields []string
	cmd := &cobra.Command{
		Use:   "metadata ORDER",
		Short: "Change the fields of an order that have no effect on its status",
		Long: `Change the fields of an order that have no effect on its status. What no flag
names stays as it is. The order is read first; what somebody changes in
between is kept.`,
		Args: exactly("ORDER"),
		Example: `  oms order metadata ORDER --commission-date 2026-11-30 --pv 12.5
  oms order metadata ORDER --field team=red --field campaign=autumn`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.revising(cmd.Context(), args[0], &req.ExpectedRevision, func(o *orderv1.Order) error {
				m, old := req.GetMetadata(), o.GetMetadata()
				for flag, f := range map[string]struct {
					to  *string
					old string
				}{
					"commission-date": {&m.CommissionDate, old.GetCommissionDate()}, "pv": {&m.Pv, old.GetPv()}, "qv": {&m.Qv, old.GetQv()},
					"bonus": {&m.Bonus, old.GetBonus()}, "party": {&m.PartyId, old.GetPartyId()},
					"local-invoice": {&m.LocalInvoiceNumber, old.GetLocalInvoiceNumber()}, "notes": {&m.Notes, old.GetNotes()},
				} {
					if !cmd.Flags().Changed(flag) {
						*f.to = f.old
					}
				}
				set, err := parsePairs("field", fields)
				if err != nil {
					return err
				}
				m.CustomFields = maps.Clone(old.GetCustomFields())
				if m.CustomFields == nil {
					m.CustomFields = map[string]string{}
				}
				maps.Copy(m.CustomFields, set)
				req.OrderId = o.GetOrderId()
				return changing(a, cmd, orderv1connect.ChangeServiceClient.EditMetadata, &req)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&req.Metadata.CommissionDate, "commission-date", "", "date of the commission, YYYY-MM-DD")
	f.StringVar(&req.Metadata.Pv, "pv", "", "personal volume, a decimal number")
	f.StringVar(&req.Metadata.Qv, "qv", "", "qualifying volume, a decimal number")
	f.StringVar(&req.Metadata.Bonus, "bonus", "", "bonus, a decimal number")
	f.StringVar(&req.Metadata.PartyId, "party", "", "id of the party")
	f.StringVar(&req.Metadata.LocalInvoiceNumber, "local-invoice", "", "local invoice number")
	f.StringVar(&req.Metadata.Notes, "notes", "", "text for people")
	f.StringArrayVar(&fields, "field", nil, "own field as NAME=VALUE that is set; may be repeated")
	orderFlags(f, &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

func newOrderNote(a *app) *cobra.Command {
	var req orderv1.AddNoteRequest
	cmd := &cobra.Command{
		Use:     "note ORDER TEXT",
		Short:   "Write a note to an order",
		Args:    exactly("ORDER", "TEXT"),
		Example: `  oms order note ORDER "called: leave it with the neighbour"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.OrderId, req.Text = args[0], args[1]
			return changing(a, cmd, orderv1connect.ChangeServiceClient.AddNote, &req)
		},
	}
	orderFlags(cmd.Flags(), &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

func newOrderHold(a *app) *cobra.Command {
	var req orderv1.HoldOrderRequest
	cmd := &cobra.Command{
		Use:     "hold ORDER",
		Short:   "Stop the fulfilment of a confirmed order",
		Args:    exactly("ORDER"),
		Example: `  oms order hold ORDER --reason "address is incomplete"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.OrderId = args[0]
			return changing(a, cmd, orderv1connect.ChangeServiceClient.HoldOrder, &req)
		},
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "reason, kept with the order")
	orderFlags(cmd.Flags(), &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

func newOrderRelease(a *app) *cobra.Command {
	var req orderv1.ReleaseOrderRequest
	cmd := &cobra.Command{
		Use:   "release ORDER",
		Short: "Let an order that was stopped by hold go on where it was",
		Long: `Let an order that was stopped by "oms order hold" go on where it was. An order
that waits for its payment goes on with "oms order retry-payment", a suspicious
one with "oms order review".`,
		Args:    exactly("ORDER"),
		Example: `  oms order release ORDER --reason "address is complete now"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.OrderId = args[0]
			return changing(a, cmd, orderv1connect.ChangeServiceClient.ReleaseOrder, &req)
		},
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "reason, kept with the order")
	orderFlags(cmd.Flags(), &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

func newOrderDelete(a *app) *cobra.Command {
	var req orderv1.DeleteOrderRequest
	cmd := &cobra.Command{
		Use:   "delete ORDER",
		Short: "Hide an order for good whose sale has ended or never was",
		Long: `Hide an order for good. One that was cancelled or returned is hidden at once; one
that was never confirmed is cancelled first. A sale that stands is refused.`,
		Args:    exactly("ORDER"),
		Example: `  oms order delete ORDER --reason "a test"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.OrderId = args[0]
			return changing(a, cmd, orderv1connect.ChangeServiceClient.DeleteOrder, &req)
		},
	}
	cmd.Flags().StringVar(&req.Reason, "reason", "", "reason, kept with the order")
	orderFlags(cmd.Flags(), &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}
