package main

import (
	"testing"
)

func TestStockHasAStatus(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.want("stock add A 5", `A +main +5 +0 +5 +0 +in_stock\n`)
	c.want("stock threshold A --low 5", `(?s)Low: +true.*Low from: +5.*Revision: +1`)
	c.want("stock restock A 1", `A +main +6 +0 +6 +0 +in_stock\n`)
	c.want("stock threshold A --low 0 --out 6 --revision 1 --json", `"status":"STOCK_STATUS_OUT_OF_STOCK"`)
	c.want("stock list --min-position 4", `A +main +6 +0 +6 +0 +out_of_stock\n`)
	c.want("events tail --log inventory --after 0 --until-head", `(?s)StockStatusChanged.*StockThresholdsSet`)
	c.want("stock add B 1 --bin leeds", `B`)
	c.want("stock threshold B --bin leeds --low 1", `Low: +true`)
	c.want("stock list --bin leeds --min-position 6", `STATUS\nB +leeds +1 +0 +1 +0 +in_stock, low\n$`) // the others need not wait
	for line, want := range map[string]string{
		"stock list --low":                          `STATUS\nB `,
		"stock list --status out_of_stock":          `STATUS\nA .*out_of_stock\n$`,
		"stock list --status in_stock --bin leeds":  `STATUS\nB `,
		"stock list --status out_of_stock --low":    `STATUS\n$`,
		"stock list --status in_stock --bin london": `STATUS\n$`,
	} {
		c.want(line, want)
	}
	for line, want := range map[string]int{
		"stock list --status gone":               exitInvalid,
		"stock threshold A":                      exitInvalid,
		"stock threshold A --low 3":              exitInvalid,
		"stock threshold A --low 9 --revision 1": exitRefused,
	} {
		if r := c.oms(line); r.code != want {
			t.Errorf("%s: %d %s", line, r.code, r.err)
		}
	}
}
