package aws_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/orderstream/oms/delivery/aws"
	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/delivery/sendtest"
)

// nine is the sender of a topic for goaws, which counts to ten and finds eleven.
type nine struct{ *aws.Sender }

func (n nine) Limits() send.Limits {
	l := n.Sender.Limits()
	l.Messages = 9
	return l
}

// unlike is what AWS's statuses do not mean, or what its SDK makes of an answer
// that breaks off.
var unlike = []sendtest.Exception{{When: sendtest.Leaving, Want: send.Failed}}

func TestQueuesAndTopicsKeepTheContractOfSenders(t *testing.T) {
	g := startGoaws(t)
	for _, suffix := range []string{"", ".fifo"} {
		t.Run("SQS"+suffix, func(t *testing.T) {
			sendtest.Run(t, sendtest.Suite{
				Open: func(t *testing.T) (send.Sender, func() []sendtest.Arrived) {
					t.Helper()
					q := g.queue(t, suffix)
					return openSQS(t, aws.SQS{Account: account(t, g.url), QueueURL: q}), func() []sendtest.Arrived { return g.arrived(t, q) }
				},
				At: func(t *testing.T, url string, patience time.Duration) send.Sender {
					t.Helper()
					return openSQS(t, aws.SQS{Account: hurried(t, url, patience), QueueURL: url + "/1/orders" + suffix})
				},
				Unlike: unlike,
			})
		})
		t.Run("SNS"+suffix, func(t *testing.T) {
			sendtest.Run(t, sendtest.Suite{
				Open: func(t *testing.T) (send.Sender, func() []sendtest.Arrived) {
					t.Helper()
					arn, q := g.topic(t, suffix)
					return nine{openSNS(t, aws.SNS{Account: account(t, g.url), TopicARN: arn})}, func() []sendtest.Arrived { return g.arrived(t, q) }
				},
				At: func(t *testing.T, url string, patience time.Duration) send.Sender {
					t.Helper()
					return openSNS(t, aws.SNS{Account: hurried(t, url, patience), TopicARN: "arn:aws:sns:eu-west-1:100010001000:orders" + suffix})
				},
				Unlike: unlike,
			})
		})
	}
	t.Run("attributes", g.attributes)
	t.Run("no such queue", g.missing)
}

func (g *goaws) attributes(t *testing.T) {
	q := g.queue(t, ".fifo")
	s := openSQS(t, aws.SQS{Account: account(t, g.url), QueueURL: q})
	m := sendtest.Message("m1")
	m.Subject, m.Headers = "order 7 ü", []send.Header{{Name: "X-Kind", Value: "order"}, {Name: "bad name", Value: "x"}, {Name: "AWS.x", Value: "x"}, {Name: "Empty"}, {Name: "ID", Value: "other"}}
	for i := range 12 {
		m.Headers = append(m.Headers, send.Header{Name: fmt.Sprintf("X-%d", i), Value: "v"})
	}
	for range 2 { // the second is recognised as the first
		if v := s.Send(t.Context(), []send.Message{m}); v[0].Outcome != send.Delivered {
			t.Fatalf("%+v", v[0])
		}
	}
	got := g.take(t, q)
	if len(got) != 1 {
		t.Fatalf("%d arrived", len(got))
	}
	if n := len(got[0].MessageAttributes); n != 10 {
		t.Errorf("%d attributes", n)
	}
	for name, want := range map[string]string{"id": "m1", "type": "CreateOrderEvent", "tenant": "acme", "environment": "live", "content-type": "application/json", "X-Kind": "order"} {
		if v := sdk.ToString(got[0].MessageAttributes[name].StringValue); v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
}

func (g *goaws) missing(t *testing.T) {
	s := openSQS(t, aws.SQS{Account: account(t, g.url), QueueURL: g.url + "/100010001000/nowhere"})
	if v := s.Send(t.Context(), []send.Message{sendtest.Message("m1")})[0]; v.Outcome != send.Failed || v.Reason == "" || v.Status != http.StatusBadRequest {
		t.Errorf("%+v", v)
	}
	arn := "arn:aws:sns:eu-west-1:100010001000:nowhere"
	if v := openSNS(t, aws.SNS{Account: account(t, g.url), TopicARN: arn}).Send(t.Context(), []send.Message{sendtest.Message("m1")})[0]; v.Outcome != send.Failed || v.Reason == "" {
		t.Errorf("%+v", v)
	}
}
