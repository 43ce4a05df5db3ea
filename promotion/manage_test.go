package promotion_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	promotionv1 "github.com/orderstream/oms/gen/oms/promotion/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/promotion"
)

func TestCreateCodeRecordsItsTerms(t *testing.T) {
	terms := promotion.Terms{
		ConfirmationCode: "secret", UsageLimit: 100, CustomerLimit: 2, StartsAt: noon, EndsAt: noon.Add(time.Hour), Description: "Spring",
	}
	id := promotion.CodeID(1, "FLAT50")
	create := promotion.CreateCode{CollectionID: 1, PromoCode: "FLAT50", Terms: terms}
	got, err := create.Decide(promotion.New(id, 1))
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	same(t, []fact{{id, &promotionv1.PromoCodeCreated{
		CollectionId: 1, PromoCode: "FLAT50", ConfirmationCode: "secret", UsageLimit: 100, CustomerLimit: 2,
		StartsAt: timestamppb.New(noon), EndsAt: timestamppb.New(noon.Add(time.Hour)), Description: "Spring",
	}}}, []fact{{id, got[0]}})

	created := promotion.Evolve(promotion.New(id, 1), got[0])
	create.Terms.StartsAt = terms.StartsAt.In(time.FixedZone("CET", 3600)) // the same instant
	if again, err := create.Decide(created); err != nil || again != nil {
		t.Errorf("a repeat recorded %v, %v", again, err)
	}
	for name, change := range map[string]func(*promotion.Terms){
		"limit":        func(t *promotion.Terms) { t.UsageLimit++ },
		"start":        func(t *promotion.Terms) { t.StartsAt = t.StartsAt.Add(-1) },
		"end":          func(t *promotion.Terms) { t.EndsAt = time.Time{} },
		"confirmation": func(t *promotion.Terms) { t.ConfirmationCode = "" },
	} {
		other := create
		change(&other.Terms)
		if _, err := other.Decide(created); fault.KindOf(err) != fault.Conflict || fault.ReasonOf(err) != "promo_code_exists" {
			t.Errorf("with another %s: %v, want a conflict", name, err)
		}
	}
}

func TestCreateCodeNamesTheFieldsThatAreAtFault(t *testing.T) {
	for name, tt := range map[string]struct {
		command promotion.CreateCode
		field   string
	}{
		"no code":                 {promotion.CreateCode{}, "promo_code:"},
		"code with a space":       {promotion.CreateCode{PromoCode: "FLAT 50"}, "promo_code:"},
		"code of 65 letters":      {promotion.CreateCode{PromoCode: strings.Repeat("A", 65)}, "promo_code:"},
		"negative limit":          {promotion.CreateCode{PromoCode: "A", Terms: promotion.Terms{UsageLimit: -1}}, "usage_limit:"},
		"negative customer limit": {promotion.CreateCode{PromoCode: "A", Terms: promotion.Terms{CustomerLimit: -1}}, "customer_limit:"},
		"ends as it starts":       {promotion.CreateCode{PromoCode: "A", Terms: promotion.Terms{StartsAt: noon, EndsAt: noon}}, "ends_at:"},
	} {
		_, err := tt.command.Decide(promotion.State{})
		if fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(fault.Public(err), tt.field) {
			t.Errorf("%s: %v, want %s", name, err, tt.field)
		}
	}
}

func TestDisableCodeHappensOnce(t *testing.T) {
	p := given(t, promotion.Terms{})
	id, disable := promotion.CodeID(1, "FLAT50"), promotion.DisableCode{CollectionID: 1, PromoCode: "FLAT50"}
	got, err := disable.Decide(p.load(id))
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	same(t, []fact{{id, &promotionv1.PromoCodeDisabled{CollectionId: 1, PromoCode: "FLAT50"}}}, []fact{{id, got[0]}})
	p.one(id, disable.Decide)
	if again, err := disable.Decide(p.load(id)); err != nil || again != nil {
		t.Errorf("a repeat recorded %v, %v", again, err)
	}
	if _, err := disable.Decide(promotion.State{}); fault.KindOf(err) != fault.NotFound || fault.ReasonOf(err) != promotion.UnknownCode {
		t.Errorf("unknown code: %v", err)
	}
}

func TestExpiredBlocksAreRecordedWhenTheyAreDue(t *testing.T) {
	p := given(t, promotion.Terms{CustomerLimit: 5})
	first, second := block("o1", "FLAT50"), block("o2", "FLAT50")
	second.Now = noon.Add(time.Second)
	p.must(first)
	p.must(second)
	expire := promotion.ExpireBlocks{CollectionID: 1, PromoCode: "FLAT50"}
	for n, want := range []struct {
		wake, now time.Time
		free      string
	}{
		{wake: noon.Add(5 * time.Minute), now: noon.Add(5*time.Minute - 1)},
		{wake: noon.Add(5 * time.Minute), now: noon.Add(5 * time.Minute), free: "o1"},
		{wake: noon.Add(5*time.Minute + time.Second), now: noon.Add(time.Hour), free: "o2"},
	} {
		active, at := promotion.Wake(p.load(promotion.CodeID(1, "FLAT50")))
		if !active || !at.Equal(want.wake) {
			t.Errorf("%d: wakes %v at %v, want %v", n, active, at, want.wake)
		}
		expire.Now = want.now
		var facts []fact
		if want.free != "" {
			facts = about("FLAT50", want.free, "c1", &promotionv1.PromotionBlockExpired{CollectionId: 1, PromoCode: "FLAT50", OrderId: want.free})
		}
		same(t, facts, p.must(expire))
	}
	if active, _ := promotion.Wake(p.load(promotion.CodeID(1, "FLAT50"))); active {
		t.Error("a code without blocks wants to be woken")
	}
}

// about is one event recorded for a code, an order's use and a customer.
func about(code, order, customer string, e proto.Message) []fact {
	facts := []fact{{promotion.CodeID(1, code), e}, {promotion.UseID(1, code, order), e}}
	if customer != "" {
		facts = append(facts, fact{promotion.CustomerID(1, code, customer), e})
	}
	return facts
}
