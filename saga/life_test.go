package saga_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/money"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/saga"
)

func pounds(n int64) money.Amount { return money.Amount{Currency: "GBP", Minor: 100 * n} }

// sale is an order whose checkout has ended, with the books after it: two teas
// and a pot at 10.00 each less 1.01, 5.00 for shipping, paid from two cards.
func sale(t fataler, at orderv1.CaptureAt, answer func(orderv1.Step) act, change ...func(*order.Create)) (*run, *books) {
	t.Helper()
	r := start(t, always(comply), append([]func(*order.Create){func(c *order.Create) {
		c.CaptureAt = at
		c.Adjustments = []order.Adjustment{{Amount: money.Amount{Currency: "GBP", Minor: -101}}}
		c.Shipping = order.Shipping{Price: pounds(5)}
	}}, change...)...).end()
	b := booksOf(t, r.order, answer)
	r.takes, r.moves, r.limit = b, 0, 400
	return r, b
}

func obliging(orderv1.Step) act { return comply }

var (
	oneTea = []order.Units{{ItemID: "1", Quantity: 1}}
	aPot   = []order.Units{{ItemID: "2", Quantity: 1}}
	all    = []order.Units{{ItemID: "1", Quantity: 2}, {ItemID: "2", Quantity: 1}}
)

// kind is a kind of work: what is asked of a sale so that something is left to
// be done.
type kind struct {
	name string
	does []decider
	// exchange says that it is asked of an exchange order, which credit pays a
	// part of.
	exchange bool
	// declined says that the capture of what ships is declined for good. So it is
	// of an order that is captured as it ships only.
	declined bool
}

// sale is the one of which it is asked.
func (k kind) sale(t fataler, at orderv1.CaptureAt, answer func(orderv1.Step) act) (*run, *books) {
	t.Helper()
	var change []func(*order.Create)
	if k.exchange {
		change = append(change, exchanged(at))
	}
	declines := 0
	if k.declined {
		declines = attempts
	}
	return sale(t, at, func(s orderv1.Step) act {
		if s == orderv1.Step_STEP_CAPTURE_UNITS && declines > 0 {
			declines--
			return refuse
		}
		return answer(s)
	}, change...)
}

func (k kind) needs(at orderv1.CaptureAt) bool {
	return !k.declined || at == orderv1.CaptureAt_CAPTURE_AT_SHIP
}

var works = []kind{
	{name: "cancel one tea", does: []decider{order.CancelItems{Lines: oneTea}}},
	{name: "cancel all but ship nothing", does: []decider{order.CancelItems{Lines: all}}},
	{name: "ship", does: []decider{order.Ship{}}},
	{name: "ship in two packages", does: []decider{order.Ship{Lines: aPot}, order.Ship{}}},
	{name: "ship one tea, cancel the rest", does: []decider{order.Ship{Lines: oneTea}, order.CancelItems{Lines: append(slices.Clone(oneTea), aPot...)}}},
	{name: "return one tea for a fee", does: []decider{order.Ship{}, order.SubmitReturn{ReturnID: "r", Lines: oneTea}, order.AcceptReturn{ReturnID: "r", Restock: true, FeeMinor: 100}}},
	{name: "exchange the pot for a dearer one", does: []decider{order.Ship{}, order.SubmitReturn{ReturnID: "r", Lines: aPot}, order.AcceptReturn{ReturnID: "r", Restock: true, Exchange: exchange(15)}}},
	{name: "exchange the pot for a cheaper one", does: []decider{order.Ship{}, order.SubmitReturn{ReturnID: "r", Lines: aPot}, order.AcceptReturn{ReturnID: "r", Restock: true, Exchange: exchange(3)}}},
	{name: "replace the pot", does: []decider{order.Ship{}, order.Replace{OrderID: "order-replace-01", Lines: aPot}}},
	{name: "one tea more", does: []decider{order.EditItems{Set: []order.Line{{ItemID: "1", Quantity: 3, UnitPrice: pounds(10)}}}}},
	{name: "one tea less, a cup more", does: []decider{order.EditItems{Set: []order.Line{{ItemID: "1", Quantity: 1, UnitPrice: pounds(10)}, {SKU: "cup", Quantity: 1, UnitPrice: pounds(2)}}}}},
	{name: "cancel an exchange", exchange: true, does: []decider{order.Cancel{}}},
	{name: "return all of an exchange for a fee", exchange: true, does: []decider{order.Ship{}, order.SubmitReturn{ReturnID: "r", Lines: all}, order.AcceptReturn{ReturnID: "r", Restock: true, FeeMinor: 100}}},
	{name: "ship one tea, then all, and pay for it later", declined: true, does: []decider{order.Ship{Lines: oneTea}, order.Ship{}, order.RetryPayment{}}},
	{name: "ship, and pay for it with another card", declined: true, does: []decider{order.Ship{}, order.RetryPayment{Payments: []order.PaymentItem{{Token: "another card"}}}}},
	{name: "ship, and return what could not be taken", declined: true, does: []decider{order.Ship{}, order.SubmitReturn{ReturnID: "r", Lines: all}, order.AcceptReturn{ReturnID: "r", Restock: true}}},
}

