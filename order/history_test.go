package order_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/order/ordertest"
)

// anyCommand draws commands with ids and steps that often fit.
func anyCommand() *rapid.Generator[command] {
	return rapid.OneOf(
		rapid.SampledFrom(everyCommand),
		rapid.Custom(func(t *rapid.T) command {
			return order.Answer{
				Step:      rapid.SampledFrom([]orderv1.Step{reserving.GetStep(), checking.GetStep(), authorizing.GetStep(), releasing.GetStep()}).Draw(t, "step"),
				RequestID: rapid.SampledFrom([]string{"r1", "f1", "a1", "u1"}).Draw(t, "request"),
				Succeeded: rapid.Bool().Draw(t, "succeeded"),
				Verdict:   orderv1.FraudVerdict(rapid.IntRange(0, 3).Draw(t, "verdict")),
			}
		}),
	)
}

// ruled are events that follow by rule and not from a command, with the status
// that each leads to from the one that it may follow.
var ruled = map[order.Status][]proto.Message{ //nolint:exhaustive // nothing follows from the others
	order.None:       nil,
	order.Created:    {reserving, checking, authorizing, forReview, forPayment, confirmed, compensating},
	order.OnHold:     {compensating},
	order.Cancelling: {compensating, releasing, parked, &orderv1.OrderCancelled{Reason: order.ReasonCancelled, CancelledAt: timestamppb.New(later)}},
	order.Cancelled:  {&orderv1.OrderDeleted{}},
}

// TestHistoriesMoveByTheTable plays commands and rules in any order, from any
// situation: the status moves only as the table says, what is final stays
// final, and no step of it changes a state that was there before.
func TestHistoriesMoveByTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := fold(rapid.SampledFrom(everySituation).Draw(t, "situation").given...)
		states, encoded := []order.Order{o}, [][]byte{encode(t, o)}
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			var es []proto.Message
			if rules := ruled[o.Status]; len(rules) > 0 && o.HeldFrom == order.None && rapid.Bool().Draw(t, "by rule") {
				es = []proto.Message{rapid.SampledFrom(rules).Draw(t, "rule")}
			} else {
				es, _ = anyCommand().Draw(t, "command").Decide(o)
			}
			for _, e := range es {
				next := order.Evolve(o, e)
				if wrong := ordertest.WrongMove(o, next); wrong != "" {
					t.Fatalf("%T %s", e, wrong)
				}
				o = next
				states, encoded = append(states, o), append(encoded, encode(t, o))
			}
			if wrong := ordertest.Wrong(o); wrong != "" {
				t.Fatalf("after %v: %s", es, wrong)
			}
		}
		for i, s := range states {
			if !bytes.Equal(encoded[i], encode(t, s)) {
				t.Fatalf("state %d was changed afterwards", i)
			}
		}
	})
}
