// Package onlineretail reads the UCI data set Online Retail, the transactions
// of a real wholesale shop, and turns its invoices into orders.
//
// The data is as a shop has it: customers are missing, stock codes are odd,
// prices are zero, quantities negative. What cannot become a line of an order
// is left out and counted under a reason; nothing is guessed.
package onlineretail

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the sample
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Currency of every price in the data set.
const Currency = "GBP"

//go:embed sample.csv.gz
var sample []byte

// Sample opens the invoices that ship with oms; see NOTICE.md.
func Sample() io.Reader { return bytes.NewReader(sample) }

// Row is one line of an invoice as it stands in the file.
type Row struct {
	StockCode   string
	Description string
	Quantity    int64
	UnitPrice   string // decimal, in pounds
}

// Invoice is all lines with one number.
type Invoice struct {
	// Number begins with C for a cancellation.
	Number   string
	Date     time.Time
	Customer string // empty when the shop did not know
	Country  string // English name
	Rows     []Row
}

// Cancellation reports whether the invoice takes sales back.
func (i Invoice) Cancellation() bool { return strings.HasPrefix(i.Number, "C") }

// columns of the file, in their order.
var columns = []string{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"}

// Read reads all invoices of a CSV file, plain or compressed with gzip, in the
// order of the file. Lines of one invoice need not be together.
func Read(r io.Reader) ([]Invoice, error) {
	in, err := plain(r)
	if err != nil {
		return nil, err
	}
	c := csv.NewReader(in)
	c.FieldsPerRecord = len(columns)
	head, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("online retail: header: %w", err)
	}
	for i, want := range columns {
		if strings.TrimPrefix(head[i], "\ufeff") != want {
			return nil, fmt.Errorf("online retail: column %d is %q, want %q", i+1, head[i], want)
		}
	}
	var all []Invoice
	at := map[string]int{}
	for {
		rec, err := c.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("online retail: %w", err)
		}
		if err := add(&all, at, rec); err != nil {
			line, _ := c.FieldPos(0)
			return nil, fmt.Errorf("online retail: line %d: %w", line, err)
		}
	}
}

// plain unpacks gzip when it sees it.
func plain(r io.Reader) (io.Reader, error) {
	var magic [2]byte
	n, err := io.ReadFull(r, magic[:])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("online retail: %w", err)
	}
	whole := io.MultiReader(bytes.NewReader(magic[:n]), r)
	if magic != [2]byte{0x1f, 0x8b} {
		return whole, nil
	}
	z, err := gzip.NewReader(whole)
	if err != nil {
		return nil, fmt.Errorf("online retail: %w", err)
	}
	return z, nil
}

func add(all *[]Invoice, at map[string]int, rec []string) error {
	quantity, err := strconv.ParseInt(rec[3], 10, 64)
	if err != nil {
		return fmt.Errorf("quantity: %w", err)
	}
	when, err := time.Parse(time.RFC3339, rec[4])
	if err != nil {
		return fmt.Errorf("invoice date: %w", err)
	}
	i, known := at[rec[0]]
	if !known {
		i = len(*all)
		at[rec[0]] = i
		*all = append(*all, Invoice{Number: rec[0], Date: when, Customer: rec[6], Country: rec[7]})
	}
	(*all)[i].Rows = append((*all)[i].Rows, Row{StockCode: rec[1], Description: rec[2], Quantity: quantity, UnitPrice: rec[5]})
	return nil
}
