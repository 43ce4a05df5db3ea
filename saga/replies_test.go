package saga_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/skava"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/saga"
)

const block = orderv1.Step_STEP_BLOCK_PROMOTION

// reading is a reply with the answer that it is read as.
type reading struct {
	step  orderv1.Step
	reply any
	want  order.Answer
}

func readAll(t *testing.T, readings map[string]reading) {
	t.Helper()
	for name, tt := range readings {
		t.Run(name, func(t *testing.T) {
			data, err := json.Marshal(tt.reply)
			if err != nil {
				t.Fatal(err)
			}
			got, err := saga.ReadReply(tt.step, data)
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Step = tt.step
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRepliesBecomeAnswers(t *testing.T) {
	line := func(id, code, message string) skava.BinItemReply {
		return skava.BinItemReply{BinItem: skava.BinItem{Transaction: skava.InventoryTransaction{ID: id}}, ResponseCode: code, ResponseMessage: message}
	}
	readAll(t, map[string]reading{
		"stock reserved": {
			reserve,
			skava.InventoryReply{RequestID: "r1", ResponseCode: "200", BinItems: []skava.BinItemReply{line("1", "200", ""), line("2", "", "")}},
			order.Answer{RequestID: "r1", Succeeded: true, Code: "200"},
		},
		"stock refused, and the line that could have been had": {
			reserve,
			skava.InventoryReply{
				RequestID: "r1", ResponseCode: "409", ResponseMessage: "out_of_stock",
				BinItems: []skava.BinItemReply{line("1", "409", "not_applied"), line("2", "409", "out_of_stock")},
			},
			order.Answer{RequestID: "r1", Code: "409", Message: "out_of_stock", Refused: []string{"2"}},
		},
		"promotion refused": {
			block,
			skava.PromotionReply{
				RequestID: "b1", ResponseCode: "409", ResponseMessage: "usage_limit_reached", PromoCodesInfo: []skava.PromoCodeReply{
					{PromoCode: "A", ResponseCode: "409", ResponseMessage: "usage_limit_reached"}, {PromoCode: "B", ResponseCode: "409", ResponseMessage: "not_applied"},
				},
			},
			order.Answer{RequestID: "b1", Code: "409", Message: "usage_limit_reached", Refused: []string{"A"}},
		},
		"payment half done": {
			authorize,
			skava.PaymentReply{RequestID: "a1", ResponseCode: "409", ResponseMessage: "card_declined", Transactions: []skava.PaymentTransaction{
				{ID: "t1", PaymentItemID: "p1", Value: 5, Type: "AUTH", Status: "AUTH", ResponseCode: "200", ResponseMessage: "approved"},
				{ID: "t2", PaymentItemID: "p2", Value: 6, Type: "AUTH", Status: "FAILED", ResponseCode: "402", ResponseMessage: "declined"},
			}},
			order.Answer{RequestID: "a1", Code: "409", Message: "card_declined", Transactions: []order.Transaction{
				{ID: "t1", ItemID: "p1", AmountMinor: 5, Succeeded: true, MovedMinor: 5, Code: "200", Message: "approved"},
				{ID: "t2", ItemID: "p2", AmountMinor: 6, Code: "402", Message: "declined"},
			}},
		},
	})
}

func TestFraudVerdictIsAnAnswerWhateverItSays(t *testing.T) {
	readAll(t, map[string]reading{
		"fraud accepted": {
			checking,
			skava.FraudReply{RequestID: "f1", ResponseCode: "200", Verdict: "ACCEPT"},
			order.Answer{RequestID: "f1", Succeeded: true, Code: "200", Verdict: orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT},
		},
		"fraud to review": {
			checking,
			skava.FraudReply{RequestID: "f1", ResponseCode: "200", Verdict: "REVIEW", ResponseMessage: "velocity"},
			order.Answer{RequestID: "f1", Succeeded: true, Code: "200", Message: "velocity", Verdict: orderv1.FraudVerdict_FRAUD_VERDICT_REVIEW},
		},
		"fraud rejected": {
			checking,
			skava.FraudReply{RequestID: "f1", ResponseCode: "200", Verdict: "REJECT"},
			order.Answer{RequestID: "f1", Succeeded: true, Code: "200", Verdict: orderv1.FraudVerdict_FRAUD_VERDICT_REJECT},
		},
		"fraud verdict without a code": {
			checking,
			skava.FraudReply{RequestID: "f1", Verdict: "ACCEPT"},
			order.Answer{RequestID: "f1", Verdict: orderv1.FraudVerdict_FRAUD_VERDICT_ACCEPT},
		},
		"fraud verdict of a later release": {
			checking,
			skava.FraudReply{RequestID: "f1", ResponseCode: "200", Verdict: "MAYBE"},
			order.Answer{RequestID: "f1", Succeeded: true, Code: "200"},
		},
	})
}

func TestReplyThatCannotBeReadIsInvalid(t *testing.T) {
	for _, tt := range []struct {
		step orderv1.Step
		data string
	}{
		{reserve, `[]`},
		{block, `{"id":7}`},
		{authorize, `{`},
		{checking, ``},
		{orderv1.Step_STEP_UNSPECIFIED, `{}`},
		{reserve, `null`},
		{block, `{}`},
		{authorize, `{"requestId":"a1","transactions":[]}`},
		{checking, `{"orderid":"o1","verdict":"?"}`},
	} {
		if _, err := saga.ReadReply(tt.step, []byte(tt.data)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %q gives %v", tt.step, tt.data, err)
		}
	}
}

// FuzzReadReply feeds any bytes as a reply to any step: what is read is an
// answer to that step, and no answer moves an order that did not ask.
func FuzzReadReply(f *testing.F) {
	for number := range orderv1.Step_name {
		f.Add(number, []byte(`{"requestId":"r1","responseCode":"200","transactions":[{"id":"t1","status":"AUTH","type":"AUTH"}]}`))
		f.Add(number, []byte(`{"binItems":[{"transaction":{"id":"1"},"responseCode":"409"}],"verdict":"REJECT"}`))
	}
	o := fold(history(placed(hold)))
	f.Fuzz(func(t *testing.T, number int32, data []byte) {
		step := orderv1.Step(number)
		a, err := saga.ReadReply(step, data)
		if err != nil {
			return
		}
		if a.Step != step {
			t.Fatalf("answer to %s for %s", a.Step, step)
		}
		if es, err := a.Decide(o); es != nil || err != nil {
			t.Fatalf("an answer that nobody waits for decides %v, %v", es, err)
		}
	})
}
