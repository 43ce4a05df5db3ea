// Package money does exact arithmetic on amounts in minor units: 1000 with USD
// is 10.00 dollars, 1000 with JPY is 1000 yen.
//
// There are no floats in here. A sum that does not fit into 64 bits is an
// error and never wraps.
package money

import (
	"cmp"
	"errors"
	"math"
	"math/bits"
	"slices"
)

var (
	// ErrOverflow means that a result does not fit into 64 bits.
	ErrOverflow = errors.New("amount is too large")
	// ErrUnknownCurrency means that a code is not an active ISO 4217 currency
	// with minor units.
	ErrUnknownCurrency = errors.New("currency is not known")
	// ErrSyntax means that a text is not a plain decimal number.
	ErrSyntax = errors.New("amount is not a decimal number")
	// ErrBelowMinorUnit means that an amount has digits that its currency
	// cannot express, such as a tenth of a cent.
	ErrBelowMinorUnit = errors.New("amount has a part below one minor unit")
)

// Amount is an amount in one currency. The zero value stands for an amount
// that was not given; zero dollars are Amount{Currency: "USD"}.
type Amount struct {
	// Currency is an ISO 4217 alphabetic code, upper case.
	Currency string `cbor:"1,keyasint,omitempty"`
	// Minor counts the currency's minor units.
	Minor int64 `cbor:"2,keyasint,omitempty"`
}

// Given reports whether there is an amount at all.
func (a Amount) Given() bool { return a != Amount{} }

// String is the decimal number and the code, e.g. "2.55 GBP", for people.
func (a Amount) String() string { return Format(a.Minor, a.Currency) + " " + a.Currency }

// Add returns a+b, or ErrOverflow.
func Add(a, b int64) (int64, error) {
	sum := a + b
	if (sum > a) != (b > 0) && b != 0 {
		return 0, ErrOverflow
	}
	return sum, nil
}

// Sub returns a-b, or ErrOverflow.
func Sub(a, b int64) (int64, error) {
	diff := a - b
	if (diff < a) != (b > 0) && b != 0 {
		return 0, ErrOverflow
	}
	return diff, nil
}

// Mul returns a*b, or ErrOverflow.
func Mul(a, b int64) (int64, error) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 {
		return 0, ErrOverflow
	}
	return signed(lo, (a < 0) != (b < 0))
}

// magnitude is |n|, which for the smallest int64 is more than an int64 holds.
func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n) //nolint:gosec // two's complement: right for every n
	}
	return uint64(n)
}

// signed is m with a sign, or ErrOverflow.
func signed(m uint64, negative bool) (int64, error) {
	switch {
	case !negative && m <= math.MaxInt64:
		return int64(m), nil
	case negative && m <= -math.MinInt64:
		return int64(-m), nil //nolint:gosec // two's complement: right up to the smallest int64
	}
	return 0, ErrOverflow
}

// Share returns the part of an amount that falls to part of whole units,
// rounded towards zero: amount*part/whole. It never overflows for
// 0 <= part <= whole; whole must be more than zero.
func Share(amount, part, whole int64) int64 {
	if part <= 0 || whole <= 0 {
		return 0
	}
	if part >= whole {
		return amount
	}
	hi, lo := bits.Mul64(magnitude(amount), uint64(part))
	quotient, _ := bits.Div64(hi, lo, uint64(whole))
	n, err := signed(quotient, amount < 0)
	if err != nil {
		return 0 // cannot be: the quotient is at most the amount
	}
	return n
}

// Split divides an amount over weights, in proportion and without remainder:
// each part is rounded towards zero, and what is left goes, one minor unit
// each, to the parts that lost most by it, the first of equals first. Weights
// are zero or more; if all are zero the first part takes everything. Without
// weights there is nothing to return.
func Split(amount int64, weights []int64) []int64 {
	parts := make([]int64, len(weights))
	if len(weights) == 0 {
		return parts
	}
	var whole uint64
	for _, w := range weights {
		whole += magnitude(max(w, 0))
	}
	if whole == 0 || whole > math.MaxInt64 {
		parts[0] = amount
		return parts
	}
	lost := make([]uint64, len(weights))
	left := magnitude(amount)
	for i, w := range weights {
		hi, lo := bits.Mul64(magnitude(amount), magnitude(max(w, 0)))
		quotient, rest := bits.Div64(hi, lo, whole)
		parts[i], lost[i] = int64(quotient), rest //nolint:gosec // at most the amount
		left -= quotient
	}
	order := make([]int, len(weights))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lost[b], lost[a]) })
	for _, i := range order[:min(left, uint64(len(order)))] {
		parts[i]++
	}
	if amount < 0 {
		for i := range parts {
			parts[i] = -parts[i]
		}
	}
	return parts
}
