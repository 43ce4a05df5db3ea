package money

import (
	"fmt"
	"strconv"
	"strings"
)

// Parse reads a plain decimal number such as "2.55" as minor units of a
// currency. The conversion is exact or an error: a non-zero digit that the
// currency cannot express is ErrBelowMinorUnit, while zeros beyond its
// decimals change nothing and are taken. There is no rounding, no exponent, no
// grouping and no plus sign.
func Parse(text, code string) (int64, error) {
	exponent, ok := Exponent(code)
	if !ok {
		return 0, fmt.Errorf("%q: %w", code, ErrUnknownCurrency)
	}
	whole, fraction, point := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if !digits(whole) || point && !digits(fraction) {
		return 0, fmt.Errorf("%q: %w", text, ErrSyntax)
	}
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > exponent {
		return 0, fmt.Errorf("%s %s: %w", text, code, ErrBelowMinorUnit)
	}
	// All digits in a row, filled up to the currency's decimals, count minor
	// units; ParseInt keeps the range, the smallest int64 included.
	count := whole + fraction + strings.Repeat("0", exponent-len(fraction))
	if strings.HasPrefix(text, "-") {
		count = "-" + count
	}
	minor, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s %s: %w", text, code, ErrOverflow)
	}
	return minor, nil
}

// digits reports whether s is one or more ASCII digits.
func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// Format writes minor units of a currency as the decimal number that Parse
// reads back, with all decimals of the currency and without its code. With an
// unknown code it writes the minor units themselves.
func Format(minor int64, code string) string {
	exponent, _ := Exponent(code)
	text := strconv.FormatUint(magnitude(minor), 10)
	if missing := exponent + 1 - len(text); missing > 0 {
		text = strings.Repeat("0", missing) + text
	}
	if exponent > 0 {
		text = text[:len(text)-exponent] + "." + text[len(text)-exponent:]
	}
	if minor < 0 {
		text = "-" + text
	}
	return text
}
