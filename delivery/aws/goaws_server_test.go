package aws_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orderstream/oms/delivery/aws"
	"github.com/orderstream/oms/delivery/sendtest"
)

// goaws is a running server that speaks like SQS and SNS, and clients that do
// there what customers do.
type goaws struct {
	url    string
	queues *sqs.Client
	topics *sns.Client
	names  atomic.Int64
}

// startGoaws builds and runs goaws until the test ends.
func startGoaws(t *testing.T) *goaws {
	t.Helper()
	dir := t.TempDir()
	bin, config := filepath.Join(dir, "goaws"), filepath.Join(dir, "goaws.yaml")
	build := exec.CommandContext(t.Context(), "go", "build", "-modfile=../../tools/go.mod", "-o", bin, "github.com/Admiral-Piett/goaws/app/cmd")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build goaws: %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // goaws does not say which port it took
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	yaml := fmt.Sprintf("Local:\n  Host: 127.0.0.1\n  Port: %s\n  Region: eu-west-1\n  AccountId: \"100010001000\"\n"+
		"  EnableDuplicates: true\n  QueueAttributeDefaults: {MaximumMessageSize: 1048576}\n", port)
	if err := os.WriteFile(config, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.Command(bin, "-config", config, "-loglevel", "error")
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
	})
	g := &goaws{url: "http://127.0.0.1:" + port}
	g.await(t)
	given := sdk.CredentialsProviderFunc(func(context.Context) (sdk.Credentials, error) {
		return sdk.Credentials{AccessKeyID: "customer", SecretAccessKey: "secret"}, nil
	})
	g.queues = sqs.New(sqs.Options{HTTPClient: aws.DefaultClient, Region: "eu-west-1", Credentials: given, BaseEndpoint: sdk.String(g.url)})
	g.topics = sns.New(sns.Options{HTTPClient: aws.DefaultClient, Region: "eu-west-1", Credentials: given, BaseEndpoint: sdk.String(g.url)})
	g.url = corrected(t, g.url)
	return g
}

// corrected puts into goaws's answers to SendMessageBatch the names that AWS
// documents, and its SDK reads.
func corrected(t *testing.T, goaws string) (at string) {
	t.Helper()
	to, err := url.Parse(goaws)
	if err != nil {
		t.Fatal(err)
	}
	names := strings.NewReplacer(`"SendMessageBatchResultEntry":`, `"Successful":`, `"BatchResultErrorEntry":`, `"Failed":`)
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(r *http.Response) error {
		if r.Request.Header.Get("X-Amz-Target") != "AmazonSQS.SendMessageBatch" {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		fixed := names.Replace(string(body))
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(fixed)), int64(len(fixed))
		r.Header.Set("Content-Length", strconv.Itoa(len(fixed)))
		return nil
	}
	proxy.ErrorLog = log.New(io.Discard, "", 0) // of clients that give up
	s := httptest.NewServer(proxy)
	t.Cleanup(s.Close)
	return s.URL
}

func (g *goaws) await(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url+"/health", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := http.DefaultClient.Do(r); err == nil {
			_ = res.Body.Close()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("goaws does not answer")
		}
	}
}

// name returns a name that no other test has.
func (g *goaws) name(suffix string) string { return fmt.Sprintf("orders%d%s", g.names.Add(1), suffix) }

func (g *goaws) queue(t *testing.T, suffix string) (queueURL string) {
	t.Helper()
	in := &sqs.CreateQueueInput{QueueName: sdk.String(g.name(suffix))}
	if suffix != "" {
		in.Attributes = map[string]string{"FifoQueue": "true"}
	}
	out, err := g.queues.CreateQueue(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl
}

// topic returns a topic and the queue that hears of it.
func (g *goaws) topic(t *testing.T, suffix string) (arn, queueURL string) {
	t.Helper()
	out, err := g.topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: sdk.String(g.name(suffix))})
	if err != nil {
		t.Fatal(err)
	}
	queueURL = g.queue(t, suffix)
	u, err := url.Parse(queueURL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.topics.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: out.TopicArn, Protocol: sdk.String("sqs"), Attributes: map[string]string{"RawMessageDelivery": "true"},
		Endpoint: sdk.String("arn:aws:sqs:eu-west-1:100010001000:" + u.Path[strings.LastIndexByte(u.Path, '/')+1:]),
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.TopicArn, queueURL
}

// take empties a queue. Order is that of arrival, as FIFO queues have it.
func (g *goaws) take(t *testing.T, queueURL string) (all []types.Message) {
	t.Helper()
	for {
		out, err := g.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: &queueURL, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return all
		}
		for _, m := range out.Messages {
			all = append(all, m)
			if _, err := g.queues.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &queueURL, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (g *goaws) arrived(t *testing.T, queueURL string) (all []sendtest.Arrived) {
	t.Helper()
	for _, m := range g.take(t, queueURL) {
		all = append(all, sendtest.Arrived{ID: sdk.ToString(m.MessageAttributes["id"].StringValue), Body: []byte(*m.Body)})
	}
	return all
}
