package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	"github.com/orderstream/oms/internal/money"
)

// show prints a message as JSON, or else as people read it: tabs in what they
// read make aligned columns.
func (a *app) show(m proto.Message, human func(w io.Writer)) error {
	if a.json {
		return a.line(m)
	}
	w := aligned(a.out)
	human(w)
	return w.Flush()
}

// line prints a message as JSON on one line.
func (a *app) line(m proto.Message) error {
	raw, err := protojson.Marshal(m)
	if err != nil {
		return err
	}
	var line bytes.Buffer // protojson varies its spaces on purpose
	if err := json.Compact(&line, raw); err != nil {
		return err
	}
	line.WriteByte('\n')
	_, err = a.out.Write(line.Bytes())
	return err
}

// table prints messages: a row each, under a heading, or a line of JSON each.
type table struct {
	app  *app
	rows *tabwriter.Writer
}

func (a *app) table(heading ...any) *table {
	t := &table{a, aligned(a.out)}
	if !a.json {
		row(t.rows, heading...)
	}
	return t
}

func (t *table) add(m proto.Message, columns ...any) error {
	if t.app.json {
		return t.app.line(m)
	}
	row(t.rows, columns...)
	return nil
}

// end prints what is there; a table is aligned as a whole.
func (t *table) end() error { return t.rows.Flush() }

func aligned(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

// row prints the columns of a table; what is empty is a dash.
func row(w io.Writer, columns ...any) {
	for i, c := range columns {
		text := clean(fmt.Sprint(c))
		if text == "" {
			text = "-"
		}
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		fmt.Fprint(w, text)
	}
	fmt.Fprintln(w)
}

// field prints a named value, if there is one.
func field(w io.Writer, name string, value any) {
	if text := clean(fmt.Sprint(value)); text != "" {
		fmt.Fprintf(w, "%s:\t%s\n", name, text)
	}
}

// clean shows control characters instead of obeying them: texts come from
// callers, and a terminal does what they say.
func clean(text string) string {
	if strings.IndexFunc(text, control) < 0 {
		return text
	}
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}

func control(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }

// amount is money as people write it.
func amount(m *moneyv1.Money) string {
	if m == nil {
		return ""
	}
	return money.Amount{Currency: m.GetCurrencyCode(), Minor: m.GetMinorUnits()}.String()
}

// when is a time in UTC.
func when(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().UTC().Format(time.DateTime + "Z")
}

// word is the short name of an enum value: ORDER_STATUS_ON_HOLD is on_hold.
func word(e protoreflect.Enum) string {
	name := string(e.Descriptor().Values().ByNumber(e.Number()).Name())
	if e.Number() == 0 {
		return ""
	}
	return strings.ToLower(strings.TrimPrefix(name, prefix(e.Descriptor())))
}

// parseWord reads what word writes, with dashes as well.
func parseWord(d protoreflect.EnumDescriptor, text string) (protoreflect.EnumNumber, error) {
	name := prefix(d) + strings.ToUpper(strings.ReplaceAll(text, "-", "_"))
	if v := d.Values().ByName(protoreflect.Name(name)); v != nil && v.Number() != 0 {
		return v.Number(), nil
	}
	var known []string
	for i := 1; i < d.Values().Len(); i++ {
		known = append(known, strings.ToLower(strings.TrimPrefix(string(d.Values().Get(i).Name()), prefix(d))))
	}
	return 0, usageError("%q is none of %s", text, strings.Join(known, ", "))
}

// prefix is what the names of an enum's values begin with.
func prefix(d protoreflect.EnumDescriptor) string {
	return strings.TrimSuffix(string(d.Values().ByNumber(0).Name()), "UNSPECIFIED")
}

// parseTime reads a time, or a duration to it that relative makes a time of.
func parseTime(flag, text string, relative func(time.Duration) time.Time) (*timestamppb.Timestamp, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // not given
	}
	if d, err := time.ParseDuration(text); err == nil {
		return timestamppb.New(relative(d)), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return timestamppb.New(t), nil
		}
	}
	return nil, usageError(`--%s: %q is neither a time like "2026-01-31T12:00:00Z" nor a duration like "2h"`, flag, text)
}

// ago is a duration before now.
func ago(d time.Duration) time.Time { return time.Now().Add(-d) }

// ahead is a duration after now.
func ahead(d time.Duration) time.Time { return time.Now().Add(d) }
