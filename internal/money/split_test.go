package money_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/orderstream/oms/internal/money"
)

func TestSharesOfUnitsTakenOneByOneAddUpToTheWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		amount := rapid.Int64Range(-math.MaxInt64, math.MaxInt64).Draw(rt, "amount")
		units := rapid.Int64Range(1, 50).Draw(rt, "units")
		left, sum := amount, int64(0)
		for n := units; n > 0; {
			take := rapid.Int64Range(1, n).Draw(rt, "take")
			part := money.Share(left, take, n)
			sum, left, n = sum+part, left-part, n-take
		}
		if sum != amount || left != 0 {
			rt.Fatalf("%d came back as %d, %d is left", amount, sum, left)
		}
	})
}

func TestPartsOfASplitAddUpToTheWholeAndFollowTheirWeights(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		amount := rapid.Int64Range(-1e15, 1e15).Draw(rt, "amount")
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1e12), 1, 20).Draw(rt, "weights")
		var sum, whole int64
		for _, w := range weights {
			whole += w
		}
		for i, part := range money.Split(amount, weights) {
			sum += part
			if exact := money.Share(amount, weights[i], max(whole, 1)); whole > 0 && (part-exact > 1 || exact-part > 1) {
				rt.Fatalf("weight %d of %d got %d of %d, not about %d", weights[i], whole, part, amount, exact)
			}
		}
		if sum != amount {
			rt.Fatalf("%d was split into parts of %d", amount, sum)
		}
	})
}

func TestSplitIsFairAndStable(t *testing.T) {
	for _, tt := range []struct {
		amount  int64
		weights []int64
		want    []int64
	}{
		{100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		{-100, []int64{1, 1, 1}, []int64{-34, -33, -33}},
		{10, []int64{0, 3, 7}, []int64{0, 3, 7}},
		{5, []int64{0, 0}, []int64{5, 0}},
		{7, []int64{2, 5, 0}, []int64{2, 5, 0}},
		{0, []int64{1}, []int64{0}},
	} {
		got := money.Split(tt.amount, tt.weights)
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("Split(%d, %v) = %v, want %v", tt.amount, tt.weights, got, tt.want)
				break
			}
		}
	}
	if got := money.Split(5, nil); len(got) != 0 {
		t.Errorf("Split over nothing = %v", got)
	}
}
