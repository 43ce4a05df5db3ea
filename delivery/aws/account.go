// Package aws sends messages to SQS queues, SNS topics and EventBridge buses that
// customers own, ten at a time, with the credentials that the customer gave.
//
// The credentials of this process are never used: a customer who gives none gets
// nothing sent, rather than sent in our name. The SDK repeats no request, and its
// calls go through package outbound like all that customers name.
package aws

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/outbound"
)

const (
	// DefaultTimeout and MaxTimeout of a request.
	DefaultTimeout = 15 * time.Second
	MaxTimeout     = 60 * time.Second
	// maxAnswer is how much of an answer is read: it has an entry for each message.
	maxAnswer = 256 << 10
)

// Account is whose destination it is, and how it is reached. AccessKey, Secret,
// Region and Gate are required. Secrets are open here.
type Account struct {
	AccessKey, Secret string
	// Session is the token of temporary credentials; may be empty.
	Session string
	// Region such as "eu-west-1".
	Region string
	// BaseEndpoint is a URL to call instead of AWS's own for the region: a private
	// link, or a server that speaks like AWS.
	BaseEndpoint string
	// Options of the connection.
	Options outbound.Options
	// Timeout of a request; default DefaultTimeout.
	Timeout time.Duration
	// MaxBytes of a message's body, where the destination takes less than the
	// service does.
	MaxBytes int
	// Gate that all calls go through.
	Gate *outbound.Gate
	// Now is the clock of verdicts; default time.Now.
	Now func() time.Time
}

var (
	regions = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$`)
	keys    = regexp.MustCompile(`^\w{8,128}$`)
)

func (a *Account) check(f *fault.Fields) {
	if !keys.MatchString(a.AccessKey) {
		f.Add("access_key", "must be 8 to 128 letters and digits")
	}
	if a.Secret == "" || !outbound.IsFieldValue(a.Secret) {
		f.Add("secret", "must be given, in printable ASCII characters")
	}
	if !outbound.IsFieldValue(a.Session) {
		f.Add("session", "must be of printable ASCII characters")
	}
	if !regions.MatchString(a.Region) {
		f.Add("region", "must be a region such as eu-west-1") // it becomes part of a host's name
	}
	if a.BaseEndpoint != "" {
		note(f, a.Gate.CheckURL("base_endpoint", a.BaseEndpoint))
	}
	if a.Timeout < 0 || a.Timeout > MaxTimeout {
		f.Add("timeout", "must be at most %v", MaxTimeout)
	}
	if a.MaxBytes < 0 {
		f.Add("max_bytes", "must be at least 0")
	}
	_, err := a.Gate.Transport(a.Options)
	note(f, err)
}

// note adds the violations that err has.
func note(f *fault.Fields, err error) {
	for _, v := range fault.Violations(err) {
		f.Add(v.Field, "%s", v.Message)
	}
}

// connection is what the clients of all services are made of.
type connection struct {
	transport   *outbound.Transport
	client      client
	credentials sdk.CredentialsProvider
	endpoint    *string
}

func (a *Account) connect() (connection, error) {
	options := a.Options
	options.MaxBody = maxAnswer
	t, err := a.Gate.Transport(options)
	if err != nil {
		return connection{}, err
	}
	c := connection{transport: t, client: client{t.Client()}}
	given := sdk.Credentials{AccessKeyID: a.AccessKey, SecretAccessKey: a.Secret, SessionToken: a.Session, Source: "endpoint"}
	c.credentials = sdk.CredentialsProviderFunc(func(context.Context) (sdk.Credentials, error) { return given, nil })
	if a.BaseEndpoint != "" {
		c.endpoint = sdk.String(strings.TrimSuffix(a.BaseEndpoint, "/"))
	}
	return c, nil
}

// client calls with a copy of the request. The SDK closes a request's body as
// soon as the answer begins; when the transport has not seen the body's end by
// then, it takes the connection down, and the rest of the answer with it.
type client struct{ http *http.Client }

// Do implements the SDK's HTTPClient.
func (c client) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return c.http.Do(r) //nolint:gosec // the transport judges where it goes
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	own := r.Clone(r.Context())
	own.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	own.Body, _ = own.GetBody()
	own.ContentLength = int64(len(body))
	return c.http.Do(own) //nolint:gosec // the transport judges where it goes
}

// batcher makes the sender of a service out of what is the same for all.
func (a *Account) batcher(s service, t *outbound.Transport, total int, fifo bool) *Sender {
	b := &Sender{service: s, transport: t, timeout: a.Timeout, bytes: a.MaxBytes, total: total, fifo: fifo, now: a.Now}
	if b.timeout == 0 {
		b.timeout = DefaultTimeout
	}
	if most := total - extras; b.bytes == 0 || b.bytes > most {
		b.bytes = most
	}
	if b.now == nil {
		b.now = time.Now //nolint:forbidigo // the one place where the clock comes from
	}
	return b
}
