package aws_test

import (
	"strings"
	"testing"
	"time"

	"github.com/orderstream/oms/delivery/aws"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/outbound"
)

func gate(t *testing.T) *outbound.Gate {
	t.Helper()
	allow, err := outbound.ParseAllow("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return outbound.New(outbound.Policy{Allow: allow})
}

func account(t *testing.T, url string) aws.Account {
	t.Helper()
	return aws.Account{AccessKey: "AKIACUSTOMER", Secret: "customers/secret", Region: "eu-west-1", BaseEndpoint: url, Gate: gate(t)}
}

// hurried is an account whose requests last no longer than the suite waits.
func hurried(t *testing.T, url string, patience time.Duration) aws.Account {
	t.Helper()
	a := account(t, url)
	a.Timeout = patience
	return a
}

func openSQS(t *testing.T, c aws.SQS) *aws.Sender {
	t.Helper()
	s, err := aws.OpenSQS(c)
	return opened(t, s, err)
}

func openSNS(t *testing.T, c aws.SNS) *aws.Sender {
	t.Helper()
	s, err := aws.OpenSNS(c)
	return opened(t, s, err)
}

func openBus(t *testing.T, c aws.EventBridge) *aws.Sender {
	t.Helper()
	s, err := aws.OpenEventBridge(c)
	return opened(t, s, err)
}

func opened(t *testing.T, s *aws.Sender, err error) *aws.Sender {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestAConfigurationIsJudgedAsAWhole(t *testing.T) {
	fine := aws.Account{AccessKey: "AKIACUSTOMER", Secret: "s/+=", Region: "us-gov-west-1", Gate: outbound.New(outbound.Policy{})}
	with := func(change func(*aws.Account)) aws.Account {
		a := fine
		change(&a)
		return a
	}
	queue := "https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo"
	for name, tt := range map[string]struct {
		config interface{ Check() error }
		fields string
	}{
		"queue":            {config: &aws.SQS{Account: fine, QueueURL: queue}},
		"topic":            {config: &aws.SNS{Account: fine, TopicARN: "arn:aws-us-gov:sns:us-gov-west-1:123456789012:orders.fifo"}},
		"bus":              {config: &aws.EventBridge{Account: fine, Source: "com.example.orders"}},
		"bus by its ARN":   {config: &aws.EventBridge{Account: fine, Source: "a", Bus: "arn:aws:events:eu-west-1:123456789012:event-bus/orders"}},
		"no queue":         {config: &aws.SQS{Account: fine, QueueURL: "orders"}, fields: "queue_url"},
		"no topic":         {config: &aws.SNS{Account: fine, TopicARN: "arn:aws:sqs:eu-west-1:123456789012:orders"}, fields: "topic_arn"},
		"no source":        {config: &aws.EventBridge{Account: fine, Source: "aws.orders", Bus: "a b"}, fields: "bus source"},
		"no credentials":   {config: &aws.SQS{Account: with(func(a *aws.Account) { a.AccessKey, a.Secret = "", "" }), QueueURL: queue}, fields: "access_key secret"},
		"a host as region": {config: &aws.SQS{Account: with(func(a *aws.Account) { a.Region = "evil.example/#" }), QueueURL: queue}, fields: "region"},
		"an inner endpoint": {config: &aws.SQS{
			Account: with(func(a *aws.Account) { a.BaseEndpoint = "http://169.254.169.254" }), QueueURL: queue,
		}, fields: "base_endpoint"},
		"too patient": {config: &aws.SQS{Account: with(func(a *aws.Account) { a.Timeout, a.MaxBytes = time.Hour, -1 }), QueueURL: queue}, fields: "timeout max_bytes"},
	} {
		err := tt.config.Check()
		var fields []string
		for _, v := range fault.Violations(err) {
			fields = append(fields, v.Field)
		}
		if got := strings.Join(fields, " "); got != tt.fields {
			t.Errorf("%s: %v, want %q", name, err, tt.fields)
		}
	}
}
