package customer

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	"github.com/orderstream/oms/internal/fault"
)

// CreateAssociate makes an account.
type CreateAssociate struct {
	ID      string
	Profile Profile
	// ExpectRevision refuses an account with another revision; 0 means any.
	ExpectRevision uint64
	Now            time.Time
}

// Decide creates the account. Asked twice it is done once; an account of which
// something else is said is a conflict.
func (c CreateAssociate) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	d, err := openDraft(c.ID, c.ExpectRevision, load, record)
	if err != nil {
		return err
	}
	if d.before.Exists() {
		if d.before.Details.equal(c.Profile.applied(Details{})) {
			return nil
		}
		return fault.New(fault.Conflict, "associate_exists", "associate_id: account %q exists already, and is another one", c.ID)
	}
	return d.create(c.Profile, c.Now)
}

// UpdateAssociate changes what is known of an account.
type UpdateAssociate struct {
	ID      string
	Profile Profile
	// ExpectRevision refuses an account with another revision; 0 means any.
	ExpectRevision uint64
	Now            time.Time
}

// Decide changes the account, if anything is new.
func (c UpdateAssociate) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	d, err := openDraft(c.ID, c.ExpectRevision, load, record)
	if err != nil {
		return err
	}
	if err := d.before.alive(c.ID); err != nil {
		return err
	}
	return d.update(c.Profile, c.Now)
}

// Enroll enrolls an account, which it makes when it is not there.
type Enroll struct {
	ID      string
	Profile Profile
	// SponsorID is the account that brings it in; empty for none.
	SponsorID string
	// EnrolledAt is when that was; the zero time means now.
	EnrolledAt time.Time
	// ExpectRevision refuses an account with another revision; 0 means any.
	ExpectRevision uint64
	Now            time.Time
}

// Decide enrolls the account, once. Its sponsor stays who it was.
func (c Enroll) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	d, err := openDraft(c.ID, c.ExpectRevision, load, record)
	if err != nil {
		return err
	}
	sponsor, err := d.sponsor(c.SponsorID)
	if err != nil {
		return err
	}
	switch {
	case !d.before.Exists():
		err = d.create(c.Profile, c.Now)
	case d.before.Enrolled && d.before.SponsorID != c.SponsorID:
		return fault.New(fault.Conflict, "already_enrolled", "associate_id: account %q was enrolled by %q", c.ID, d.before.SponsorID)
	default:
		if err := d.before.alive(c.ID); err != nil {
			return err
		}
		err = d.update(c.Profile, c.Now)
	}
	if err != nil || d.before.Enrolled {
		return err
	}
	a := load(AssociateID(c.ID)).Associate
	a.Enrolled, a.SponsorID, a.SponsorNumber, a.EnrolledAt = true, sponsor.ID, sponsor.Number, c.EnrolledAt
	if a.EnrolledAt.IsZero() {
		a.EnrolledAt = c.Now
	}
	record(AssociateID(c.ID), &customerv1.AssociateEnrolled{Associate: a.Message(), At: stamp(c.Now)})
	return nil
}

// SetStatus says where an account is in its life.
type SetStatus struct {
	ID     string
	Status Status
	// Reason is for people.
	Reason string
	// ExpectRevision refuses an account with another revision; 0 means any.
	ExpectRevision uint64
	Now            time.Time
}

// Decide moves the account, if it is not there already.
func (c SetStatus) Decide(load func(id string) State, record func(id string, e proto.Message)) error {
	d, err := openDraft(c.ID, c.ExpectRevision, load, record)
	if err != nil {
		return err
	}
	a := d.before
	if a.Exists() && a.Status == c.Status {
		return nil
	}
	if _, known := moves[c.Status]; !known || c.Status == 0 {
		return fault.Field("status", "is not known")
	}
	if err := a.alive(c.ID); err != nil {
		return err
	}
	if !slices.Contains(moves[a.Status], c.Status) {
		return fault.New(fault.Precondition, "status_refused", "status: account %q cannot go from %s to %s", c.ID, a.Status, c.Status)
	}
	a.Status = c.Status
	record(AssociateID(c.ID), &customerv1.AssociateUpdated{
		Associate: a.Message(), At: stamp(c.Now), PreviousStatus: d.before.Status, Reason: c.Reason,
	})
	return nil
}

