package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestBinsFromTheCommandLine(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.want("bin create leeds --city Leeds --country GB", `(?s)Bin: +leeds.*Number: +1.*Where: +Leeds, GB.*Revision: +1`)
	c.want("bin update leeds --name North --revision 1", `(?s)Name: +North.*Where: +Leeds, GB.*Revision: +2`)
	c.want("stock add A 1", `A`)
	c.want("bin list --min-position 3", `(?s)leeds +1 +North +Leeds, GB +0 +2\n.*main +2 +- +- +1 +1\n`)
	c.want("bin delete leeds --json", `"deleted":true`)
	for line, want := range map[string]int{
		"bin delete main":             exitRefused,
		"bin delete york":             exitNotFound,
		"bin create main --country x": exitInvalid,
		"bin create":                  exitInvalid,
	} {
		if r := c.oms(line); r.code != want {
			t.Errorf("%s: %d %s", line, r.code, r.err)
		}
	}
	c.want("projections rebuild stock --verify", `stock: live at position`)
	c.want("bin create main --name Main", `Name: +Main\n`)
	if r := c.oms("bin create main --name Other"); r.code != exitRefused {
		t.Errorf("another one: %d %s", r.code, r.err)
	}
}

func TestItemsFromTheCommandLine(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.want("item create shirt --name Shirt --price 20.00 --cost 9 --currency USD --id upc=036 --property a=1 --option shirt-s=Small --option shirt-l=Large@22.00",
		`(?s)Number: +1\n.*Status: +active\n.*Price: +20.00 USD\n.*Identifiers: +upc=036\n.*Option 2: +shirt-l, number 3, Large, 22.00 USD`)
	c.want("item update shirt --price 18.00 --currency USD --property a= --untracked --revision 1", `(?s)Tracks stock: +false\n.*Price: +18.00 USD\n.*Revision: +2`)
	c.want("item get shirt-s", `SKU: +shirt\n`)
	c.want("item options shirt --option shirt-s=S", `Option 1: +shirt-s, number 2, S\n`)
	c.want("events tail --log inventory --after 0 --until-head", `(?s)InventoryItemUpdated.*InventoryItemOptionDeleted`)
	file := filepath.Join(t.TempDir(), "options.json")
	if err := os.WriteFile(file, []byte(`{"options":[{"skuId":"shirt-s","attributes":{"size":"S"}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	c.want("item options shirt --revision 3 -f "+file, `Option 1: +shirt-s, number 2, size=S\n`)
	c.want("item options shirt --none", `Revision: +5`)
	c.want("item list sh --min-position 5", `shirt +1 +Shirt +active +18.00 USD +0 +5\n`)
	c.want("item list --json", `^\{"collectionId":"1","skuId":"shirt"`)
	c.want("item get --number 1 --json", `"itemNumber":"1"`)
	c.want("item delete shirt", `Deleted: +true`)
	c.want("projections rebuild stock --verify", `stock: live at position`)
	for line, want := range map[string]int{
		"item get shirt":                      exitNotFound,
		"item get":                            exitInvalid,
		"item get shirt --number 1":           exitInvalid,
		"item create shoe --price 1":          exitInvalid,
		"item create shoe --status sold":      exitInvalid,
		"item create shoe --id 4711":          exitInvalid,
		"item create shoe --id asin=1":        exitInvalid,
		"item options shoe":                   exitInvalid,
		"item options shoe --none --option a": exitInvalid,
		"item options shoe --none":            exitNotFound,
		"item options shoe -f /no/such/file":  exitInvalid,
		"item options shoe --option a@x":      exitInvalid,
		"item update shoe":                    exitNotFound,
		"item list --limit -1":                exitInvalid,
	} {
		if r := c.oms(line); r.code != want {
			t.Errorf("%s: %d %s", line, r.code, r.err)
		}
	}
}
