package checkout_test

import (
	"slices"
	"testing"
	"time"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	sagav1 "github.com/orderstream/oms/gen/oms/saga/v1"
	"github.com/orderstream/oms/internal/testkit"
)

// TestOrdersWaitForAParticipantThatIsAway places orders while nobody serves the
// payments, and shows as stuck only what is overdue: with no saga running an
// expired hold is.
func TestOrdersWaitForAParticipantThatIsAway(t *testing.T) {
	t.Parallel()
	short := []string{"--hold-ttl", "1s"}
	s := open(t, map[string]int64{"wanted": 100}, append(short, everythingBut("payment")...)...)
	var waiting []string
	for range 5 {
		waiting = append(waiting, s.place(t, order(line("wanted", 1))))
	}
	for _, id := range waiting {
		s.AwaitStep(t, id, authorize)
	}
	slices.Sort(waiting)
	if open := s.sagas(t); !slices.Equal(open, waiting) {
		t.Errorf("open are %v, want %v", open, waiting)
	}
	if stuck := s.stuck(t); len(stuck) != 0 {
		t.Errorf("%v are shown as stuck, but are not overdue", stuck)
	}

	s.kill(t, short...)
	for _, id := range waiting {
		s.Await(t, id, submitted)
	}
	id := s.held(t, "wanted", "tok_decline")
	if stuck := s.stuck(t); len(stuck) != 0 {
		t.Errorf("%v are shown as stuck, but are not overdue", stuck)
	}
	s.kill(t, append(short, everythingBut("saga")...)...)
	testkit.Until(t, testkit.Patience, func() string {
		if !slices.Equal(s.stuck(t), []string{id}) {
			return "an expired hold is not shown as stuck"
		}
		return ""
	})
	s.kill(t, short...)
	s.Await(t, id, cancelled)
}

// sagas are the orders whose checkout has not ended.
func (s *shop) sagas(t *testing.T) (ids []string) {
	t.Helper()
	res, err := s.Sagas().ListSagas(t.Context(), &sagav1.ListSagasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, saga := range res.GetSagas() {
		ids = append(ids, saga.GetOrderId())
	}
	slices.Sort(ids)
	return ids
}

// TestWhatIsNotAnsweredInTimeIsAskedAgain is the slow one: a request gets no
// answer within its half minute, and a card none within that of the gateway.
// Meanwhile nobody else waits.
func TestWhatIsNotAnsweredInTimeIsAskedAgain(t *testing.T) {
	s := open(t, map[string]int64{"wanted": 1000}, everythingBut("fraud")...)
	silent := make(chan string, 10) // the requests that were not answered
	s.takeOver(t, "OMS_FRAUD", func(q question) {
		asked := q.Headers().Get("Customer-Id") == "unheard"
		if asked && len(silent) == 0 {
			silent <- q.id()
			return
		}
		q.answer(t, `{"requestId":"`+q.id()+`","verdict":"ACCEPT","responseCode":"200"}`)
		if asked {
			silent <- q.id()
		}
	})
	started := time.Now()
	s.script(t, "tok_slow_once", late, approve)
	slow := order(line("wanted", 1))
	slow.Payments = card("tok_slow_once")
	unheard := order(line("wanted", 1))
	unheard.Customer.CustomerId = "unheard"
	ids := []string{s.place(t, slow), s.place(t, unheard)}

	var others []string
	for range 250 { // some would share a lane with the slow card, if there were lanes to share
		others = append(others, s.place(t, order(line("wanted", 1))))
	}
	for _, id := range others {
		s.Await(t, id, submitted)
	}
	if took := time.Since(started); took > 25*time.Second {
		t.Errorf("other orders took %v: they waited too", took)
	}
	t.Parallel() // the half minute passes while other tests run
	for _, id := range ids {
		s.Await(t, id, submitted)
	}
	if n := s.captures(t, ids[0]); n != 1 {
		t.Errorf("the slow card was charged %d times", n)
	}
	if first, second := <-silent, <-silent; first != second {
		t.Errorf("asked as %s and again as %s", first, second)
	}
	again := 0
	for _, e := range s.events(t, ids[1]) {
		if e.GetData().GetFields()["attempt"].GetNumberValue() == 2 {
			again++
		}
	}
	if o := s.Await(t, ids[1], submitted); again != 1 || step(o, orderv1.Step_STEP_CHECK_FRAUD).GetAttempts() != 2 {
		t.Errorf("asked %d times again, %v", again, o.GetSteps())
	}
}
