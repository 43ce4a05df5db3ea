package rpc_test

import (
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	"github.com/orderstream/oms/gen/oms/customer/v1/customerv1connect"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
)

func TestAccountsAreManaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, customerv1connect.NewCustomerServiceClient)
	create := &customerv1.CreateAssociateRequest{
		IdempotencyKey: "k", Profile: &customerv1.Profile{
			Username: proto.String("Ann"), Email: proto.String("ann@example.com"), WebAliases: &customerv1.WebAliases{Names: []string{"ann"}},
		},
	}
	var ann *customerv1.Associate
	for n := range 2 { // a repeat is answered alike
		got, err := client.CreateAssociate(t.Context(), create)
		must(t, err)
		if diff := cmp.Diff(ann, got.GetAssociate(), protocmp.Transform()); n > 0 && diff != "" || got.GetRepeated() != (n > 0) {
			t.Errorf("repeat (-want +got):\n%s", diff)
		}
		ann = got.GetAssociate()
	}
	bob, err := client.EnrollAssociate(t.Context(), &customerv1.EnrollAssociateRequest{
		AssociateId: "bob", SponsorId: ann.GetAssociateId(), Profile: &customerv1.Profile{Type: proto.Int64(2)},
	})
	must(t, err)
	if a := bob.GetAssociate(); !a.GetEnrolled() || a.GetSponsorNumber() != ann.GetNumber() || a.GetRevision() != 2 || a.GetType() != 2 {
		t.Errorf("enrolled %v", a)
	}
	changed, err := client.SetAssociateStatus(t.Context(), &customerv1.SetAssociateStatusRequest{
		AssociateId: "bob", Status: customerv1.AssociateStatus_ASSOCIATE_STATUS_SUSPENDED, ExpectedRevision: 2,
	})
	must(t, err)
	for name, req := range map[string]*customerv1.GetAssociateRequest{
		"id":       {Key: &customerv1.GetAssociateRequest_AssociateId{AssociateId: ann.GetAssociateId()}},
		"number":   {Key: &customerv1.GetAssociateRequest_Number{Number: ann.GetNumber()}, MinPosition: changed.GetPosition()},
		"username": {Key: &customerv1.GetAssociateRequest_Username{Username: "aNN"}},
	} {
		got, err := client.GetAssociate(t.Context(), req)
		must(t, err)
		if diff := cmp.Diff(ann, got.GetAssociate(), protocmp.Transform()); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", name, diff)
		}
	}
	var listed []*customerv1.Associate
	page := &customerv1.ListAssociatesRequest{PageSize: 1}
	for {
		res, err := client.ListAssociates(t.Context(), page)
		must(t, err)
		listed = append(listed, res.GetAssociates()...)
		if page.PageToken = res.GetNextPageToken(); page.PageToken == "" {
			break
		}
	}
	if diff := cmp.Diff([]*customerv1.Associate{changed.GetAssociate(), ann}, listed, protocmp.Transform()); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	res, err := client.ListAssociates(t.Context(), &customerv1.ListAssociatesRequest{Status: customerv1.AssociateStatus_ASSOCIATE_STATUS_ACTIVE, Type: 1})
	if err != nil || len(res.GetAssociates()) != 1 {
		t.Errorf("filtered %v, %v", res, err)
	}
}

func TestAccountsAreRefusedByField(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, customerv1connect.NewCustomerServiceClient)
	_, err := client.CreateAssociate(t.Context(), &customerv1.CreateAssociateRequest{AssociateId: "ann", Profile: &customerv1.Profile{Username: proto.String("ann")}})
	must(t, err)
	got := w.post(customerv1connect.CustomerServiceCreateAssociateProcedure, `{"profile":{"email":"nobody","type":"0","countryCode":"gb","webAliases":{"names":["a b"]}}}`)
	for _, field := range []string{"profile.email", "profile.type", "profile.country_code", "profile.web_aliases.names[0]"} {
		if got.fields[field] == "" {
			t.Errorf("%s is not named: %s", field, got.body)
		}
	}
	_, err = client.CreateAssociate(t.Context(), &customerv1.CreateAssociateRequest{AssociateId: "bob", Profile: &customerv1.Profile{Username: proto.String("ANN")}})
	if code, reason := reasonOf(t, err); code != connect.CodeAlreadyExists && code != connect.CodeAborted || reason != "username_taken" {
		t.Errorf("%v, %s", code, reason)
	}
	_, err = client.UpdateAssociate(t.Context(), &customerv1.UpdateAssociateRequest{AssociateId: "ann", Profile: &customerv1.Profile{}, ExpectedRevision: 7})
	if code, reason := reasonOf(t, err); code != connect.CodeAborted || reason != "revision_mismatch" {
		t.Errorf("%v, %s", code, reason)
	}
	for name, req := range map[string]*customerv1.GetAssociateRequest{
		"id":       {Key: &customerv1.GetAssociateRequest_AssociateId{AssociateId: "nobody"}},
		"number":   {Key: &customerv1.GetAssociateRequest_Number{Number: 4711}},
		"username": {Key: &customerv1.GetAssociateRequest_Username{Username: "nobody"}},
	} {
		_, err := client.GetAssociate(t.Context(), req)
		if code, reason := reasonOf(t, err); code != connect.CodeNotFound || reason != "unknown_associate" {
			t.Errorf("by %s: %v, %s", name, code, reason)
		}
	}
}

func TestSubscriptionsAreManaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	client := dial(w, customerv1connect.NewCustomerServiceClient)
	_, err := client.CreateAssociate(t.Context(), &customerv1.CreateAssociateRequest{AssociateId: "ann"})
	must(t, err)
	far := timestamppb.New(time.Date(2126, 1, 31, 12, 0, 0, 0, time.UTC))
	create := &customerv1.CreateSubscriptionRequest{
		IdempotencyKey: "k", AssociateId: "ann", Name: "Tea", Schedule: &customerv1.Schedule{Unit: customerv1.IntervalUnit_INTERVAL_UNIT_MONTH},
		Items: &customerv1.SubscriptionItems{Items: []*customerv1.SubscriptionItem{
			{SkuId: "TEA", Quantity: 2, UnitPrice: &moneyv1.Money{CurrencyCode: "USD", MinorUnits: 999}},
		}},
		Payment: &customerv1.SubscriptionPayment{Token: "tok"}, ShippingAddress: &orderv1.Address{City: "Leeds"}, FirstRunAt: far,
	}
	var tea *customerv1.Subscription
	for n := range 2 { // a repeat is answered alike
		got, err := client.CreateSubscription(t.Context(), create)
		must(t, err)
		if diff := cmp.Diff(tea, got.GetSubscription(), protocmp.Transform()); n > 0 && diff != "" || got.GetRepeated() != (n > 0) {
			t.Errorf("repeat (-want +got):\n%s", diff)
		}
		tea = got.GetSubscription()
	}
	if tea.GetPaymentToken() != "" || tea.GetInterval().GetDayOfMonth() != 31 || tea.GetAssociateNumber() != 1 || !proto.Equal(tea.GetNextRunAt(), far) {
		t.Errorf("created %v", tea)
	}
	id := tea.GetSubscriptionId()
	updated, err := client.UpdateSubscription(t.Context(), &customerv1.UpdateSubscriptionRequest{SubscriptionId: id, Name: proto.String("More tea"), ExpectedRevision: 1})
	must(t, err)
	if s := updated.GetSubscription(); s.GetName() != "More tea" || len(s.GetLines()) != 1 || s.GetRevision() != 2 {
		t.Errorf("updated %v", s)
	}
	for name, list := range map[string]*customerv1.ListSubscriptionsRequest{
		"by account":  {AssociateId: "ann", MinPosition: updated.GetPosition()},
		"by next run": {ByNextRun: true, MinPosition: updated.GetPosition()},
		"all":         {Status: customerv1.SubscriptionStatus_SUBSCRIPTION_STATUS_ACTIVE, MinPosition: updated.GetPosition()},
	} {
		got, err := client.ListSubscriptions(t.Context(), list)
		must(t, err)
		if diff := cmp.Diff([]*customerv1.Subscription{updated.GetSubscription()}, got.GetSubscriptions(), protocmp.Transform()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	paused, err := client.PauseSubscription(t.Context(), &customerv1.PauseSubscriptionRequest{SubscriptionId: id})
	must(t, err)
	got, err := client.ListSubscriptions(t.Context(), &customerv1.ListSubscriptionsRequest{ByNextRun: true, MinPosition: paused.GetPosition()})
	if err != nil || len(got.GetSubscriptions()) != 0 {
		t.Errorf("paused, but will order: %v, %v", got, err)
	}
	_, err = client.ResumeSubscription(t.Context(), &customerv1.ResumeSubscriptionRequest{SubscriptionId: id})
	must(t, err)
	ended, err := client.VoidSubscription(t.Context(), &customerv1.VoidSubscriptionRequest{SubscriptionId: id})
	must(t, err)
	read, err := client.GetSubscription(t.Context(), &customerv1.GetSubscriptionRequest{
		Key: &customerv1.GetSubscriptionRequest_Number{Number: tea.GetNumber()}, MinPosition: ended.GetPosition(),
	})
	must(t, err)
	if diff := cmp.Diff(ended.GetSubscription(), read.GetSubscription(), protocmp.Transform()); diff != "" || ended.GetSubscription().GetNextRunAt() != nil {
		t.Errorf("void (-want +got):\n%s", diff)
	}
	_, err = client.ResumeSubscription(t.Context(), &customerv1.ResumeSubscriptionRequest{SubscriptionId: id})
	if code, reason := reasonOf(t, err); code != connect.CodeFailedPrecondition || reason != "subscription_void" {
		t.Errorf("%v, %s", code, reason)
	}
	refused := w.post(customerv1connect.CustomerServiceCreateSubscriptionProcedure, `{"associateId":"ann","items":{"items":[{"quantity":"0"}]}}`)
	for _, field := range []string{"items.items[0].sku_id", "items.items[0].quantity", "items.items[0].unit_price", "schedule"} {
		if refused.fields[field] == "" {
			t.Errorf("%s is not named: %s", field, refused.body)
		}
	}
}
