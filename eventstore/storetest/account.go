// Package storetest is the suite that every implementation of eventstore.Log
// must pass. Its domain is as small as it can be: accounts that hold units,
// with moves between them.
package storetest

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/orderstream/oms/eventstore"
	"github.com/orderstream/oms/internal/fault"
)

// Account is the state of the suite's aggregates.
type Account struct {
	ID      string
	Ordinal uint64
	Balance int64
	Events  int64
	Echo    string
	Due     time.Time
}

// Definition is the log of the suite. A deposit is an Int64Value, an alarm a
// StringValue that holds a time, an echo a BytesValue.
func Definition() eventstore.Definition[Account] {
	return eventstore.Definition[Account]{
		Name: "suite", Version: 1,
		New:    func(id string, ordinal uint64) Account { return Account{ID: id, Ordinal: ordinal} },
		Evolve: evolve,
		React:  react,
		Wake:   func(a Account) (bool, time.Time) { return !a.Due.IsZero(), a.Due },

		Commands: []any{Deposit{}, Open{}, Alarm{}, Refuse{}, Transfer{}},
	}
}

func evolve(a Account, e proto.Message) Account {
	a.Events++
	switch e := e.(type) {
	case *wrapperspb.Int64Value:
		a.Balance += e.Value
	case *wrapperspb.StringValue:
		a.Due, _ = time.Parse(time.RFC3339Nano, e.Value)
	case *wrapperspb.BytesValue:
		a.Echo = string(e.Value)
	}
	return a
}

// react answers a balance of 1000 with an echo, once.
func react(a Account, _ time.Time) []proto.Message {
	if a.Balance == 1000 && a.Echo == "" {
		return []proto.Message{wrapperspb.Bytes([]byte("round"))}
	}
	return nil
}

// Deposit adds units; a negative amount never takes the balance below zero.
type Deposit struct{ Amount int64 }

// Decide implements eventstore.Command.
func (d Deposit) Decide(a Account) ([]proto.Message, error) {
	if a.Balance+d.Amount < 0 {
		return nil, fault.New(fault.Precondition, "insufficient", "balance is %d", a.Balance)
	}
	if d.Amount == 0 {
		return nil, nil
	}
	return []proto.Message{wrapperspb.Int64(d.Amount)}, nil
}

// Open is a deposit that only a new account takes.
type Open struct{ Amount int64 }

// Decide implements eventstore.Command.
func (o Open) Decide(a Account) ([]proto.Message, error) {
	if a.Events > 0 {
		return nil, fault.New(fault.Conflict, "exists", "account %s exists", a.ID)
	}
	return []proto.Message{wrapperspb.Int64(o.Amount)}, nil
}

// Alarm asks to be woken.
type Alarm struct{ At string }

// Decide implements eventstore.Command.
func (c Alarm) Decide(Account) ([]proto.Message, error) {
	return []proto.Message{wrapperspb.String(c.At)}, nil
}

// Refuse is never granted: it answers with violations of the fields it names.
type Refuse struct{ Fields []string }

// Decide implements eventstore.Command.
func (c Refuse) Decide(Account) ([]proto.Message, error) {
	var v fault.Fields
	for _, f := range c.Fields {
		v.Add(f, "is refused")
	}
	return nil, fmt.Errorf("on purpose: %w", v.Err())
}

// Transfer moves units between accounts of one scope, all or nothing.
type Transfer struct {
	From, To string
	Amount   int64
}

// Decide implements eventstore.Transaction.
func (t Transfer) Decide(load func(string) Account, record func(string, proto.Message)) error {
	if load(t.From).Balance < t.Amount {
		return fault.New(fault.Precondition, "insufficient", "balance is %d", load(t.From).Balance)
	}
	record(t.From, wrapperspb.Int64(-t.Amount))
	record(t.To, wrapperspb.Int64(t.Amount))
	return nil
}
