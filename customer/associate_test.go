package customer_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/orderstream/oms/customer"
	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	"github.com/orderstream/oms/internal/fault"
)

// named says a username and nothing else.
func named(username string) customer.Profile { return customer.Profile{Username: &username} }

func create(id, username string) customer.CreateAssociate {
	return customer.CreateAssociate{ID: id, Profile: named(username), Now: noon}
}

func account(id string, number int64, change func(*customerv1.Associate)) *customerv1.Associate {
	a := &customerv1.Associate{
		AssociateId: id, Number: number, Username: id, Status: customer.Active, Type: 1, CreatedAt: timestamppb.New(noon),
	}
	if change != nil {
		change(a)
	}
	return a
}

func TestAnAccountIsCreatedOnceAndHasItsUsername(t *testing.T) {
	p := newTenant(t)
	same(t, []fact{
		{"associate/ann", &customerv1.AssociateCreated{Associate: account("ann", 1, nil), At: timestamppb.New(noon)}},
		{"username/ann", &customerv1.UsernameClaimed{Username: "ann", AssociateId: "ann"}},
	}, p.must(create("ann", "ann")))
	same(t, nil, p.must(create("ann", "ann")))
}

func TestAnEnrollmentMakesTheAccountThatIsNotThere(t *testing.T) {
	p := newTenant(t)
	p.must(create("ann", "ann"))
	enroll := customer.Enroll{ID: "bob", Profile: named("bob"), SponsorID: "ann", EnrolledAt: noon.Add(-time.Hour), Now: noon}
	enrolled := account("bob", 3, func(a *customerv1.Associate) {
		a.Enrolled, a.SponsorId, a.SponsorNumber, a.EnrolledAt = true, "ann", 1, timestamppb.New(noon.Add(-time.Hour))
	})
	same(t, []fact{
		{"associate/bob", &customerv1.AssociateCreated{Associate: account("bob", 3, nil), At: timestamppb.New(noon)}},
		{"username/bob", &customerv1.UsernameClaimed{Username: "bob", AssociateId: "bob"}},
		{"associate/bob", &customerv1.AssociateEnrolled{Associate: enrolled, At: timestamppb.New(noon)}},
	}, p.must(enroll))
	same(t, nil, p.must(enroll))
	same(t, []fact{
		{"associate/ann", &customerv1.AssociateEnrolled{Associate: account("ann", 1, func(a *customerv1.Associate) {
			a.Enrolled, a.EnrolledAt = true, timestamppb.New(noon)
		}), At: timestamppb.New(noon)}},
	}, p.must(customer.Enroll{ID: "ann", Now: noon}))
}

func TestAUsernameMovesWithItsAccount(t *testing.T) {
	p := newTenant(t)
	p.must(create("ann", "ann"))
	same(t, []fact{
		{"associate/ann", &customerv1.AssociateUpdated{Associate: account("ann", 1, func(a *customerv1.Associate) { a.Username = "Lee" }), At: timestamppb.New(noon)}},
		{"username/ann", &customerv1.UsernameFreed{Username: "ann", AssociateId: "ann"}},
		{"username/lee", &customerv1.UsernameClaimed{Username: "Lee", AssociateId: "ann"}},
	}, p.must(customer.UpdateAssociate{ID: "ann", Profile: named("Lee"), Now: noon}))
	p.must(create("bob", "ann"))
	if len(p.must(customer.UpdateAssociate{ID: "ann", Profile: named("LEE"), Now: noon})) != 1 {
		t.Error("another case of a username is another username")
	}
}

func TestAStatusIsAnUpdate(t *testing.T) {
	p := newTenant(t)
	p.must(create("ann", "ann"))
	suspend := customer.SetStatus{ID: "ann", Status: customer.Suspended, Reason: "unpaid", Now: noon}
	same(t, []fact{{"associate/ann", &customerv1.AssociateUpdated{
		Associate: account("ann", 1, func(a *customerv1.Associate) { a.Status = customer.Suspended }), At: timestamppb.New(noon),
		PreviousStatus: customer.Active, Reason: "unpaid",
	}}}, p.must(suspend))
	same(t, nil, p.must(suspend))
}