var captures = []orderv1.CaptureAt{orderv1.CaptureAt_CAPTURE_AT_CONFIRM, orderv1.CaptureAt_CAPTURE_AT_SHIP}

// TestWorkIsDoneStepByStep shows for each kind of work what is asked, of an
// order that was captured at once and of one that is captured as it ships. Every
// step that there is for work is among it.
func TestWorkIsDoneStepByStep(t *testing.T) {
	var b strings.Builder
	var asked []orderv1.Step
	for _, at := range captures {
		for _, tt := range works {
			if !tt.needs(at) {
				continue
			}
			r, books := tt.sale(t, at, obliging)
			r.asked = nil
			fmt.Fprintf(&b, "%s, captured at %s\n", tt.name, strings.ToLower(strings.TrimPrefix(at.String(), "CAPTURE_AT_")))
			before := len(r.history)
			for _, c := range tt.does {
				r.must(c)
				r.end()
			}
			for _, e := range r.history[before:] {
				tell(&b, e)
			}
			fmt.Fprintf(&b, "  = %s, %d due\n\n", r.order.Status, r.order.DueMinor)
			if wrong := books.wrong(r.order); wrong != "" {
				t.Errorf("%s: %s: %+v", tt.name, wrong, r.order)
			}
			asked = append(asked, r.asked...)
		}
	}
	golden(t, "testdata/life.golden", b.String())
	for _, p := range saga.Amendment.Steps {
		if !slices.Contains(asked, p.Step) {
			t.Errorf("%s was never asked", order.StepName(p.Step))
		}
	}
}

// TestEveryStepOfTheAPIIsInAPlan enumerates the steps of the API: each is
// in a plan, or undoes one that is.
func TestEveryStepOfTheAPIIsInAPlan(t *testing.T) {
	planned := []orderv1.Step{orderv1.Step_STEP_UNSPECIFIED}
	for _, p := range append(slices.Clone(saga.Checkout.Steps), saga.Amendment.Steps...) {
		planned = append(planned, p.Step, p.Undo)
	}
	for n, name := range orderv1.Step_name {
		if !slices.Contains(planned, orderv1.Step(n)) {
			t.Errorf("%s is in no plan", name)
		}
	}
}

// TestEveryStepOfWorkMayFailAtEveryAttempt lets each step of each kind of work
// fail, once and again, in every way: in the end, when people have mended what
// they must, money, stock and order agree. An edit that could not be made left
// the order as it was.
func TestEveryStepOfWorkMayFailAtEveryAttempt(t *testing.T) {
	for _, at := range captures {
		for _, tt := range works {
			if !tt.needs(at) {
				continue
			}
			r, _ := tt.sale(t, at, obliging)
			r.asked = nil
			for _, c := range tt.does {
				r.must(c)
				r.end()
			}
			for _, step := range slices.Compact(slices.Sorted(slices.Values(r.asked))) {
				for fails := range attempts + 2 {
					for _, how := range []act{refuse, lose, ignore, twice, late} {
						t.Run(fmt.Sprintf("%s/%s/%s/%d times %d", at, tt.name, order.StepName(step), fails+1, how), func(t *testing.T) {
							tryWork(t, at, tt, step, fails+1, how)
						})
					}
				}
			}
		}
	}
}

