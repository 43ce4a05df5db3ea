package onlineretail_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderstream/oms/internal/onlineretail"
)

const head = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

func TestTheSampleMapsWithoutGuessing(t *testing.T) {
	all, err := onlineretail.Read(onlineretail.Sample())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 420 {
		t.Errorf("%d invoices, want 420", len(all))
	}
	r := onlineretail.NewReport()
	orders, rows := 0, 0
	for _, inv := range all {
		if inv.Cancellation() {
			continue
		}
		rows += len(inv.Rows)
		if r.Order(inv) != nil {
			orders++
		}
	}
	left := 0
	for _, n := range r.LeftOut {
		left += n
	}
	if r.Rows+left != rows {
		t.Errorf("%d rows mapped and %d left out, of %d", r.Rows, left, rows)
	}
	if orders == 0 {
		t.Error("no orders")
	}
}

func TestEveryOddRowIsLeftOutUnderItsReason(t *testing.T) {
	in := head +
		"1,A,ok,2,2010-12-01T08:26:00Z,2.55,17850,United Kingdom\n" +
		"1,B,negative,-2,2010-12-01T08:26:00Z,2.55,17850,United Kingdom\n" +
		"1,C,free,2,2010-12-01T08:26:00Z,0.00,17850,United Kingdom\n" +
		"1,D,tiny,2,2010-12-01T08:26:00Z,0.001,17850,United Kingdom\n" +
		"1,E,minus,2,2010-12-01T08:26:00Z,-11.00,17850,United Kingdom\n" +
		"1,F,word,2,2010-12-01T08:26:00Z,cheap,17850,United Kingdom\n" +
		"2,G,free,2,2010-12-01T08:26:00Z,0,,Atlantis\n"
	all, err := onlineretail.Read(strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	r := onlineretail.NewReport()
	first, second := r.Order(all[0]), r.Order(all[1])
	if len(first.GetItems()) != 1 || first.GetItems()[0].GetUnitPrice().GetMinorUnits() != 255 {
		t.Errorf("first order has %v", first.GetItems())
	}
	if second != nil {
		t.Error("an order of nothing")
	}
	want := map[string]int{
		onlineretail.NotPositive: 1, onlineretail.NoPrice: 2, onlineretail.BelowMinorUnit: 1,
		onlineretail.NegativePrice: 1, onlineretail.BadPrice: 1,
	}
	if diff := cmp.Diff(want, r.LeftOut); diff != "" {
		t.Error(diff)
	}
}

func TestAFileThatIsNotTheDataSetIsRefused(t *testing.T) {
	for _, in := range []string{"", "a,b\n", head + "1,A,x,many,2010-12-01T08:26:00Z,1,1,UK\n", head + "1,A,x,1,yesterday,1,1,UK\n"} {
		if _, err := onlineretail.Read(strings.NewReader(in)); err == nil {
			t.Errorf("%q was read", in)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(head + "1,A,x,1,2010-12-01T08:26:00Z,1.5,1,UK\n"))
	f.Add([]byte{0x1f, 0x8b, 8})
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := onlineretail.Read(strings.NewReader(string(data)))
		if err != nil {
			return
		}
		r := onlineretail.NewReport()
		for _, inv := range all {
			if o := r.Order(inv); o != nil && len(o.GetItems()) > len(inv.Rows) {
				t.Error("more lines than rows")
			}
		}
	})
}
