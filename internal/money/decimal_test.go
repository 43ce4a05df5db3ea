package money_test

import (
	"errors"
	"math"
	"regexp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/orderstream/oms/internal/money"
)

// currencies has one of each number of decimals.
var currencies = []string{"JPY", "GBP", "KWD", "CLF"}

func TestParseReadsExactlyOrRefuses(t *testing.T) {
	for _, tt := range []struct {
		text, code string
		want       int64
		err        error
	}{
		{text: "2.55", code: "GBP", want: 255},
		{text: "-2.55", code: "GBP", want: -255},
		{text: "2.5", code: "GBP", want: 250},
		{text: "2", code: "GBP", want: 200},
		{text: "0.07", code: "GBP", want: 7},
		{text: "007", code: "GBP", want: 700},
		{text: "-0", code: "GBP", want: 0},
		{text: "20.0", code: "JPY", want: 20},
		{text: "2.5500", code: "GBP", want: 255},
		{text: "1.234", code: "KWD", want: 1234},
		{text: "1.2345", code: "CLF", want: 12345},
		{text: "92233720368547758.07", code: "USD", want: math.MaxInt64},
		{text: "-92233720368547758.08", code: "USD", want: math.MinInt64},

		{text: "2.555", code: "GBP", err: money.ErrBelowMinorUnit},
		{text: "0.001", code: "USD", err: money.ErrBelowMinorUnit},
		{text: "20.5", code: "JPY", err: money.ErrBelowMinorUnit},
		{text: "92233720368547758.08", code: "USD", err: money.ErrOverflow},
		{text: "-92233720368547758.09", code: "USD", err: money.ErrOverflow},
		{text: "1", code: "XXX", err: money.ErrUnknownCurrency},
		{text: "1", code: "gbp", err: money.ErrUnknownCurrency},
		{text: "1", code: "", err: money.ErrUnknownCurrency},
		{text: "", code: "GBP", err: money.ErrSyntax},
		{text: "-", code: "GBP", err: money.ErrSyntax},
		{text: "+1", code: "GBP", err: money.ErrSyntax},
		{text: "--1", code: "GBP", err: money.ErrSyntax},
		{text: "1.", code: "GBP", err: money.ErrSyntax},
		{text: ".5", code: "GBP", err: money.ErrSyntax},
		{text: "1.-5", code: "GBP", err: money.ErrSyntax},
		{text: "1.2.3", code: "GBP", err: money.ErrSyntax},
		{text: "1,000", code: "GBP", err: money.ErrSyntax},
		{text: "1e3", code: "GBP", err: money.ErrSyntax},
		{text: " 1", code: "GBP", err: money.ErrSyntax},
		{text: "NaN", code: "GBP", err: money.ErrSyntax},
		{text: "٣", code: "GBP", err: money.ErrSyntax},
	} {
		got, err := money.Parse(tt.text, tt.code)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("Parse(%q, %s) = %d, %v; want %d, %v", tt.text, tt.code, got, err, tt.want, tt.err)
		}
	}
}

func TestFormatShowsEveryDecimalOfTheCurrency(t *testing.T) {
	for _, tt := range []struct {
		minor int64
		code  string
		want  string
	}{
		{255, "GBP", "2.55"},
		{-7, "GBP", "-0.07"},
		{0, "GBP", "0.00"},
		{1000, "JPY", "1000"},
		{5, "KWD", "0.005"},
		{math.MinInt64, "USD", "-92233720368547758.08"},
		{255, "???", "255"},
	} {
		if got := money.Format(tt.minor, tt.code); got != tt.want {
			t.Errorf("Format(%d, %s) = %q, want %q", tt.minor, tt.code, got, tt.want)
		}
	}
}

func TestParseReadsBackWhatFormatWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minor, code := edgy().Draw(t, "minor"), rapid.SampledFrom(currencies).Draw(t, "code")
		got, err := money.Parse(money.Format(minor, code), code)
		if err != nil || got != minor {
			t.Fatalf("%d %s came back as %d, %v", minor, code, got, err)
		}
	})
}

func TestEveryExponentIsKnown(t *testing.T) {
	for code, want := range map[string]int{"USD": 2, "EUR": 2, "JPY": 0, "KRW": 0, "BHD": 3, "TND": 3, "CLF": 4, "UYW": 4} {
		if got, ok := money.Exponent(code); !ok || got != want {
			t.Errorf("Exponent(%s) = %d, %v; want %d", code, got, ok, want)
		}
	}
	for _, code := range []string{"XAU", "XTS", "XXX", "HRK", "usd", "US", ""} {
		if _, ok := money.Exponent(code); ok {
			t.Errorf("Exponent(%q) is known", code)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"2.55", "-0.01", "20.0", "2.555", "1e3", "", "-", ".", "92233720368547758.08", "00.00"} {
		for _, code := range currencies {
			f.Add(text, code)
		}
	}
	kinds := []error{money.ErrSyntax, money.ErrOverflow, money.ErrBelowMinorUnit, money.ErrUnknownCurrency}
	plain := regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	f.Fuzz(func(t *testing.T, text, code string) {
		minor, err := money.Parse(text, code)
		if err != nil {
			if !slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) }) {
				t.Fatalf("Parse(%q, %q) fails with an error of no kind: %v", text, code, err)
			}
			return
		}
		if !plain.MatchString(text) {
			t.Fatalf("Parse(%q, %q) = %d: that is no plain decimal number", text, code, minor)
		}
		if again, err := money.Parse(money.Format(minor, code), code); err != nil || again != minor {
			t.Fatalf("Parse(%q, %q) = %d, which comes back as %d, %v", text, code, minor, again, err)
		}
	})
}
