package conformance_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

// counts of the nuances of each event of DirectScale, and of its other rules.
var counts = map[string]int{
	"DS-EV-01-N": 1, "DS-EV-02-N": 1, "DS-EV-03-N": 1, "DS-EV-04-N": 1, "DS-EV-05-N": 2, "DS-EV-06-N": 4, "DS-EV-07-N": 1, "DS-EV-08-N": 1,
	"DS-EV-09-N": 3, "DS-EV-10-N": 5, "DS-EV-11-N": 3, "DS-EV-12-N": 2, "DS-EV-13-N": 3, "DS-EV-14-N": 4, "DS-EV-15-N": 4, "DS-EV-16-N": 5,
	"DS-EV-17-N": 5, "DS-EV-18-N": 1, "DS-EV-19-N": 2, "DS-EV-20-N": 2, "DS-EV-21-N": 2, "DS-TR-0": 9, "DS-WH-0": 7, "DS-PD-0": 5,
	"DC-CN-": 15, "DC-QT-0": 4,
}

// nuancesOf are the ids of a source that are neither events nor fields.
func nuancesOf(source string) (ids []string) {
	for prefix, n := range counts {
		for k := 1; k <= n && strings.HasPrefix(prefix, source); k++ {
			if id := fmt.Sprint(prefix, k); prefix != "DC-CN-" {
				ids = append(ids, id)
			} else {
				ids = append(ids, fmt.Sprintf("%s%02d", prefix, k))
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// elsewhere says of what is not seen in deliveries where it is held, or why it
// cannot be.
var elsewhere = map[string]string{
	"DS-EV-06-N2": "a reason, not a rule", "DS-EV-06-N3": "advice to readers", "DS-EV-09-N2": "visibility in a page of the source",
	"DS-EV-10-N3": "may", "DS-EV-10-N5": "visibility in a page of the source", "DS-EV-11-N3": "a page of the source", "DS-EV-12-N1": "what others do then",
	"DS-EV-15-N3": "how often providers ask", "DS-EV-16-N5": "says that there is nothing", "DS-EV-17-N5": "says that there is nothing",
	"DS-TR-01": "how often providers ask", "DS-TR-03": "visibility in a page of the source", "DS-TR-05": "may", "DS-TR-07": "a page of the source",
	"DC-PX-IVC-19": "its form is not known", "DC-PX-IVC-20": "its form is not known", "DC-PX-IVC-21": "where goods leave is not on invoices",
	"DC-PX-ERR-01": "errors have the form of this API", "DC-PX-ERR-02": "the same", "DC-PX-ERR-03": "the same",
	"DC-PX-IVL-12": "handling is not by line", "DC-PX-IVL-15": "shipping is not by line",
	"DS-WH-02": "the API of deliveries", "DS-WH-03": "roles of callers",
}

// check notes whether something is so, for each of some ids.
func (r *report) check(ok bool, ids ...string) {
	for _, id := range ids {
		if r.covered[id] = ok; !ok {
			r.miss(id, "is not so")
		}
	}
}

// nuances holds what came against the rules of each event.
func (r *report) nuances(s *shop, heard *receiver) {
	check := r.check
	number := func(id string) float64 {
		return float64(s.p.AwaitSettled(s.T, id).GetOrderNumber())
	}
	of := func(id string, kinds ...string) (found []told) {
		return heard.at("/all", has("OrderNumber", number(id)), func(t told) bool { return len(kinds) == 0 || slices.Contains(kinds, t.text("EventType")) })
	}
	kind := func(name string) []told { return heard.at("/all", has("EventType", name)) }
	r.peopleAndItems(heard, check, kind)
	r.orderNuances(s, heard, check, of, kind)
	r.packageNuances(s, heard, check, of)

	// Payments: a decline is one that was rejected; refunds are new ones.
	paid := of(s.retried, "CreateOrderPaymentEvent")
	check(len(paid) == 2 && paid[0].text("PaymentStatus") == "Rejected" && paid[1].text("PaymentStatus") == "Paid", "DS-EV-13-N1", "DS-EV-13-N2", "DS-EV-13-N3")
	back := of(s.refunded, "RefundOrderPaymentEvent")
	charge := of(s.refunded, "CreateOrderPaymentEvent")
	last := of(s.refunded, "UpdateOrderEvent")
	check(len(back) == 1 && len(charge) == 1 && back[0].number("RefundedOrderPaymentId") == charge[0].number("OrderPaymentId") &&
		back[0].number("OrderPaymentId") > charge[0].number("OrderPaymentId"), "DS-EV-14-N1", "DS-EV-14-N4")
	check(len(back) == 1 && back[0].number("Amount") == -18 && charge[0].number("Amount") == 32 && charge[0].text("PaymentStatus") == "Paid" &&
		math.Abs(charge[0].number("Amount")+back[0].number("Amount")-14) < 1e-9 && len(last) > 0 && last[len(last)-1].text("OrderStatus") == "Partial Paid", "DS-EV-14-N3", "DS-TR-08")
	negative := kind("RefundOrderPaymentEvent")
	check(!slices.ContainsFunc(negative, func(t told) bool { return t.number("Amount") >= 0 || t.text("PaymentType") != "Credit" }), "DS-EV-14-N2")

	own := kind("PartyClosed")
	check(len(own) == 1 && own[0].number("PartyId") == 7 && own[0].text("EventCategory") == "CustomEvents" && own[0].text("EventDateUtc") != "",
		"DS-EV-21", "DS-EV-21-N1", "DS-EV-21-N2", "DS-WH-06")

	// Endpoints.
	one := heard.at("/one")
	only := !slices.ContainsFunc(one, func(t told) bool { k := t.text("EventType"); return k != "CreateOrderEvent" && k != "VoidOrderEvent" })
	check(len(one) > 2 && only, "DS-WH-01", "DS-WH-05")
	any1 := heard.at("/all")[0]
	check(any1.header.Get("X-Directscale-Client-Id") == "acme" && any1.header.Get("X-Directscale-Message-Id") != "" && any1.header.Get("Authorization") == "Bearer let-me-in", "DS-PD-03")
	check(len(heard.at("/stage")) == 0 && strings.Contains(any1.query, "environment=live"), "DS-WH-04")
	ids := map[string]bool{}
	for _, t := range heard.at("/all") {
		ids[t.header.Get("X-Directscale-Message-Id")] = true
	}
	check(len(ids) == len(heard.at("/all")), "DS-WH-07")
}

func (r *report) peopleAndItems(heard *receiver, check func(bool, ...string), kind func(string) []told) {
	created, updated := kind("CreateAssociateEvent"), kind("UpdateAssociateEvent")
	same := func(a, b []told) bool {
		return len(a) > 0 && len(b) > 0 && slices.Equal(slices.Sorted(keys(a[0].body)), slices.Sorted(keys(b[0].body)))
	}
	check(same(created, updated), "DS-EV-01-N1", "DS-EV-02-N1")
	enrolled, ann := kind("EnrollmentEvent"), kind("CreateOrderEvent")[0].number("CustomerId")
	check(len(enrolled) == 1 && enrolled[0].text("DistributorId") == fmt.Sprint(ann) && enrolled[0].text("SponsorId") == "1", "DS-EV-03-N1", "DS-PD-05")
	check(created[0].number("AssociateId") == 1 && created[0].text("BackOfficeId") == "BO-1", "DS-PD-04")
	subs := kind("UpdateSubscriptionEvent")
	check(same(kind("CreateSubscriptionEvent"), subs), "DS-EV-04-N1", "DS-EV-05-N1")
	check(len(subs) == 2 && subs[0].body["IsVoid"] == false && subs[1].body["IsVoid"] == true, "DS-EV-05-N2")

	stock := kind("StockLevelEvent")
	flips := 0
	for n, t := range stock {
		if n > 0 && t.number("Available") == 4 { // 5 to 4 is no flip
			flips = -100
		}
		flips++
	}
	check(flips == 3 && stock[2].text("Status") == "OutOfStock" && stock[2].number("StatusIndex") == 1 && stock[0].text("Status") == "InStock", "DS-EV-08-N1")
	check(len(kind("CreateInventoryItemEvent")) == 5, "DS-EV-18-N1")
	items := kind("UpdateInventoryItemEvent")
	bags := len(items) > 0
	for _, t := range items {
		_, custom := t.body["CustomData"].(map[string]any)
		_, unknown := t.body["UnknownDataItems"].(map[string]any)
		bags = bags && custom && unknown
	}
	check(bags, "DS-EV-19-N1", "DS-EV-19-N2")
	var gone []string
	for _, t := range kind("DeleteInventoryItemEvent") {
		gone = append(gone, t.text("Sku"))
	}
	check(slices.Equal(gone, []string{"TST_RED", "TST_EVT", "TST_BLUE", "last"}), "DS-EV-20-N1", "DS-EV-20-N2")
}

func keys(m map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (r *report) orderNuances(s *shop, heard *receiver, check func(bool, ...string), of func(string, ...string) []told, kind func(string) []told) {
	sequence := func(id string) (kinds []string) {
		for _, t := range of(id, "CreateOrderEvent", "FinalizeOrderEvent", "UpdateOrderEvent", "VoidOrderEvent") {
			kinds = append(kinds, strings.TrimSuffix(t.text("EventType"), "OrderEvent"))
		}
		return kinds
	}
	check(!slices.ContainsFunc(kind("CreateOrderEvent"), func(t told) bool { return t.text("OrderStatus") != "Pending processing" }), "DS-EV-09-N1", "DS-EV-09-N3")
	check(slices.Equal(sequence(s.retried), []string{"Create", "Finalize", "Finalize"}), "DS-EV-10-N1")
	ends := of(s.retried, "FinalizeOrderEvent")
	check(len(ends) == 2 && ends[0].text("OrderStatus") == "Pending Payment" && ends[1].text("OrderStatus") == "Paid", "DS-EV-10-N2", "DS-PD-01")
	check(slices.Equal(sequence(s.imported), []string{"Create", "Finalize", "Update"}), "DS-EV-10-N4", "DS-TR-09")
	edits := of(s.sample, "UpdateOrderEvent")
	check(len(edits) == 1 && edits[0].text("OrderStatus") == "Paid", "DS-EV-11-N1", "DS-TR-04")
	check(len(of(s.shipped, "UpdateOrderEvent")) == 0, "DS-EV-11-N2") // it was packed and shipped
	check(len(of(s.sample, "VoidOrderEvent")) == 1 && len(of(s.deleted, "VoidOrderEvent")) == 1, "DS-EV-12-N2")
	types := map[string]bool{}
	for _, t := range kind("CreateOrderEvent") {
		types[t.text("OrderType")] = true
	}
	check(types["Standard"] && types["AutoShip"] && len(types) == 2, "DS-PD-02")

	// The deprecated one: once for an order, with the status of its payment, and
	// only for those that name it.
	old := heard.at("/all", has("EventType", "OrderEvent"))
	orders := map[string]int{}
	for _, t := range old {
		orders[t.text("OrderId")]++
	}
	one := map[string]told{}
	for _, t := range old {
		one[t.text("OrderId")] = t
	}
	n := fmt.Sprint(s.p.AwaitSettled(s.T, s.retried).GetOrderNumber())
	check(orders[n] == 1 && one[n].text("OrderStatus") == "Pending Payment", "DS-EV-06-N1", "DS-EV-06-N4")
	check(len(heard.at("/plain", has("EventType", "OrderEvent"))) == 0 && len(old) > 0, "DS-EV-07-N1")
}

func (r *report) packageNuances(s *shop, heard *receiver, check func(bool, ...string), of func(string, ...string) []told) {
	sent := of(s.shipped, "SubmitOrderPackageEvent", "FinalizeOrderEvent")
	check(len(sent) == 5 && sent[0].text("EventType") == "FinalizeOrderEvent", "DS-EV-15-N1", "DS-EV-15-N4")
	o := s.p.AwaitSettled(s.T, s.shipped)
	var parents []int // it was announced itself, before it was split
	for n, t := range sent {
		if int64(t.number("PackageId")) == s.parent {
			parents = append(parents, n)
		}
	}
	check(len(sent) == 5 && slices.Equal(parents, []int{2}) && len(o.GetPackages()) == 4, "DS-EV-15-N2", "DS-TR-06")
	updates, moves := of(s.shipped, "UpdateOrderPackageStatusEvent"), of(s.shipped, "OrderPackageStatusEvent")
	check(len(updates) == 3 && updates[0].text("TrackingNumber") == "1Z" && updates[0].text("PackageStatus") == "Submitted" &&
		updates[1].text("PackageStatus") == "Printed" && updates[2].text("PackageStatus") == "Shipped", "DS-EV-16-N1", "DS-EV-16-N2", "DS-EV-16-N4")
	check(len(moves) == 2 && moves[0].text("PackageStatus") == "Printed" && moves[1].text("PackageStatus") == "Shipped", "DS-EV-17-N1", "DS-EV-17-N3", "DS-EV-17-N4")
	ftp := slices.ContainsFunc(append(updates, moves...), func(t told) bool { return t.text("TrackingNumber") == "FTP" })
	shipped := slices.ContainsFunc(o.GetPackages(), func(p *orderv1.OrderPackage) bool { return p.GetTrackingNumber() == "FTP" })
	check(!ftp && shipped, "DS-EV-16-N3", "DS-EV-17-N2", "DS-TR-02")
}

// source prints how much of a source is covered, and fails on what is not and
// has no reason.
func (r *report) source(t *testing.T, c contract, source string, more []string) {
	t.Helper()
	ids := slices.Clone(more)
	for _, e := range c.events {
		if e.Source == source {
			ids = append(ids, e.ID)
		}
	}
	for _, m := range c.models {
		for _, f := range m.Fields {
			if m.Source == source {
				ids = append(ids, f.ID)
			}
		}
	}
	covered, open := 0, []string{}
	for _, id := range ids {
		switch {
		case r.covered[id]:
			covered++
		case elsewhere[id] != "":
			open = append(open, id+" ("+elsewhere[id]+")")
		default:
			r.miss(id, "nothing showed it")
		}
	}
	t.Logf("%s over HTTP: %d of %d ids covered; not shown here: %s", source, covered, len(ids), strings.Join(open, ", "))
	slices.Sort(r.missing)
	for _, m := range slices.Compact(r.missing) {
		t.Error(m)
	}
}
