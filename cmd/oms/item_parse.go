package main

import (
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	"github.com/orderstream/oms/internal/money"
)

// options reads options from a file, if there is one, or else from flags.
func (a *app) options(file string, texts []string, currency string) ([]*inventoryv1.ItemOption, error) {
	if file == "" {
		return parseOptions(texts, currency)
	}
	raw, err := read(file, a.in)
	if err != nil {
		return nil, err
	}
	var body inventoryv1.SetItemOptionsRequest
	if err := protojson.Unmarshal(raw, &body); err != nil {
		return nil, usageError("%s has no options: %s", file, strings.ReplaceAll(err.Error(), "\u00a0", " "))
	}
	return body.GetOptions(), nil
}

// parsePrice reads an amount; none when nothing was given.
func parsePrice(flag, text, currency string) (*moneyv1.Money, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // not given
	}
	minor, err := money.Parse(text, currency)
	if err != nil {
		return nil, usageError("--%s %q: %w", flag, text, err)
	}
	return &moneyv1.Money{CurrencyCode: currency, MinorUnits: minor}, nil
}

// parseOptions reads SKU=NAME@PRICE; the first "=" and the last "@" count.
func parseOptions(texts []string, currency string) (all []*inventoryv1.ItemOption, err error) {
	for _, text := range texts {
		o := &inventoryv1.ItemOption{}
		rest := text
		if at := strings.LastIndex(text, "@"); at >= 0 {
			rest = text[:at]
			if o.Price, err = parsePrice("option", text[at+1:], currency); err != nil {
				return nil, err
			}
		}
		o.SkuId, o.Name, _ = strings.Cut(rest, "=")
		all = append(all, o)
	}
	return all, nil
}

// parsePairs reads NAME=VALUE.
func parsePairs(flag string, texts []string) (map[string]string, error) {
	all := map[string]string{}
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, usageError("--%s %q: must be NAME=VALUE", flag, text)
		}
		all[name] = value
	}
	return all, nil
}

// pairs is a map on one line.
func pairs(m map[string]string) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, k+"="+m[k])
	}
	return strings.Join(all, ", ")
}

// nonEmpty are the texts that say something.
func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(t string) bool { return t == "" })
}