// alive refuses what cannot be done to an account that is not, or no longer,
// there.
func (a Associate) alive(id string) error {
	switch {
	case !a.Exists():
		return fault.New(fault.NotFound, "unknown_associate", "associate_id: there is no account %q", id)
	case a.Status == Deleted:
		return fault.New(fault.Precondition, "associate_deleted", "associate_id: account %q is deleted", id)
	}
	return nil
}

// draft is an account that a command is about to write.
type draft struct {
	id     string
	before Associate
	number int64 // that it gets when it is new
	load   func(id string) State
	record func(id string, e proto.Message)
}

func openDraft(id string, revision uint64, load func(id string) State, record func(id string, e proto.Message)) (*draft, error) {
	if id == "" {
		return nil, fault.Field("associate_id", "must not be empty")
	}
	s := load(AssociateID(id))
	d := &draft{id: id, before: s.Associate, number: int64(s.Ordinal), load: load, record: record} //nolint:gosec // counted up from 1
	return d, expect(revision, s.Associate.Revision, "account", id)
}

// create records that the account exists.
func (d *draft) create(p Profile, now time.Time) error {
	a := Associate{ID: d.id, Number: d.number, Status: Active, Details: p.applied(Details{}), CreatedAt: now}
	if err := d.check(a); err != nil {
		return err
	}
	d.record(AssociateID(d.id), &customerv1.AssociateCreated{Associate: a.Message(), At: stamp(now)})
	d.rename(a)
	return nil
}

// update records that the account is another one, if it is.
func (d *draft) update(p Profile, now time.Time) error {
	a := d.before
	a.Details = p.applied(a.Details)
	if a.Details.equal(d.before.Details) {
		return nil
	}
	if err := d.check(a); err != nil {
		return err
	}
	d.record(AssociateID(d.id), &customerv1.AssociateUpdated{Associate: a.Message(), At: stamp(now)})
	d.rename(a)
	return nil
}

// rename moves the account from its old username to the new one.
func (d *draft) rename(a Associate) {
	was, is := d.before.Details.Username, a.Details.Username
	if strings.EqualFold(was, is) {
		return
	}
	if was != "" {
		d.record(UsernameID(was), &customerv1.UsernameFreed{Username: was, AssociateId: d.id})
	}
	if is != "" {
		d.record(UsernameID(is), &customerv1.UsernameClaimed{Username: is, AssociateId: d.id})
	}
}

// check reports what is wrong with an account as it would be.
func (d *draft) check(a Associate) error {
	var f fault.Fields
	if a.Details.Type < 1 {
		f.Add("profile.type", "must be at least 1")
	}
	seen := map[string]bool{}
	for _, name := range a.Details.WebAliases {
		if seen[strings.ToLower(name)] {
			f.Add("profile.web_aliases", "%q is there twice", name)
		}
		seen[strings.ToLower(name)] = true
	}
	if err := f.Err(); err != nil {
		return err
	}
	if name := a.Details.Username; name != "" {
		if owner := d.load(UsernameID(name)).Owner; cmp.Or(owner, d.id) != d.id {
			return fault.New(fault.Conflict, "username_taken", "profile.username: %q is another account's", name)
		}
	}
	return nil
}

// sponsor is the account that enrolls this one. Nobody is his own sponsor, by
// however many hands.
func (d *draft) sponsor(id string) (Associate, error) {
	if id == "" || d.before.Enrolled {
		return Associate{}, nil
	}
	s := d.load(AssociateID(id)).Associate
	switch {
	case id == d.id:
		return s, fault.Field("sponsor_id", "must be another account")
	case !s.Exists():
		return s, fault.New(fault.NotFound, "unknown_sponsor", "sponsor_id: there is no account %q", id)
	case s.Status == Deleted || s.Status == Terminated:
		return s, fault.New(fault.Precondition, "sponsor_gone", "sponsor_id: account %q is %s", id, s.Status)
	}
	for up := s; d.before.Exists() && up.SponsorID != ""; up = d.load(AssociateID(up.SponsorID)).Associate {
		if up.SponsorID == d.id {
			return s, fault.New(fault.Precondition, "sponsor_cycle", "sponsor_id: account %q was itself brought in by %q", id, d.id)
		}
	}
	return s, nil
}
