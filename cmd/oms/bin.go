package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
)

func newBin(a *app) *cobra.Command {
	return group("bin", "Manage bins, also called warehouses", newBinCreate(a), newBinUpdate(a), newBinDelete(a), newBinList(a))
}

// addressFlags are the flags for where a bin stands.
func addressFlags(f *pflag.FlagSet, to *inventoryv1.Address) {
	f.StringVar(&to.Line1, "line1", "", "first street line")
	f.StringVar(&to.Line2, "line2", "", "second street line")
	f.StringVar(&to.City, "city", "", "city or town")
	f.StringVar(&to.Region, "region", "", "state, county or region")
	f.StringVar(&to.PostalCode, "postal-code", "", "zip or postal code")
	f.StringVar(&to.CountryCode, "country", "", "ISO 3166-1 code, such as GB")
}

// addressGiven is the address if any part of it was given.
func addressGiven(cmd *cobra.Command, a *inventoryv1.Address) *inventoryv1.Address {
	for _, flag := range []string{"line1", "line2", "city", "region", "postal-code", "country"} {
		if cmd.Flags().Changed(flag) {
			return a
		}
	}
	return nil
}

// commandFlags are the flags that every command on a bin or an item has.
func commandFlags(f *pflag.FlagSet, what string, collection *int64, revision *uint64, key *string) {
	f.Int64Var(collection, "collection", 0, "inventory collection; 0 is the first")
	f.Uint64Var(revision, "revision", 0, "refuse if the "+what+" has another revision; 0 is any")
	f.StringVar(key, "key", "", "idempotency key: the same request again is answered again")
}

func newBinCreate(a *app) *cobra.Command {
	var req inventoryv1.CreateBinRequest
	var address inventoryv1.Address
	cmd := &cobra.Command{
		Use:   "create BIN",
		Short: "Make a bin known",
		Long: `Make a bin known. A bin that is known only because units came into it gets the
name and the address that are given.`,
		Args: exactly("BIN"),
		Example: `  oms bin create london
  oms bin create leeds --name "Leeds North" --line1 "1 High Street" --city Leeds --country GB`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.BinName, req.Address = args[0], addressGiven(cmd, &address)
			client, err := a.stock()
			if err != nil {
				return err
			}
			res, err := client.CreateBin(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printBin(w, res.GetBin()) })
		},
	}
	cmd.Flags().StringVar(&req.DisplayName, "name", "", "name for people")
	addressFlags(cmd.Flags(), &address)
	commandFlags(cmd.Flags(), "bin", &req.CollectionId, &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}

func newBinUpdate(a *app) *cobra.Command {
	var req inventoryv1.UpdateBinRequest
	var address inventoryv1.Address
	var name string
	cmd := &cobra.Command{
		Use:   "update BIN",
		Short: "Change the name or the address of a bin",
		Long:  "Change the name or the address of a bin. An address replaces the old one as a whole.",
		Args:  exactly("BIN"),
		Example: `  oms bin update leeds --name "Leeds South"
  oms bin update leeds --city Leeds --postal-code "LS1 1AA" --country GB --revision 2`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.BinName, req.DisplayName, req.Address = args[0], given(cmd, "name", &name), addressGiven(cmd, &address)
			client, err := a.stock()
			if err != nil {
				return err
			}
			res, err := client.UpdateBin(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printBin(w, res.GetBin()) })
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "name for people")
	addressFlags(cmd.Flags(), &address)
	commandFlags(cmd.Flags(), "bin", &req.CollectionId, &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}

func newBinDelete(a *app) *cobra.Command {
	var req inventoryv1.DeleteBinRequest
	cmd := &cobra.Command{
		Use:     "delete BIN",
		Short:   "Forget a bin in which there is nothing",
		Args:    exactly("BIN"),
		Example: `  oms bin delete leeds`,
		RunE: func(cmd *cobra.Command, args []string) error {
			req.BinName = args[0]
			client, err := a.stock()
			if err != nil {
				return err
			}
			res, err := client.DeleteBin(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printBin(w, res.GetBin()) })
		},
	}
	commandFlags(cmd.Flags(), "bin", &req.CollectionId, &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}

func newBinList(a *app) *cobra.Command {
	var req inventoryv1.ListBinsRequest
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List bins by name",
		Args:    none,
		Example: `  oms bin list`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := a.stock()
			if err != nil {
				return err
			}
			t := a.table("BIN", "NUMBER", "NAME", "WHERE", "STOCKED SKUS", "REVISION")
			for more := true; more; more = req.GetPageToken() != "" {
				res, err := client.ListBins(cmd.Context(), &req)
				if err != nil {
					return err
				}
				for _, b := range res.GetBins() {
					if err := t.add(b, b.GetBinName(), b.GetWarehouseNumber(), b.GetDisplayName(), where(b.GetAddress()), b.GetStockedSkus(), b.GetRevision()); err != nil {
						return err
					}
				}
				req.PageToken = res.GetNextPageToken()
			}
			return t.end()
		},
	}
	cmd.Flags().Int64Var(&req.CollectionId, "collection", 0, "inventory collection; 0 is the first")
	cmd.Flags().Uint64Var(&req.MinPosition, "min-position", 0, "wait until the read model has seen this log position")
	return cmd
}

func printBin(w io.Writer, b *inventoryv1.Bin) {
	field(w, "Bin", b.GetBinName())
	field(w, "Number", b.GetWarehouseNumber())
	if b.GetDeleted() {
		field(w, "Deleted", true)
	}
	field(w, "Name", b.GetDisplayName())
	field(w, "Where", where(b.GetAddress()))
	field(w, "Stocked SKUs", b.GetStockedSkus())
	field(w, "Revision", b.GetRevision())
}

// where is an address on one line.
func where(a *inventoryv1.Address) string {
	return strings.Join(nonEmpty(a.GetLine1(), a.GetLine2(), a.GetPostalCode(), a.GetCity(), a.GetRegion(), a.GetCountryCode()), ", ")
}
