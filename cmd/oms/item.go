package main

import (
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
)

func newItem(a *app) *cobra.Command {
	return group("item", "Manage the catalogue of items",
		newItemCreate(a), newItemUpdate(a), newItemOptions(a), newItemDelete(a), newItemGet(a), newItemList(a))
}

func newItemDelete(a *app) *cobra.Command {
	var req inventoryv1.DeleteItemRequest
	cmd := &cobra.Command{
		Use:     "delete SKU",
		Short:   "Take an item and its options out of the catalogue",
		Long:    "Take an item and its options out of the catalogue. Their stock stays where it is.",
		Args:    exactly("SKU"),
		Example: `  oms item delete shirt`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.SkuId = args[0]
			client, err := a.stock()
			if err != nil {
				return err
			}
			res, err := client.DeleteItem(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printItem(w, res.GetItem()) })
		},
	}
	commandFlags(cmd.Flags(), "item", &req.CollectionId, &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}

func newItemGet(a *app) *cobra.Command {
	var req inventoryv1.GetItemRequest
	cmd := &cobra.Command{
		Use:   "get (SKU | --number NUMBER)",
		Short: "Show an item, by its SKU, that of an option, or its number",
		Args:  cobra.ArbitraryArgs,
		Example: `  oms item get shirt
  oms item get --number 4711`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (req.GetItemNumber() != 0) || len(args) > 1 {
				return usageError("give either a SKU or --number; see %s --help", cmd.CommandPath())
			}
			req.SkuId = strings.Join(args, "")
			client, err := a.stock()
			if err != nil {
				return err
			}
			res, err := client.GetItem(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printItem(w, res.GetItem()) })
		},
	}
	cmd.Flags().Int64Var(&req.ItemNumber, "number", 0, "number of the item or of an option")
	cmd.Flags().Int64Var(&req.CollectionId, "collection", 0, "inventory collection; 0 is the first")
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

func newItemList(a *app) *cobra.Command {
	const page = 1000
	var req inventoryv1.ListItemsRequest
	var limit int
	cmd := &cobra.Command{
		Use:   "list [PREFIX]",
		Short: "List items by SKU",
		Args:  cobra.MaximumNArgs(1),
		Example: `  oms item list
  oms item list shirt --limit 0 --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 0 {
				return usageError("--limit: must not be negative")
			}
			if limit == 0 {
				limit = math.MaxInt
			}
			req.SkuPrefix = strings.Join(args, "")
			client, err := a.stock()
			if err != nil {
				return err
			}
			t := a.table("SKU", "NUMBER", "NAME", "STATUS", "PRICE", "OPTIONS", "REVISION")
			for left := limit; left > 0; {
				req.PageSize = int32(min(left, page))
				res, err := client.ListItems(cmd.Context(), &req)
				if err != nil {
					return err
				}
				for _, i := range res.GetItems() {
					if err := t.add(i, i.GetSkuId(), i.GetItemNumber(), i.GetName(), word(i.GetStatus()), amount(i.GetPrice()), len(i.GetOptions()), i.GetRevision()); err != nil {
						return err
					}
				}
				left -= len(res.GetItems())
				if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
					break
				}
			}
			return t.end()
		},
	}
	cmd.Flags().Int64Var(&req.CollectionId, "collection", 0, "inventory collection; 0 is the first")
	cmd.Flags().IntVar(&limit, "limit", 100, "entries at most; 0 lists all")
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

func printItem(w io.Writer, i *inventoryv1.InventoryItem) {
	field(w, "SKU", i.GetSkuId())
	field(w, "Number", i.GetItemNumber())
	if i.GetDeleted() {
		field(w, "Deleted", true)
		field(w, "Revision", i.GetRevision())
		return
	}
	field(w, "Name", i.GetName())
	field(w, "Description", i.GetDescription())
	field(w, "Status", word(i.GetStatus()))
	field(w, "Tracks stock", i.GetTrackStock())
	field(w, "Price", amount(i.GetPrice()))
	field(w, "Cost", amount(i.GetCost()))
	field(w, "Partner's SKU", i.GetPartnerSku())
	field(w, "Identifiers", pairs(i.GetIdentifiers()))
	field(w, "Properties", pairs(i.GetProperties()))
	field(w, "Revision", i.GetRevision())
	for n, o := range i.GetOptions() {
		field(w, "Option "+strconv.Itoa(n+1), strings.Join(nonEmpty(
			o.GetSkuId(), "number "+strconv.FormatInt(o.GetItemNumber(), 10), o.GetName(), amount(o.GetPrice()), pairs(o.GetAttributes()),
		), ", "))
	}
}
