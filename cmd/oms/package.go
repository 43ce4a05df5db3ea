package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/gen/oms/order/v1/orderv1connect"
)

func newPackage(a *app) *cobra.Command {
	return group("package", "Pack, announce and ship units of orders",
		newPackageList(a), newPackageCreate(a), newPackageSubmit(a), newPackageSplit(a), newPackageUpdate(a), newPackageShip(a))
}

// fulfilling sends a command of the fulfilment service.
func fulfilling[Q interface{ GetOrderId() string }, R receipted](
	a *app, cmd *cobra.Command, call func(orderv1connect.FulfilmentServiceClient, context.Context, Q) (R, error), req Q, also ...func(io.Writer, R),
) error {
	return act(a, cmd.Context(), orderv1connect.NewFulfilmentServiceClient, call, req, also...)
}

func newPackageCreate(a *app) *cobra.Command {
	var req orderv1.CreatePackageRequest
	var transport orderv1.Transport
	cmd := &cobra.Command{
		Use:   "create ORDER LINE=UNITS ...",
		Short: "Put open units of an order into a package",
		Args:  atLeast("ORDER", "LINE=UNITS"),
		Example: `  oms package create ORDER 1=2 2
  oms package create ORDER 1=2 --id PKG-7 --submit --carrier UPS`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			req.OrderId, req.Transport = args[0], transportGiven(&transport)
			if req.Lines, err = parseUnits(args[1:]); err != nil {
				return err
			}
			return fulfilling(a, cmd, orderv1connect.FulfilmentServiceClient.CreatePackage, &req, func(w io.Writer, r *orderv1.CreatePackageResponse) {
				field(w, "Package", r.GetPackageId())
			})
		},
	}
	cmd.Flags().StringVar(&req.PackageId, "id", "", "id of the package, unique in the order; empty lets the service choose")
	cmd.Flags().BoolVar(&req.Submit, "submit", false, "announce it at once")
	transportFlags(cmd.Flags(), &transport)
	orderFlags(cmd.Flags(), &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

func newPackageSubmit(a *app) *cobra.Command {
	var req orderv1.SubmitPackageRequest
	cmd := &cobra.Command{
		Use:     "submit ORDER PACKAGE",
		Short:   "Announce a package to the logistics provider",
		Args:    exactly("ORDER", "PACKAGE"),
		Example: `  oms package submit ORDER k1`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.OrderId, req.PackageId = args[0], args[1]
			return fulfilling(a, cmd, orderv1connect.FulfilmentServiceClient.SubmitPackage, &req)
		},
	}
	orderFlags(cmd.Flags(), &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

func newPackageSplit(a *app) *cobra.Command {
	var req orderv1.SplitPackageRequest
	cmd := &cobra.Command{
		Use:   "split ORDER PACKAGE LINE=UNITS[,LINE=UNITS...] ...",
		Short: "Make several packages of one that was announced and has not left",
		Long: `Make several packages of one that was announced and has not left. Each argument
after the package is a new one; together they must hold exactly what it held.`,
		Args:    atLeast("ORDER", "PACKAGE", "LINE=UNITS", "LINE=UNITS"),
		Example: `  oms package split ORDER k1 1=2,2=1 1=1`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.OrderId, req.PackageId = args[0], args[1]
			for _, text := range args[2:] {
				units, err := parseUnits(strings.Split(text, ","))
				if err != nil {
					return err
				}
				req.Into = append(req.Into, &orderv1.PackageLines{Lines: units})
			}
			return fulfilling(a, cmd, orderv1connect.FulfilmentServiceClient.SplitPackage, &req, func(w io.Writer, r *orderv1.SplitPackageResponse) {
				field(w, "Packages", strings.Join(r.GetPackageIds(), ", "))
			})
		},
	}
	orderFlags(cmd.Flags(), &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

func newPackageUpdate(a *app) *cobra.Command {
	var req orderv1.UpdatePackageRequest
	var transport orderv1.Transport
	var status, shippedAt string
	cmd := &cobra.Command{
		Use:   "update ORDER PACKAGE",
		Short: "Tell what became of a package, or how it travels",
		Long: `Tell what became of a package: printed, shipped, delivered, undeliverable or
voided. When it has shipped, the stock of its units leaves, and what they cost is
taken if it was not before. What no flag names stays as it is.`,
		Args: exactly("ORDER", "PACKAGE"),
		Example: `  oms package update ORDER k1 --status shipped --carrier UPS --tracking 1Z999
  oms package update ORDER k1 --status delivered
  oms package update ORDER k2 --status voided`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			req.OrderId, req.PackageId, req.Transport = args[0], args[1], transportGiven(&transport)
			if status != "" {
				n, err := parseWord(orderv1.PackageStatus(0).Descriptor(), status)
				if err != nil {
					return err
				}
				req.Status = orderv1.PackageStatus(n)
			}
			if req.ShippedAt, err = parseTime("shipped-at", shippedAt, ago); err != nil {
				return err
			}
			return fulfilling(a, cmd, orderv1connect.FulfilmentServiceClient.UpdatePackage, &req)
		},
	}
	cmd.Flags().StringVar(&status, "status", "", "what became of it")
	cmd.Flags().StringVar(&shippedAt, "shipped-at", "", "when it left: a time, or a duration before now; empty is now")
	transportFlags(cmd.Flags(), &transport)
	orderFlags(cmd.Flags(), &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}

func newPackageShip(a *app) *cobra.Command {
	var req orderv1.ShipOrderRequest
	var transport orderv1.Transport
	cmd := &cobra.Command{
		Use:   "ship ORDER [LINE=UNITS ...]",
		Short: "Pack, announce and ship units in one go",
		Long: `Pack, announce and ship units in one go, for shops without a warehouse system.
Without lines it ships all open units that are in no package.`,
		Args: atLeast("ORDER"),
		Example: `  oms package ship ORDER --carrier UPS --tracking 1Z999
  oms package ship ORDER 1=2 2=1`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			req.OrderId, req.Transport = args[0], transportGiven(&transport)
			if req.Lines, err = parseUnits(args[1:]); err != nil {
				return err
			}
			return fulfilling(a, cmd, orderv1connect.FulfilmentServiceClient.ShipOrder, &req, func(w io.Writer, r *orderv1.ShipOrderResponse) {
				field(w, "Package", r.GetPackageId())
			})
		},
	}
	cmd.Flags().StringVar(&req.PackageId, "id", "", "id of the package, unique in the order; empty lets the service choose")
	transportFlags(cmd.Flags(), &transport)
	orderFlags(cmd.Flags(), &req.IdempotencyKey, &req.ExpectedRevision)
	return cmd
}
