package customer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"pgregory.net/rapid"

	"github.com/orderstream/oms/customer"
	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	"github.com/orderstream/oms/internal/money"
)

var (
	accounts      = []string{"ann", "bob", "cid"}
	usernames     = []string{"", "one", "ONE", "two"}
	subscriptions = []string{"s1", "s2"}
)

// commands draws any command at a time, sensible or not.
func commands(now time.Time) *rapid.Generator[command] {
	return rapid.Custom(func(t *rapid.T) command {
		id := rapid.SampledFrom(accounts).Draw(t, "account")
		name := rapid.SampledFrom(usernames).Draw(t, "username")
		sub := rapid.SampledFrom(subscriptions).Draw(t, "subscription")
		run := rapid.Int64Range(1, 4).Draw(t, "run")
		return rapid.SampledFrom([]command{
			customer.CreateAssociate{ID: id, Profile: named(name), Now: now},
			customer.UpdateAssociate{ID: id, Profile: named(name), Now: now},
			customer.Enroll{ID: id, Profile: named(name), SponsorID: rapid.SampledFrom(append(accounts, "")).Draw(t, "sponsor"), Now: now},
			customer.SetStatus{ID: id, Status: customer.Status(rapid.IntRange(1, 5).Draw(t, "status")), Now: now},
			customer.CreateSubscription{
				ID: sub, AssociateID: id, Items: []customer.Item{{SKU: "tea", Quantity: 1, UnitPrice: money.Amount{Currency: "USD", Minor: 1}}},
				Interval: customer.Interval{Unit: customer.Day, Every: rapid.Int64Range(1, 3).Draw(t, "every")}, Now: now,
			},
			customer.UpdateSubscription{ID: sub, NextRun: new(now.Add(time.Duration(rapid.Int64Range(-3, 3).Draw(t, "days")) * day)), Now: now},
			customer.Pause{ID: sub, Now: now},
			customer.Resume{ID: sub, Now: now},
			customer.VoidSubscription{ID: sub, Now: now},
			customer.StartRun{ID: sub, Now: now},
			customer.StartRun{ID: sub, Now: now},
			customer.Renew{ID: sub, Run: run, Now: now},
			customer.RefuseRun{ID: sub, Run: run, Reason: "out_of_stock", Now: now},
		}).Draw(t, "command")
	})
}

// TestWhateverHappensTheLawsHold runs any commands in any order: usernames
// belong to one account each, nobody has brought himself in, no run has a second
// order, and asked twice a command is done once.
func TestWhateverHappensTheLawsHold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p, now := newTenant(t), noon
		orders, last := map[string]string{}, map[string]int64{}
		for n := range rapid.IntRange(1, 40).Draw(rt, "commands") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(rt, "hours")) * time.Hour)
			c := commands(now).Draw(rt, fmt.Sprint("command ", n))
			facts, err := p.do(c)
			if err != nil {
				continue
			}
			if again, err := p.do(c); again != nil || err != nil {
				rt.Fatalf("%T once more: %v, %v", c, again, err)
			}
			for _, f := range facts {
				if e, ok := f.Event.(*customerv1.SubscriptionRunStarted); ok {
					if by, taken := orders[e.GetOrderId()]; taken || e.GetRun() != last[f.ID]+1 {
						rt.Fatalf("run %d of %s has the order %s of %q, after run %d", e.GetRun(), f.ID, e.GetOrderId(), by, last[f.ID])
					}
					orders[e.GetOrderId()] = f.ID
				}
				if s := p.load(f.ID).Subscription; s != nil {
					last[f.ID] = s.Runs
				}
			}
			checkLaws(rt, p, now)
		}
	})
}

func checkLaws(t *rapid.T, p *tenant, now time.Time) {
	holders := map[string]string{}
	for _, id := range accounts {
		a := p.load(customer.AssociateID(id)).Associate
		if name := strings.ToLower(a.Details.Username); name != "" {
			if holders[name] != "" || p.load(customer.UsernameID(name)).Owner != id {
				t.Fatalf("%s has the username of %q, known as that of %q", id, holders[name], p.load(customer.UsernameID(name)).Owner)
			}
			holders[name] = id
		}
		for up, n := a, 0; up.SponsorID != ""; up, n = p.load(customer.AssociateID(up.SponsorID)).Associate, n+1 {
			if up.SponsorID == id || n > len(accounts) {
				t.Fatalf("%s brought himself in", id)
			}
		}
	}
	for _, name := range usernames {
		if owner := p.load(customer.UsernameID(name)).Owner; name != "" && owner != holders[strings.ToLower(name)] {
			t.Fatalf("username %s belongs to %q, who does not have it", name, owner)
		}
	}
	for _, id := range subscriptions {
		s := p.load(customer.SubscriptionID(id))
		if s.Subscription == nil {
			continue
		}
		if s.Subscription.Status == customer.Void && !s.Subscription.NextRun.IsZero() {
			t.Fatalf("%s is void and orders at %s", id, s.Subscription.NextRun)
		}
		if active, at := customer.Wake(s); s.Subscription.UnderWay() && (!active || at.After(now)) {
			t.Fatalf("nobody looks at the run of %s", id)
		}
	}
}

func TestEveryStoredEventMovesSomeState(t *testing.T) {
	messages := customerv1.File_oms_customer_v1_events_proto.Messages()
	for n := range messages.Len() {
		md := messages.Get(n)
		e := filled(t, md)
		s := customer.New("x", 1)
		if md.Name() == "UsernameFreed" {
			s.Owner = "x"
		}
		after := customer.Evolve(s, e)
		if after.Owner == s.Owner && after.Associate.Revision == 0 && after.Subscription == nil {
			t.Errorf("%s leaves every state as it was", md.Name())
		}
	}
}

// filled returns a message with its texts set.
func filled(t *testing.T, md protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	m, err := newMessage(md)
	if err != nil {
		t.Fatal(err)
	}
	for n := range md.Fields().Len() {
		if fd := md.Fields().Get(n); fd.Kind() == protoreflect.StringKind {
			m.Set(fd, protoreflect.ValueOfString("x"))
		}
	}
	return m.Interface()
}

func newMessage(md protoreflect.MessageDescriptor) (protoreflect.Message, error) {
	mt, err := protoregistry.GlobalTypes.FindMessageByName(md.FullName())
	if err != nil {
		return nil, err
	}
	return mt.New(), nil
}
