package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/gen/oms/inventory/v1/inventoryv1connect"
)

func newStock(a *app) *cobra.Command {
	return group("stock", "Move and read stock",
		newStockMove(a, inventoryv1.StockMovement_STOCK_MOVEMENT_ADD, "add SKU UNITS", "Bring units in",
			`  oms stock add A 100
  oms stock add A 100 --bin london --notes "delivery 17"`),
		newStockMove(a, inventoryv1.StockMovement_STOCK_MOVEMENT_REMOVE, "remove SKU UNITS", "Take units out that no order holds",
			`  oms stock remove A 3 --notes broken`),
		newStockMove(a, inventoryv1.StockMovement_STOCK_MOVEMENT_TRANSFER, "transfer SKU UNITS --to BIN", "Move units from one bin to another",
			`  oms stock transfer A 10 --bin london --to leeds`),
		newStockMove(a, inventoryv1.StockMovement_STOCK_MOVEMENT_RECONCILE, "reconcile SKU UNITS", "Record how many units were counted",
			`  oms stock reconcile A 97`),
		newStockMove(a, inventoryv1.StockMovement_STOCK_MOVEMENT_RESTOCK, "restock SKU UNITS", "Take units back in that had been shipped",
			`  oms stock restock A 2 --notes "return 12"`),
		newStockThreshold(a), newStockGet(a), newStockList(a))
}

func (a *app) stock() (inventoryv1connect.InventoryServiceClient, error) {
	return dial(a, inventoryv1connect.NewInventoryServiceClient)
}

// newStockMove is one of the movements.
func newStockMove(a *app, m inventoryv1.StockMovement, use, short, example string) *cobra.Command {
	var req inventoryv1.AdjustStockRequest
	line := &inventoryv1.StockLine{Movement: m}
	cmd := &cobra.Command{
		Use: use, Short: short, Example: example, Args: exactly("SKU", "UNITS"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			line.SkuId = args[0]
			if line.Quantity, err = strconv.ParseInt(args[1], 10, 64); err != nil {
				return usageError("%q is not a number of units", args[1])
			}
			req.Lines = []*inventoryv1.StockLine{line}
			client, err := a.stock()
			if err != nil {
				return err
			}
			res, err := client.AdjustStock(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) {
				printStock(w, res.GetStock())
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&line.BinName, "bin", "", "bin, also called warehouse; empty is main")
	f.StringVar(&line.Notes, "notes", "", "text that is kept with the movement")
	f.Int64Var(&req.CollectionId, "collection", 0, "inventory collection; 0 is the first")
	f.StringVar(&req.IdempotencyKey, "key", "", "idempotency key: the same request again is answered again")
	if m == inventoryv1.StockMovement_STOCK_MOVEMENT_TRANSFER {
		f.StringVar(&line.ToBinName, "to", "", "bin that receives the units")
	}
	return cmd
}

func newStockGet(a *app) *cobra.Command {
	var req inventoryv1.GetStockRequest
	cmd := &cobra.Command{
		Use:     "get SKU",
		Short:   "Show the stock of a SKU in every bin",
		Args:    exactly("SKU"),
		Example: `  oms stock get A`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.SkuId = args[0]
			client, err := a.stock()
			if err != nil {
				return err
			}
			res, err := client.GetStock(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printStock(w, res.GetStock()) })
		},
	}
	cmd.Flags().Int64Var(&req.CollectionId, "collection", 0, "inventory collection; 0 is the first")
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

func newStockList(a *app) *cobra.Command {
	var req inventoryv1.ListStockRequest
	var limit int
	var status string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List stock by SKU and bin",
		Args:  none,
		Example: `  oms stock list
  oms stock list --bin london --status in_stock
  oms stock list --low --limit 0 --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return usageError("--limit: must not be negative")
			}
			if status != "" {
				n, err := parseWord(req.GetStatus().Descriptor(), status)
				if err != nil {
					return fmt.Errorf("--status: %w", err)
				}
				req.Status = inventoryv1.StockStatus(n)
			}
			return a.listStock(cmd.Context(), &req, limit)
		},
	}
	cmd.Flags().Int64Var(&req.CollectionId, "collection", 0, "inventory collection; 0 is the first")
	cmd.Flags().StringVar(&req.BinName, "bin", "", "only stock in this bin")
	cmd.Flags().StringVar(&status, "status", "", "only stock that is in_stock or out_of_stock")
	cmd.Flags().BoolVar(&req.LowStock, "low", false, "only stock that is low")
	cmd.Flags().IntVar(&limit, "limit", 100, "entries at most; 0 lists all")
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

// listStock pages through stock and prints it as it comes.
func (a *app) listStock(ctx context.Context, req *inventoryv1.ListStockRequest, limit int) error {
	const page = 1000
	client, err := a.stock()
	if err != nil {
		return err
	}
	if limit == 0 {
		limit = math.MaxInt
	}
	t := a.table(stockColumns...)
	for left := limit; left > 0; {
		req.PageSize = int32(min(left, page))
		res, err := client.ListStock(ctx, req)
		if err != nil {
			return err
		}
		for _, s := range res.GetStock() {
			if err := t.add(s, stockRow(s)...); err != nil {
				return err
			}
		}
		left -= len(res.GetStock())
		if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	return t.end()
}

var stockColumns = []any{"SKU", "BIN", "ON HAND", "RESERVED", "AVAILABLE", "SHIPPED", "STATUS"}

func stockRow(s *inventoryv1.Stock) []any {
	status := word(s.GetStatus())
	if s.GetLowStock() {
		status += ", low"
	}
	return []any{s.GetSkuId(), s.GetBinName(), s.GetOnHand(), s.GetReserved(), s.GetAvailable(), s.GetShipped(), status}
}

func printStock(w io.Writer, stock []*inventoryv1.Stock) {
	row(w, stockColumns...)
	for _, s := range stock {
		row(w, stockRow(s)...)
	}
}