// tryWork does some work of which one step fails so many times.
func tryWork(t *testing.T, at orderv1.CaptureAt, work kind, step orderv1.Step, fails int, how act) {
	t.Helper()
	left := fails
	r, books := work.sale(t, at, func(s orderv1.Step) act {
		if s != step || left == 0 {
			return comply
		}
		left--
		return how
	})
	for _, c := range work.does {
		before := r.order
		r.must(c)
		for r.end(); r.order.Parked; r.end() {
			r.must(order.Resume{Reason: "mended"})
		}
		if _, rejected := r.history[len(r.history)-1].(*orderv1.OrderEditRejected); rejected && (!slices.Equal(before.Items, r.order.Items) || before.DueMinor != r.order.DueMinor) {
			t.Errorf("the edit was rejected, and the order is not as before: %+v and then %+v", before, r.order)
		}
	}
	if wrong := books.wrong(r.order); wrong != "" {
		t.Errorf("%s: %+v", wrong, r.order)
	}
}

// TestAnEditOfPricesAloneIsNoRepeatOfTheCheckout asks for money first, so that
// its requests have the numbers of those of the checkout.
func TestAnEditOfPricesAloneIsNoRepeatOfTheCheckout(t *testing.T) {
	for _, price := range []int64{11, 9} {
		r, books := sale(t, orderv1.CaptureAt_CAPTURE_AT_CONFIRM, obliging)
		r.must(order.EditItems{Set: []order.Line{{ItemID: "1", Quantity: 2, UnitPrice: pounds(price)}}})
		r.end()
		if wrong := books.wrong(r.order); wrong != "" {
			t.Errorf("%s: %+v", wrong, r.order)
		}
	}
}

// TestNobodyIsAskedAboutOrdersThatWereSoldElsewhere edits, ships and takes back
// units of an imported order: its stock and money are not here.
func TestNobodyIsAskedAboutOrdersThatWereSoldElsewhere(t *testing.T) {
	r, _ := sale(t, orderv1.CaptureAt_CAPTURE_AT_SHIP, obliging)
	r.order = order.New(orderID, 7)
	r.asked = nil
	for _, c := range []decider{
		order.Import{Create: order.Create{
			Currency: "GBP", Now: noon, Customer: order.Customer{CustomerID: "c1"}, CaptureAt: orderv1.CaptureAt_CAPTURE_AT_SHIP,
			Items: []order.Line{{SKU: "tea", Quantity: 2, UnitPrice: pounds(10)}},
		}},
		order.EditItems{Set: []order.Line{{ItemID: "1", Quantity: 4, UnitPrice: pounds(11)}, {SKU: "pot", Quantity: 1, UnitPrice: pounds(3)}}},
		order.CancelItems{Lines: oneTea},
		order.Ship{},
		order.SubmitReturn{ReturnID: "r", Lines: oneTea},
		order.AcceptReturn{ReturnID: "r", Restock: true},
	} {
		r.must(c)
		if len(r.order.Work) > 0 {
			t.Errorf("after %T work is left: %+v", c, r.order.Work)
		}
	}
	if len(r.asked) > 0 {
		t.Errorf("asked for %v", r.asked)
	}
}

func exchange(price int64) *order.Exchange {
	return &order.Exchange{OrderID: "order-exchange-1", Items: []order.Line{{SKU: "pot", Quantity: 1, UnitPrice: pounds(price)}}}
}

// TestWorkIsDoneWhateverParticipantsDo lets anything happen to a sale:
// participants refuse, lose and repeat, people change their minds and mend what
// is stuck. In the end money, stock and order agree.
func TestWorkIsDoneWhateverParticipantsDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mended := false
		k := kind{exchange: rapid.IntRange(0, 3).Draw(t, "exchange") == 3}
		r, books := k.sale(t, rapid.SampledFrom(captures).Draw(t, "capture at"), func(orderv1.Step) act {
			if mended || rapid.IntRange(0, 2).Draw(t, "well") > 0 {
				return comply
			}
			return rapid.SampledFrom([]act{refuse, lose, ignore, twice, late}).Draw(t, "act")
		})
		r.limit = 10_000
		for n := range rapid.IntRange(1, 12).Draw(t, "commands") {
			_ = r.do(anyChange(t, r.order, n))
			for range rapid.IntRange(0, 8).Draw(t, "moves") {
				r.step()
			}
		}
		for mended = true; ; {
			r.end()
			if !r.order.Parked {
				break
			}
			r.must(order.Resume{Reason: "mended"})
		}
		if r.order.Status == order.OnHold {
			r.must(order.Release{})
			r.end()
		}
		if wrong := books.wrong(r.order); wrong != "" {
			t.Fatalf("%s: %+v\nbooks %+v", wrong, r.order, books)
		}
	})
}

