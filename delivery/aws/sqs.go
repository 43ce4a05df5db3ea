package aws

import (
	"context"
	"net/url"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/internal/fault"
)

// sqsBytes is what SQS takes in one message, and in all of a batch.
const sqsBytes = 1 << 20

// SQS is a queue. A queue whose name ends with .fifo keeps the order of each
// subject.
type SQS struct {
	Account
	// QueueURL as AWS shows it.
	QueueURL string
}

// Check says all that is wrong with a configuration, each with its field.
func (c *SQS) Check() error {
	var f fault.Fields
	u, err := url.Parse(c.QueueURL)
	if err != nil || len(c.QueueURL) > 2048 || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") == "" {
		f.Add("queue_url", "must be a URL such as https://sqs.eu-west-1.amazonaws.com/123456789012/name")
	}
	c.check(&f)
	return f.Err()
}

// OpenSQS returns the sender of a queue, or what Check says.
func OpenSQS(c SQS) (*Sender, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	conn, err := c.connect()
	if err != nil {
		return nil, err
	}
	q := &queue{url: c.QueueURL, fifo: strings.HasSuffix(c.QueueURL, ".fifo"), client: sqs.New(sqs.Options{
		Region: c.Region, Credentials: conn.credentials, BaseEndpoint: conn.endpoint, HTTPClient: conn.client, Retryer: sdk.NopRetryer{},
	})}
	return c.batcher(q, conn.transport, sqsBytes, q.fifo), nil
}

type queue struct {
	client *sqs.Client
	url    string
	fifo   bool
}

func (*queue) judge(m *send.Message) send.Verdict { return notText(m) }

func (q *queue) put(ctx context.Context, batch []*send.Message) (map[int]entryError, error) {
	in := &sqs.SendMessageBatchInput{QueueUrl: &q.url}
	for i, m := range batch {
		e := types.SendMessageBatchRequestEntry{Id: place(i), MessageBody: sdk.String(string(m.Body)), MessageAttributes: map[string]types.MessageAttributeValue{}}
		for _, a := range attributes(m) {
			e.MessageAttributes[a.Name] = types.MessageAttributeValue{DataType: sdk.String("String"), StringValue: sdk.String(a.Value)}
		}
		if q.fifo {
			e.MessageGroupId, e.MessageDeduplicationId = group(m), token(m.ID)
		}
		in.Entries = append(in.Entries, e)
	}
	out, err := q.client.SendMessageBatch(ctx, in)
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
