package directscale

import (
	"context"
	"strconv"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/eventstore"
	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// Accounts translates the log of associates, customers and their subscriptions.
type Accounts struct{}

// Log implements delivery.Translator.
func (Accounts) Log() string { return "customer" }

// associateBody is CreateAssociateEvent and UpdateAssociateEvent.
type associateBody struct {
	AssociateID         int64 `json:"AssociateId"`
	Username            string
	FirstName           string
	LastName            string
	CompanyName         string
	EmailAddress        string
	AssociateStatus     int32
	AssociateType       int64
	WebAliases          []string
	BackOfficeID        string `json:"BackOfficeId"`
	ExternalReferenceID string `json:"ExternalReferenceId"`
	event
}

// enrollmentBody is EnrollmentEvent.
type enrollmentBody struct {
	DistributorID      string `json:"DistributorId"`
	DistributorType    string
	DistributorStatus  string
	DistributorCountry string
	SponsorID          string `json:"SponsorId"`
	EnrollmentDateUTC  string `json:"EnrollmentDateUtc"`
	event
}

// subscriptionBody is CreateSubscriptionEvent and UpdateSubscriptionEvent.
type subscriptionBody struct {
	AssociateID       int64 `json:"AssociateId"`
	SubscriptionID    int64 `json:"SubscriptionId"`
	SubscriptionName  string
	IsVoid            bool
	ExpirationDateUTC *string `json:"ExpirationDateUtc,omitempty"`
	event
}

// Translate implements delivery.Translator.
func (Accounts) Translate(_ context.Context, c eventstore.Commit, wanted func(deliveryv1.Vocabulary) bool) ([]delivery.Told, error) {
	if !wanted(deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE) {
		return nil, nil
	}
	events, err := c.Recorded()
	if err != nil {
		return nil, err
	}
	t := &telling{commit: c}
	for _, e := range events {
		if err := t.account(e); err != nil {
			return nil, err
		}
	}
	return t.told, nil
}

func (t *telling) account(e eventstore.Recorded) error {
	switch ev := e.Event.(type) {
	case *customerv1.AssociateCreated:
		return t.associate(e, CreateAssociate, ev.GetAssociate())
	case *customerv1.AssociateUpdated:
		return t.associate(e, UpdateAssociate, ev.GetAssociate())
	case *customerv1.AssociateEnrolled:
		return t.enrolled(e, ev.GetAssociate())
	case *customerv1.SubscriptionCreated:
		return t.subscription(e, CreateSubscription, ev.GetSubscription(), false)
	case *customerv1.SubscriptionVoided:
		return t.subscription(e, UpdateSubscription, ev.GetSubscription(), true)
	case *customerv1.SubscriptionUpdated, *customerv1.SubscriptionPaused, *customerv1.SubscriptionResumed:
		changed, _ := ev.(interface {
			GetSubscription() *customerv1.Subscription
		})
		return t.subscription(e, UpdateSubscription, changed.GetSubscription(), false)
	}
	return nil
}

func (t *telling) associate(e eventstore.Recorded, kind string, a *customerv1.Associate) error {
	aliases := a.GetWebAliases()
	if aliases == nil {
		aliases = []string{}
	}
	return t.tell(e, kind, a.GetAssociateId(), "", associateBody{
		AssociateID: a.GetNumber(), Username: a.GetUsername(), FirstName: a.GetFirstName(), LastName: a.GetLastName(), CompanyName: a.GetCompanyName(),
		EmailAddress: a.GetEmail(), AssociateStatus: int32(a.GetStatus()), AssociateType: a.GetType(), WebAliases: aliases,
		BackOfficeID: a.GetBackOfficeId(), ExternalReferenceID: a.GetExternalReferenceId(), event: legacyEvent(kind, t.commit.GetTime().AsTime()),
	})
}

func (t *telling) enrolled(e eventstore.Recorded, a *customerv1.Associate) error {
	at := t.commit.GetTime().AsTime()
	sponsor := ""
	if a.GetSponsorNumber() != 0 {
		sponsor = strconv.FormatInt(a.GetSponsorNumber(), 10)
	}
	return t.tell(e, Enrollment, a.GetAssociateId(), "", enrollmentBody{
		DistributorID: strconv.FormatInt(a.GetNumber(), 10), DistributorType: strconv.FormatInt(a.GetType(), 10),
		DistributorStatus: statusName(a.GetStatus()), DistributorCountry: a.GetCountryCode(), SponsorID: sponsor,
		EnrollmentDateUTC: date(at), event: legacyEvent(Enrollment, at),
	})
}

// statusName is the public name of a status.
func statusName(s customerv1.AssociateStatus) string {
	switch s {
	case customerv1.AssociateStatus_ASSOCIATE_STATUS_INACTIVE:
		return "Inactive"
	case customerv1.AssociateStatus_ASSOCIATE_STATUS_DELETED:
		return "Deleted"
	case customerv1.AssociateStatus_ASSOCIATE_STATUS_SUSPENDED:
		return "Suspended"
	case customerv1.AssociateStatus_ASSOCIATE_STATUS_TERMINATED:
		return "Terminated"
	case customerv1.AssociateStatus_ASSOCIATE_STATUS_ACTIVE, customerv1.AssociateStatus_ASSOCIATE_STATUS_UNSPECIFIED:
	}
	return "Active"
}

func (t *telling) subscription(e eventstore.Recorded, kind string, s *customerv1.Subscription, void bool) error {
	return t.tell(e, kind, s.GetSubscriptionId(), "", subscriptionBody{
		AssociateID: s.GetAssociateNumber(), SubscriptionID: s.GetNumber(), SubscriptionName: s.GetName(), IsVoid: void,
		ExpirationDateUTC: dateOrNull(s.GetEndsAt()), event: legacyEvent(kind, t.commit.GetTime().AsTime()),
	})
}