// anyChange is anything that may be asked of a sale, often something that fits.
func anyChange(t *rapid.T, o order.Order, n int) decider {
	units := func() (us []order.Units) {
		for _, i := range o.Items {
			if rapid.Bool().Draw(t, "line "+i.ItemID) {
				us = append(us, order.Units{ItemID: i.ItemID, Quantity: rapid.Int64Range(1, 3).Draw(t, "units")})
			}
		}
		return us
	}
	aPackage, aReturn := "k1", "r1"
	if len(o.Packages) > 0 {
		aPackage = rapid.SampledFrom(o.Packages).Draw(t, "package").ID
	}
	if len(o.Returns) > 0 {
		aReturn = rapid.SampledFrom(o.Returns).Draw(t, "return").ID
	}
	linked := fmt.Sprintf("order-linked-%03d", n)
	switch rapid.IntRange(0, 15).Draw(t, "command") {
	case 0, 1:
		return order.CancelItems{Lines: units()}
	case 2:
		return order.Cancel{Reason: "all of it"}
	case 3:
		return order.Ship{Lines: units()}
	case 4:
		return order.Pack{Lines: units(), Submit: true}
	case 5:
		to := rapid.SampledFrom([]orderv1.PackageStatus{order.PackageShipped, order.PackageShipped, order.PackageVoided, order.PackageDelivered, order.PackageUndeliverable})
		return order.UpdatePackage{PackageID: aPackage, Status: to.Draw(t, "status")}
	case 6, 7:
		return order.SubmitReturn{Lines: units()}
	case 8:
		return order.RejectReturn{ReturnID: aReturn}
	case 9, 10:
		c := order.AcceptReturn{ReturnID: aReturn, Restock: true, FeeMinor: rapid.Int64Range(0, 200).Draw(t, "fee")}
		if rapid.Bool().Draw(t, "exchange") {
			c.Exchange = exchange(rapid.Int64Range(1, 20).Draw(t, "price"))
			c.Exchange.OrderID = linked
		}
		return c
	case 11:
		line := order.Line{ItemID: "1", Quantity: rapid.Int64Range(1, 4).Draw(t, "quantity"), UnitPrice: pounds(rapid.Int64Range(1, 12).Draw(t, "price"))}
		return order.EditItems{Set: []order.Line{line}}
	case 12:
		c := order.RetryPayment{}
		if rapid.Bool().Draw(t, "another card") {
			c.Payments = []order.PaymentItem{{Token: "another card"}}
		}
		return c
	case 13:
		return order.NotePayment{RecordID: fmt.Sprint("cash ", n), Minor: rapid.Int64Range(1, 4000).Draw(t, "cash")}
	case 14:
		return order.Replace{OrderID: linked, Lines: units()}
	}
	return rapid.SampledFrom([]decider{order.Hold{}, order.Release{}, order.Patch{Status: order.ReadyToShip}, order.Resume{}}).Draw(t, "other")
}

// tell writes an event of the order for people.
func tell(b *strings.Builder, e any) {
	switch e := e.(type) {
	case *orderv1.StepRequested:
		fmt.Fprintf(b, "    %s", order.StepName(e.GetStep()))
		for _, tx := range e.GetTransactions() {
			fmt.Fprintf(b, " %s:%d", tx.GetPaymentItemId(), tx.GetAmountMinor())
		}
		b.WriteString("\n")
	case *orderv1.StepAnswered:
	default:
		fmt.Fprintf(b, "  %s\n", strings.TrimPrefix(fmt.Sprintf("%T", e), "*orderv1."))
	}
}
