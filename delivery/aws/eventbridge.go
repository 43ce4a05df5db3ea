package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/internal/fault"
)

const (
	// eventBytes is what EventBridge takes in one request.
	eventBytes    = 1_000_000
	maxDetailType = 128
)

// EventBridge is a bus. A message becomes an event with its body as the detail,
// its type as the detail type, and its subject as the resource.
type EventBridge struct {
	Account
	// Bus is the name or ARN of the bus; empty means the account's default bus.
	Bus string
	// Source of the events, such as "com.example.orders".
	Source string
}

var (
	buses   = regexp.MustCompile(`^(arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus/)?[A-Za-z0-9._/-]{1,256}$`)
	sources = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,255}$`)
)

// Check says all that is wrong with a configuration, each with its field.
func (c *EventBridge) Check() error {
	var f fault.Fields
	if c.Bus != "" && !buses.MatchString(c.Bus) {
		f.Add("bus", "must be the name or ARN of an event bus")
	}
	if !sources.MatchString(c.Source) || strings.HasPrefix(c.Source, "aws.") {
		f.Add("source", "must be 1 to 256 letters, digits and . _ / -, and not begin with aws.")
	}
	c.check(&f)
	return f.Err()
}

// OpenEventBridge returns the sender of a bus, or what Check says.
func OpenEventBridge(c EventBridge) (*Sender, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	conn, err := c.connect()
	if err != nil {
		return nil, err
	}
	b := &bus{source: c.Source, client: eventbridge.New(eventbridge.Options{
		Region: c.Region, Credentials: conn.credentials, BaseEndpoint: conn.endpoint, HTTPClient: conn.client, Retryer: sdk.NopRetryer{},
	})}
	if c.Bus != "" {
		b.name = &c.Bus
	}
	return c.batcher(b, conn.transport, eventBytes, false), nil
}

type bus struct {
	client *eventbridge.Client
	name   *string
	source string
}

func (*bus) judge(m *send.Message) send.Verdict {
	switch body := bytes.TrimLeft(m.Body, " \t\r\n"); {
	case !bytes.HasPrefix(body, []byte("{")) || !utf8.Valid(body) || !json.Valid(body):
		return send.Verdict{Outcome: send.Refused, Reason: "not_json", Detail: "an event bus takes JSON objects"}
	case m.Type == "" || len(m.Type) > maxDetailType:
		return send.Verdict{Outcome: send.Refused, Reason: "type_too_long", Detail: "an event bus takes types of 1 to 128 characters"}
	}
	return send.Verdict{}
}

func (b *bus) put(ctx context.Context, batch []*send.Message) (map[int]entryError, error) {
	in := &eventbridge.PutEventsInput{}
	for _, m := range batch {
		e := types.PutEventsRequestEntry{Source: &b.source, DetailType: &m.Type, Detail: sdk.String(string(m.Body)), EventBusName: b.name}
		if m.Subject != "" {
			e.Resources = []string{m.Subject}
		}
		if !m.Time.IsZero() {
			e.Time = &m.Time
		}
		in.Entries = append(in.Entries, e)
	}
	out, err := b.client.PutEvents(ctx, in)
	if err != nil {
		return nil, err
	}
	failed := map[int]entryError{}
	for i := range batch {
		switch {
		case i >= len(out.Entries):
			failed[i] = misplaced
		case out.Entries[i].ErrorCode != nil:
			failed[i] = entryError{sdk.ToString(out.Entries[i].ErrorCode), sdk.ToString(out.Entries[i].ErrorMessage)}
		}
	}
	return failed, nil
}
