package aws

import (
	"context"
	"regexp"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/internal/fault"
)

// snsBytes is what SNS takes in one message, and in all of a batch.
const snsBytes = 256 << 10

// SNS is a topic. A topic whose name ends with .fifo keeps the order of each
// subject.
type SNS struct {
	Account
	// TopicARN as AWS shows it.
	TopicARN string
}

var topics = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]*:\d*:[A-Za-z0-9_-]{1,256}(\.fifo)?$`)

// Check says all that is wrong with a configuration, each with its field.
func (c *SNS) Check() error {
	var f fault.Fields
	if !topics.MatchString(c.TopicARN) {
		f.Add("topic_arn", "must be an ARN such as arn:aws:sns:eu-west-1:123456789012:name")
	}
	c.check(&f)
	return f.Err()
}

// OpenSNS returns the sender of a topic, or what Check says.
func OpenSNS(c SNS) (*Sender, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	conn, err := c.connect()
	if err != nil {
		return nil, err
	}
	t := &topic{arn: c.TopicARN, fifo: strings.HasSuffix(c.TopicARN, ".fifo"), client: sns.New(sns.Options{
		Region: c.Region, Credentials: conn.credentials, BaseEndpoint: conn.endpoint, HTTPClient: conn.client, Retryer: sdk.NopRetryer{},
	})}
	return c.batcher(t, conn.transport, snsBytes, t.fifo), nil
}

type topic struct {
	client *sns.Client
	arn    string
	fifo   bool
}

func (*topic) judge(m *send.Message) send.Verdict { return notText(m) }

func (t *topic) put(ctx context.Context, batch []*send.Message) (map[int]entryError, error) {
	in := &sns.PublishBatchInput{TopicArn: &t.arn}
	for i, m := range batch {
		e := types.PublishBatchRequestEntry{Id: place(i), Message: sdk.String(string(m.Body)), MessageAttributes: map[string]types.MessageAttributeValue{}}
		for _, a := range attributes(m) {
			e.MessageAttributes[a.Name] = types.MessageAttributeValue{DataType: sdk.String("String"), StringValue: sdk.String(a.Value)}
		}
		if t.fifo {
			e.MessageGroupId, e.MessageDeduplicationId = group(m), token(m.ID)
		}
		in.PublishBatchRequestEntries = append(in.PublishBatchRequestEntries, e)
	}
	out, err := t.client.PublishBatch(ctx, in)
	if err != nil {
		return nil, err
	}
	var succeeded []*string
	for _, e := range out.Successful {
		succeeded = append(succeeded, e.Id)
	}
	failed := map[string]entryError{}
	for _, e := range out.Failed {
		failed[sdk.ToString(e.Id)] = entryError{sdk.ToString(e.Code), sdk.ToString(e.Message)}
	}
	return settle(len(batch), succeeded, failed), nil
}
