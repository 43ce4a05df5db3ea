package customer

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
)

// Status says where an account is in its life.
type Status = customerv1.AssociateStatus

// The states of an account, by the names that the rest of the code uses.
const (
	Active     = customerv1.AssociateStatus_ASSOCIATE_STATUS_ACTIVE
	Inactive   = customerv1.AssociateStatus_ASSOCIATE_STATUS_INACTIVE
	Deleted    = customerv1.AssociateStatus_ASSOCIATE_STATUS_DELETED
	Suspended  = customerv1.AssociateStatus_ASSOCIATE_STATUS_SUSPENDED
	Terminated = customerv1.AssociateStatus_ASSOCIATE_STATUS_TERMINATED
)

// moves are the states that may follow on each. Deleted is final.
var moves = map[Status][]Status{
	customerv1.AssociateStatus_ASSOCIATE_STATUS_UNSPECIFIED: nil,

	Active:     {Inactive, Deleted, Suspended, Terminated},
	Inactive:   {Active, Deleted, Suspended, Terminated},
	Suspended:  {Active, Inactive, Deleted, Terminated},
	Terminated: {Active, Inactive, Deleted, Suspended},
	Deleted:    nil,
}

// Types of accounts that every installation has.
const (
	TypeAssociate = 1
	TypeCustomer  = 2
)

// Associate is the account of an associate or a customer. Without a number it
// does not exist.
type Associate struct {
	ID         string    `cbor:"1,keyasint,omitempty"`
	Number     int64     `cbor:"2,keyasint,omitempty"`
	Status     Status    `cbor:"3,keyasint,omitempty"`
	Details    Details   `cbor:"4,keyasint,omitzero"`
	Enrolled   bool      `cbor:"5,keyasint,omitempty"`
	SponsorID  string    `cbor:"6,keyasint,omitempty"`
	EnrolledAt time.Time `cbor:"8,keyasint,omitzero"`
	CreatedAt  time.Time `cbor:"9,keyasint,omitzero"`
	// SponsorNumber is the number of the sponsor.
	SponsorNumber int64 `cbor:"7,keyasint,omitempty"`
	// Revision counts the events of the account.
	Revision uint64 `cbor:"10,keyasint,omitempty"`
}

// Details are what callers say of an account.
type Details struct {
	Username            string   `cbor:"1,keyasint,omitempty"`
	FirstName           string   `cbor:"2,keyasint,omitempty"`
	LastName            string   `cbor:"3,keyasint,omitempty"`
	Company             string   `cbor:"4,keyasint,omitempty"`
	Email               string   `cbor:"5,keyasint,omitempty"`
	Type                int64    `cbor:"6,keyasint,omitempty"`
	WebAliases          []string `cbor:"7,keyasint,omitempty"`
	BackOfficeID        string   `cbor:"8,keyasint,omitempty"`
	ExternalReferenceID string   `cbor:"9,keyasint,omitempty"`
	CountryCode         string   `cbor:"10,keyasint,omitempty"`
}

// Exists reports whether the account was ever created.
func (a Associate) Exists() bool { return a.Number != 0 }

// equal reports whether callers would see no difference.
func (d Details) equal(o Details) bool {
	same := slices.Equal(d.WebAliases, o.WebAliases)
	d.WebAliases, o.WebAliases = nil, nil
	return same && d.key() == o.key()
}

// key is all of the details but the list.
func (d Details) key() [9]any {
	return [9]any{
		d.Username, d.FirstName, d.LastName, d.Company, d.Email, d.Type, d.BackOfficeID, d.ExternalReferenceID, d.CountryCode,
	}
}

// Profile is what a caller says of an account; what is nil stays as it is.
type Profile struct {
	Username            *string
	FirstName           *string
	LastName            *string
	Company             *string
	Email               *string
	Type                *int64
	WebAliases          *[]string
	BackOfficeID        *string
	ExternalReferenceID *string
	CountryCode         *string
}

// applied are the details with what is said. A type that nobody gave is that
// of an associate.
func (p Profile) applied(d Details) Details {
	set(&d.Username, p.Username)
	set(&d.FirstName, p.FirstName)
	set(&d.LastName, p.LastName)
	set(&d.Company, p.Company)
	set(&d.Email, p.Email)
	set(&d.Type, p.Type)
	set(&d.BackOfficeID, p.BackOfficeID)
	set(&d.ExternalReferenceID, p.ExternalReferenceID)
	set(&d.CountryCode, p.CountryCode)
	if p.WebAliases != nil {
		d.WebAliases = slices.Clone(*p.WebAliases)
	}
	if len(d.WebAliases) == 0 {
		d.WebAliases = nil
	}
	d.Type = cmp.Or(d.Type, TypeAssociate)
	return d
}

func set[T any](to, value *T) {
	if value != nil {
		*to = *value
	}
}

// being is the account as an event has it.
func (a Associate) being(m *customerv1.Associate) Associate {
	return Associate{
		ID: m.GetAssociateId(), Number: m.GetNumber(), Status: m.GetStatus(), Enrolled: m.GetEnrolled(),
		SponsorID: m.GetSponsorId(), SponsorNumber: m.GetSponsorNumber(),
		EnrolledAt: timeOf(m.GetEnrolledAt()), CreatedAt: timeOf(m.GetCreatedAt()), Revision: a.Revision + 1,
		Details: Details{
			Username: m.GetUsername(), FirstName: m.GetFirstName(), LastName: m.GetLastName(), Company: m.GetCompanyName(),
			Email: m.GetEmail(), Type: m.GetType(), WebAliases: slices.Clone(m.GetWebAliases()),
			BackOfficeID: m.GetBackOfficeId(), ExternalReferenceID: m.GetExternalReferenceId(), CountryCode: m.GetCountryCode(),
		},
	}
}

// Message is the account as events have it, without its revision.
func (a Associate) Message() *customerv1.Associate {
	d := a.Details
	return &customerv1.Associate{
		AssociateId: a.ID, Number: a.Number, Status: a.Status, Enrolled: a.Enrolled,
		SponsorId: a.SponsorID, SponsorNumber: a.SponsorNumber, EnrolledAt: stamp(a.EnrolledAt), CreatedAt: stamp(a.CreatedAt),
		Username: d.Username, FirstName: d.FirstName, LastName: d.LastName, CompanyName: d.Company,
		Email: d.Email, Type: d.Type, WebAliases: slices.Clone(d.WebAliases),
		BackOfficeId: d.BackOfficeID, ExternalReferenceId: d.ExternalReferenceID, CountryCode: d.CountryCode,
	}
}

// timeOf is a time of an event; none is the zero time.
func timeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// stamp is a time in an event; the zero time is none.
func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
