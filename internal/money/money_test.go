package money_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/orderstream/oms/internal/money"
)

// edgy draws numbers with a liking for the ends of the range.
func edgy() *rapid.Generator[int64] {
	return rapid.OneOf(
		rapid.Int64(),
		rapid.Int64Range(-3, 3),
		rapid.Int64Range(math.MaxInt64-3, math.MaxInt64),
		rapid.Int64Range(math.MinInt64, math.MinInt64+3),
		rapid.Int64Range(-1<<33, 1<<33),
	)
}

func TestArithmeticIsExactOrFails(t *testing.T) {
	for name, op := range map[string]struct {
		got  func(a, b int64) (int64, error)
		want func(z, a, b *big.Int) *big.Int
	}{
		"add": {money.Add, (*big.Int).Add},
		"sub": {money.Sub, (*big.Int).Sub},
		"mul": {money.Mul, (*big.Int).Mul},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a, b := edgy().Draw(t, "a"), edgy().Draw(t, "b")
				want := op.want(new(big.Int), big.NewInt(a), big.NewInt(b))
				got, err := op.got(a, b)
				switch {
				case !want.IsInt64():
					if !errors.Is(err, money.ErrOverflow) {
						t.Fatalf("%d, %d: got %d, %v; want ErrOverflow", a, b, got, err)
					}
				case err != nil || got != want.Int64():
					t.Fatalf("%d, %d: got %d, %v; want %v", a, b, got, err, want)
				}
			})
		})
	}
}

func TestAmountKnowsWhetherItWasGiven(t *testing.T) {
	if (money.Amount{}).Given() {
		t.Error("the zero value counts as given")
	}
	if !(money.Amount{Currency: "USD"}).Given() {
		t.Error("zero dollars count as not given")
	}
	if got, want := (money.Amount{Currency: "GBP", Minor: -255}).String(), "-2.55 GBP"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
}
