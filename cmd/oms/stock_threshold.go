package main

import (
	"io"

	"github.com/spf13/cobra"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
)

func newStockThreshold(a *app) *cobra.Command {
	var req inventoryv1.SetStockThresholdsRequest
	var out, low int64
	cmd := &cobra.Command{
		Use:   "threshold SKU",
		Short: "Say from how few units on a SKU is sold out, or low",
		Args:  exactly("SKU"),
		Example: `  oms stock threshold A --low 10
  oms stock threshold A --bin london --out 2 --low 0`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.SkuId = args[0]
			req.OutOfStock, req.LowStock = given(cmd, "out", &out), given(cmd, "low", &low)
			client, err := a.stock()
			if err != nil {
				return err
			}
			res, err := client.SetStockThresholds(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printThresholds(w, res.GetStock()) })
		},
	}
	f := cmd.Flags()
	f.Int64Var(&out, "out", 0, "sold out when no more units than this are available")
	f.Int64Var(&low, "low", 0, "low when no more units than this are available; 0 is never")
	f.StringVar(&req.BinName, "bin", "", "bin, also called warehouse; empty is main")
	f.Int64Var(&req.CollectionId, "collection", 0, "inventory collection; 0 is the first")
	f.Uint64Var(&req.ExpectedRevision, "revision", 0, "refuse if the thresholds have another revision; 0 is any")
	f.StringVar(&req.IdempotencyKey, "key", "", "idempotency key: the same request again is answered again")
	return cmd
}

// given is the value of a flag that was given, and nil for one that was not.
func given[T any](cmd *cobra.Command, flag string, value *T) *T {
	if !cmd.Flags().Changed(flag) {
		return nil
	}
	return value
}

func printThresholds(w io.Writer, s *inventoryv1.Stock) {
	field(w, "SKU", s.GetSkuId())
	field(w, "Bin", s.GetBinName())
	field(w, "Available", s.GetAvailable())
	field(w, "Status", word(s.GetStatus()))
	field(w, "Low", s.GetLowStock())
	field(w, "Sold out from", s.GetOutOfStockThreshold())
	if low := s.GetLowStockThreshold(); low > 0 {
		field(w, "Low from", low)
	}
	field(w, "Revision", s.GetThresholdsRevision())
}
