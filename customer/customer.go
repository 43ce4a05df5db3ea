// Package customer decides about accounts of associates and customers, and
// about the subscriptions with which they order again and again.
//
// An account, a subscription and a username are aggregates of their own. All of
// a tenant live in one partition with one writer, so a command sees the sponsor
// of an account, the owner of a subscription and whoever has a username as they
// are: usernames are unique without anybody waiting.
//
// The package is pure: time and ids arrive in commands, and nothing here does
// I/O.
package customer

import (
	"strings"

	"google.golang.org/protobuf/proto"

	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Scope is what keeps the customers of a tenant together.
const Scope = "customers"

// State is the state of one aggregate of the customer log. The aggregate's id
// says which part is used; the others stay zero.
type State struct {
	// Ordinal is the number that the aggregate has once it exists.
	Ordinal uint64 `cbor:"1,keyasint,omitempty"`
	// Associate is the state of an account.
	Associate Associate `cbor:"2,keyasint,omitzero"`
	// Owner is the account that a username belongs to.
	Owner string `cbor:"3,keyasint,omitempty"`
	// Subscription is the state of a subscription; nil when there is none.
	Subscription *Subscription `cbor:"4,keyasint,omitempty"`
}

// AssociateID is the id of the aggregate of an account.
func AssociateID(id string) string { return "associate/" + id }

// UsernameID is the id of the aggregate of a username. Case does not count.
func UsernameID(name string) string { return "username/" + strings.ToLower(name) }

// New returns an aggregate without history.
func New(_ string, ordinal uint64) State { return State{Ordinal: ordinal} }

// Evolve folds one stored event. It never fails and never changes what the
// given state shares.
func Evolve(s State, e proto.Message) State {
	switch e := e.(type) {
	case *customerv1.AssociateCreated:
		s.Associate = s.Associate.being(e.GetAssociate())
	case *customerv1.AssociateUpdated:
		s.Associate = s.Associate.being(e.GetAssociate())
	case *customerv1.AssociateEnrolled:
		s.Associate = s.Associate.being(e.GetAssociate())
	case *customerv1.UsernameClaimed:
		s.Owner = e.GetAssociateId()
	case *customerv1.UsernameFreed:
		s.Owner = ""
	case subscriptionEvent:
		s.Subscription = s.Subscription.evolve(e)
	}
	return s
}

// expect refuses a revision that the caller has not seen.
func expect(want, have uint64, what, id string) error {
	if want == 0 || want == have {
		return nil
	}
	return fault.New(fault.Conflict, "revision_mismatch", "expected_revision: %s %q: revision is %d, not %d", what, id, have, want)
}
