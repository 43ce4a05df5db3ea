package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
)

// itemDraft is an item as flags describe it.
type itemDraft struct {
	name, description, status, partnerSKU string
	price, cost, currency                 string
	untracked                             bool
	identifiers, properties               []string
}

func (d *itemDraft) flags(f *pflag.FlagSet) {
	f.StringVar(&d.name, "name", "", "name for people")
	f.StringVar(&d.description, "description", "", "text for people")
	f.StringVar(&d.status, "status", "", "pending, active, discontinued_sell_through or discontinued")
	f.StringVar(&d.partnerSKU, "partner-sku", "", "what a partner calls it")
	f.StringVar(&d.price, "price", "", "price of one unit; 0 is none")
	f.StringVar(&d.cost, "cost", "", "what the seller pays for one unit; 0 is none")
	f.StringVar(&d.currency, "currency", "", "ISO 4217 code of price and cost")
	f.BoolVar(&d.untracked, "untracked", false, "its stock is not to be watched")
	f.StringArrayVar(&d.identifiers, "id", nil, "identifier as KIND=VALUE: upc, ean, gtin, mpn or isbn; may be repeated")
	f.StringArrayVar(&d.properties, "property", nil, "own property as NAME=VALUE; may be repeated")
}

// parse reads what is not a text by itself.
func (d *itemDraft) parse(to *inventoryv1.UpdateItemRequest) (err error) {
	if d.status != "" {
		n, err := parseWord(inventoryv1.ItemStatus(0).Descriptor(), d.status)
		if err != nil {
			return fmt.Errorf("--status: %w", err)
		}
		to.Status = inventoryv1.ItemStatus(n)
	}
	if to.Price, err = parsePrice("price", d.price, d.currency); err != nil {
		return err
	}
	if to.Cost, err = parsePrice("cost", d.cost, d.currency); err != nil {
		return err
	}
	if to.Identifiers, err = parsePairs("id", d.identifiers); err != nil {
		return err
	}
	to.Properties, err = parsePairs("property", d.properties)
	return err
}

func newItemCreate(a *app) *cobra.Command {
	var d itemDraft
	var options []string
	var req inventoryv1.CreateItemRequest
	cmd := &cobra.Command{
		Use:   "create SKU",
		Short: "Put an item into the catalogue",
		Args:  exactly("SKU"),
		Example: `  oms item create shirt --name "A shirt" --price 20.00 --cost 9.00 --currency USD --id upc=036000291452
  oms item create shirt --price 20.00 --currency USD --option shirt-s=Small --option shirt-l=Large@22.00`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			var parsed inventoryv1.UpdateItemRequest
			if err := d.parse(&parsed); err != nil {
				return err
			}
			if req.Options, err = parseOptions(options, d.currency); err != nil {
				return err
			}
			req.SkuId, req.Name, req.Description, req.PartnerSku = args[0], d.name, d.description, d.partnerSKU
			req.Status, req.Price, req.Cost, req.TrackStock = parsed.GetStatus(), parsed.GetPrice(), parsed.GetCost(), proto.Bool(!d.untracked)
			req.Identifiers, req.Properties = parsed.GetIdentifiers(), parsed.GetProperties()
			client, err := a.stock()
			if err != nil {
				return err
			}
			res, err := client.CreateItem(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printItem(w, res.GetItem()) })
		},
	}
	d.flags(cmd.Flags())
	cmd.Flags().StringArrayVar(&options, "option", nil, "option as SKU=NAME@PRICE, the SKU alone is enough; may be repeated")
	commandFlags(cmd.Flags(), "item", &req.CollectionId, &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}

func newItemUpdate(a *app) *cobra.Command {
	var d itemDraft
	var req inventoryv1.UpdateItemRequest
	cmd := &cobra.Command{
		Use:   "update SKU",
		Short: "Change an item",
		Long: `Change an item. What is not given stays as it is; an identifier or a property with
nothing behind "=" is removed.`,
		Args: exactly("SKU"),
		Example: `  oms item update shirt --price 18.00 --currency USD
  oms item update shirt --status discontinued --property season= --revision 3`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := d.parse(&req); err != nil {
				return err
			}
			req.SkuId, req.Name, req.Description = args[0], given(cmd, "name", &d.name), given(cmd, "description", &d.description)
			req.PartnerSku = given(cmd, "partner-sku", &d.partnerSKU)
			if cmd.Flags().Changed("untracked") {
				req.TrackStock = proto.Bool(!d.untracked)
			}
			client, err := a.stock()
			if err != nil {
				return err
			}
			res, err := client.UpdateItem(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printItem(w, res.GetItem()) })
		},
	}
	d.flags(cmd.Flags())
	commandFlags(cmd.Flags(), "item", &req.CollectionId, &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}

func newItemOptions(a *app) *cobra.Command {
	var file, currency string
	var options []string
	var req inventoryv1.SetItemOptionsRequest
	cmd := &cobra.Command{
		Use:   "options SKU (--option SKU=NAME@PRICE ... | -f FILE | --none)",
		Short: "Say in which forms an item is sold, all of them",
		Long: `Say in which forms an item is sold. An option that is missing is deleted, one
that stays keeps its number. A file can say more of an option; it holds JSON:

  {"options": [{"skuId": "shirt-s", "name": "Small", "attributes": {"size": "S"},
                "price": {"currencyCode": "USD", "minorUnits": "1900"}}]}

"-" reads standard input.`,
		Args: exactly("SKU"),
		Example: `  oms item options shirt --option shirt-s=Small --option shirt-l=Large@22.00 --currency USD
  oms item options shirt --none
  oms item options shirt -f options.json`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if drop := cmd.Flags().Changed("none"); (file != "") == (len(options) > 0 || drop) || drop && len(options) > 0 {
				return usageError("give --option, --file or --none")
			}
			if req.Options, err = a.options(file, options, currency); err != nil {
				return err
			}
			req.SkuId = args[0]
			client, err := a.stock()
			if err != nil {
				return err
			}
			res, err := client.SetItemOptions(cmd.Context(), &req)
			if err != nil {
				return err
			}
			return a.show(res, func(w io.Writer) { printItem(w, res.GetItem()) })
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&options, "option", nil, "option as SKU=NAME@PRICE, the SKU alone is enough; may be repeated")
	f.StringVarP(&file, "file", "f", "", `file with the options as JSON; "-" is standard input`)
	f.Bool("none", false, "the item has no options any more")
	f.StringVar(&currency, "currency", "", "ISO 4217 code of the prices")
	commandFlags(f, "item", &req.CollectionId, &req.ExpectedRevision, &req.IdempotencyKey)
	return cmd
}
