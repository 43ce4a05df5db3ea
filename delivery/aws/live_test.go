//go:build awslive

package aws_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/orderstream/oms/delivery/aws"
	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/delivery/sendtest"
	"github.com/orderstream/oms/internal/outbound"
)

// Against AWS itself: make aws-live. OMS_AWS_ACCESS_KEY, OMS_AWS_SECRET and
// OMS_AWS_REGION say who, OMS_AWS_QUEUE_URL, OMS_AWS_TOPIC_ARN and OMS_AWS_BUS
// where; what is not named is left out. Nobody looks whether the messages
// arrive: AWS says that it has them.
func TestAWSItselfTakesTheMessages(t *testing.T) {
	who := aws.Account{
		AccessKey: os.Getenv("OMS_AWS_ACCESS_KEY"), Secret: os.Getenv("OMS_AWS_SECRET"), Session: os.Getenv("OMS_AWS_SESSION"),
		Region: os.Getenv("OMS_AWS_REGION"), Gate: outbound.New(outbound.Policy{}),
	}
	senders := 0
	try := func(name, where string, open func() (*aws.Sender, error)) {
		if where == "" {
			return
		}
		senders++
		t.Run(name, func(t *testing.T) {
			s, err := open()
			s = opened(t, s, err)
			var ms []send.Message
			for i := range 25 {
				m := sendtest.Message(fmt.Sprintf("live-%d-%d", time.Now().UnixNano(), i))
				m.Subject, m.Time = fmt.Sprint("order-", i%3), time.Now()
				ms = append(ms, m)
			}
			for i, v := range s.Send(t.Context(), ms) {
				if v.Outcome != send.Delivered {
					t.Errorf("%d: %+v %s", i, v, v.Response)
				}
			}
		})
	}
	queue, topic, bus := os.Getenv("OMS_AWS_QUEUE_URL"), os.Getenv("OMS_AWS_TOPIC_ARN"), os.Getenv("OMS_AWS_BUS")
	try("SQS", queue, func() (*aws.Sender, error) { return aws.OpenSQS(aws.SQS{Account: who, QueueURL: queue}) })
	try("SNS", topic, func() (*aws.Sender, error) { return aws.OpenSNS(aws.SNS{Account: who, TopicARN: topic}) })
	try("EventBridge", bus, func() (*aws.Sender, error) {
		return aws.OpenEventBridge(aws.EventBridge{Account: who, Bus: bus, Source: "oms.test"})
	})
	if senders == 0 {
		t.Fatal("no destination is named")
	}
}
