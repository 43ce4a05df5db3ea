package projections

import (
	"testing"
	"time"
)

func TestAFileThatIsOpenedAnewIsTheSame(t *testing.T) {
	p := Projector{Name: "numbers", Version: 1, Main: "rows"}
	g, err := openGeneration(t.TempDir(), fileName{view: p.Name, version: 1, n: 1, building: true}, p)
	if err != nil {
		t.Fatal(err)
	}
	for n := range byte(3) {
		tx, err := g.begin(p)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 && string(tx.Get("rows", []byte{n - 1})) != "here" {
			t.Errorf("row %d is lost", n-1)
		}
		tx.Put("rows", []byte{n}, []byte("here"))
		if err := g.commit(tx, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if err := g.reopen(); err != nil {
			t.Fatal(err)
		}
		if g.cp.Rows != int64(n)+1 {
			t.Errorf("%d rows, want %d", g.cp.Rows, n+1)
		}
	}
	if err := g.close(); err != nil {
		t.Error(err)
	}
}