func TestAnAccountIsRefusedForAReason(t *testing.T) {
	for name, tt := range map[string]struct {
		command command
		kind    fault.Kind
		reason  string
	}{
		"no id":                {create("", "x"), fault.Invalid, "invalid_fields"},
		"other account":        {create("ann", "other"), fault.Conflict, "associate_exists"},
		"username taken":       {create("new", "ANN"), fault.Conflict, "username_taken"},
		"username taken later": {customer.UpdateAssociate{ID: "bob", Profile: named("ann")}, fault.Conflict, "username_taken"},
		"alias twice":          {customer.CreateAssociate{ID: "new", Profile: customer.Profile{WebAliases: &[]string{"a", "A"}}}, fault.Invalid, "invalid_fields"},
		"type":                 {customer.CreateAssociate{ID: "new", Profile: customer.Profile{Type: new(int64(-1))}}, fault.Invalid, "invalid_fields"},
		"revision":             {customer.UpdateAssociate{ID: "ann", ExpectRevision: 9}, fault.Conflict, "revision_mismatch"},
		"unknown":              {customer.UpdateAssociate{ID: "new"}, fault.NotFound, "unknown_associate"},
		"status of unknown":    {customer.SetStatus{ID: "new", Status: customer.Active}, fault.NotFound, "unknown_associate"},
		"no status":            {customer.SetStatus{ID: "ann"}, fault.Invalid, "invalid_fields"},
		"deleted":              {customer.UpdateAssociate{ID: "gone"}, fault.Precondition, "associate_deleted"},
		"deleted is final":     {customer.SetStatus{ID: "gone", Status: customer.Active}, fault.Precondition, "associate_deleted"},
		"enroll deleted":       {customer.Enroll{ID: "gone"}, fault.Precondition, "associate_deleted"},
		"other sponsor":        {customer.Enroll{ID: "bob"}, fault.Conflict, "already_enrolled"},
		"own sponsor":          {customer.Enroll{ID: "new", SponsorID: "new"}, fault.Invalid, "invalid_fields"},
		"unknown sponsor":      {customer.Enroll{ID: "new", SponsorID: "nobody"}, fault.NotFound, "unknown_sponsor"},
		"sponsor gone":         {customer.Enroll{ID: "new", SponsorID: "gone"}, fault.Precondition, "sponsor_gone"},
		"sponsor in a ring":    {customer.Enroll{ID: "ann", SponsorID: "cid"}, fault.Precondition, "sponsor_cycle"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newTenant(t)
			p.must(create("ann", "ann"))
			p.must(customer.Enroll{ID: "bob", SponsorID: "ann"})
			p.must(customer.Enroll{ID: "cid", SponsorID: "bob"})
			p.must(create("gone", "gone"))
			p.must(customer.SetStatus{ID: "gone", Status: customer.Deleted})
			_, err := p.do(tt.command)
			if fault.KindOf(err) != tt.kind || fault.ReasonOf(err) != tt.reason {
				t.Errorf("got %v (%s, %s), want %s, %s", err, fault.KindOf(err), fault.ReasonOf(err), tt.kind, tt.reason)
			}
		})
	}
}

// TestEveryMoveOfAnAccountIsDecided walks all pairs of states.
func TestEveryMoveOfAnAccountIsDecided(t *testing.T) {
	all := []customer.Status{customer.Active, customer.Inactive, customer.Deleted, customer.Suspended, customer.Terminated}
	for _, from := range all {
		for _, to := range all {
			p := newTenant(t)
			p.must(create("ann", "ann"))
			p.must(customer.SetStatus{ID: "ann", Status: from})
			_, err := p.do(customer.SetStatus{ID: "ann", Status: to})
			if allowed := from != customer.Deleted || to == from; (err == nil) != allowed {
				t.Errorf("%s to %s: %v", from, to, err)
			}
		}
	}
}
