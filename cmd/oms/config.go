package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/skavaevents/external"
	"github.com/orderstream/oms/order"
	"github.com/orderstream/oms/payment/stripe"
	"github.com/orderstream/oms/saga"
)

// roles are the parts of oms that a process can run.
var roles = []string{"api", "saga", "inventory", "promotion", "payment", "fraud", "customer", "publisher", "projections", "delivery"}

// serveConfig is everything that oms serve can be told.
type serveConfig struct {
	Data       string
	Listen     string
	NATSListen string
	NATSURL    string
	NATSCreds  string
	Roles      []string
	Durability string
	Partitions int
	Replicas   int
	Tenants    []string
	TokenFile  string
	OnDecline  string
	HoldTTL    time.Duration
	CaptureAt  string
	LogLevel   string
	LogFormat  string
	Profile    bool

	DefaultGateway          string
	StripeKeyFile           string
	StripeWebhookSecretFile string
	StripeURL               string

	ReturnWindow  time.Duration
	External      external.Config
	MetricsListen string
	OTLPEndpoint  string
	TraceRatio    float64

	deliverySettings
}

func (c *serveConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.Data, "data", "oms-data", "data folder: the log, folded state and read models")
	f.StringVar(&c.Listen, "listen", "127.0.0.1:8480", "address of the API; anything but loopback needs --token-file")
	f.StringVar(&c.NATSListen, "nats-listen", "127.0.0.1:4280", "address on which the embedded NATS server takes subscribers; empty for none")
	f.StringVar(&c.NATSURL, "nats-url", "", "use this NATS cluster instead of the embedded server")
	f.StringVar(&c.NATSCreds, "nats-creds", "", "credentials file for --nats-url")
	f.StringSliceVar(&c.Roles, "roles", roles, "parts to run; a participant that is left out is expected elsewhere")
	f.StringVar(&c.Durability, "durability", "power", "power: an answer is on disk before it is given; process: a power loss may take the last two minutes")
	f.IntVar(&c.Partitions, "partitions", 0, "partitions of a new log; 0 means 1 embedded and 16 on a cluster")
	f.IntVar(&c.Replicas, "replicas", 0, "copies of each stream; 0 means 1 embedded and 3 on a cluster")
	f.StringSliceVar(&c.Tenants, "tenants", []string{"default"}, "tenants that may be named by callers")
	f.StringVar(&c.TokenFile, "token-file", "", "file with the bearer tokens that may call the API")
	f.StringVar(&c.OnDecline, "on-payment-decline", "hold", "what a declined payment does to an order that does not say: hold or undo")
	f.DurationVar(&c.HoldTTL, "hold-ttl", 15*time.Minute, "how long an order is held for another payment")
	f.StringVar(&c.CaptureAt, "capture-at", "confirm", "when the payment of an order is taken that does not say: confirm, or ship with each package")
	f.DurationVar(&c.ReturnWindow, "return-window", 0, "how long after they left units may be returned; 0 means for ever")
	f.BoolVar(&c.External.Enabled, "enable-external-event", false, "publish EventBridge-shaped events of orders on ext.omsservices.>")
	f.BoolVar(&c.External.Fat, "enable-fat-event", false, "put the whole order into external events about a change of its status")
	f.StringVar(&c.External.Enricher, "external-fat-event-class", "", "enricher of fat events: PublicPayload or WithoutPersons; empty for none")
	f.StringVar(&c.External.Account, "external-account", "", "account in the envelope of external events")
	f.StringVar(&c.External.Region, "region", "", "region in the envelope of external events")
	f.StringVar(&c.DefaultGateway, "default-gateway", order.DefaultGateway, "gateway of payments that name none: simulated or stripe")
	f.StringVar(&c.StripeKeyFile, "stripe-key-file", "", "file with the secret key of a Stripe account; payments of the gateway stripe go there")
	f.StringVar(&c.StripeWebhookSecretFile, "stripe-webhook-secret-file", "", "file with the signing secrets of Stripe's webhooks, one a line; they are taken at /webhooks/stripe")
	f.StringVar(&c.StripeURL, "stripe-url", "", "URL of Stripe's API, for a proxy or a test; empty means Stripe's own")
	f.StringVar(&c.SecretKeyFile, "secret-key-file", "", "file with the keys that secrets of endpoints are sealed with, an id and 64 hex digits a line; empty makes one in the data folder. Processes that share a cluster share it")
	f.StringSliceVar(&c.DeliveryAllow, "delivery-allow", nil, "addresses or ranges that endpoints may be at although they are not public, such as 10.1.0.0/16")
	f.StringSliceVar(&c.DeliveryProxies, "delivery-proxies", nil, "URLs of proxies that endpoints may name")
	f.StringVar(&c.DscoAccounts, "dsco-accounts", "", "JSON file with the Dsco account of each tenant and those of its partners")
	f.StringVar(&c.DeliveryClientID, "delivery-client-id", "", "how this company is named in the header X-Directscale-Client-Id")
	f.StringVar(&c.PublicURL, "public-url", "", "URL at which receivers of events can call the API; thin events link to it")
	f.StringVar(&c.Environment, "environment", "live", "live or stage: whose endpoints hear what happens here")
	f.DurationVar(&c.SuspendAfter, "delivery-suspend-after", 5*24*time.Hour, "how long an endpoint may do nothing but fail before it is suspended; 0 means for ever")
	f.StringVar(&c.LogLevel, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&c.LogFormat, "log-format", "text", "text or json")
	f.StringVar(&c.MetricsListen, "metrics-listen", "", "address that serves /metrics and nothing else; the API's address has it, too")
	f.StringVar(&c.OTLPEndpoint, "otlp-endpoint", "", "URL of an OpenTelemetry collector that takes OTLP over HTTP; empty traces nothing, unless OTEL_EXPORTER_OTLP_ENDPOINT is set")
	f.Float64Var(&c.TraceRatio, "trace-ratio", 1, "share of the traces begun here that is kept; callers decide for theirs")
	f.BoolVar(&c.Profile, "profile", false, "serve Go profiles under /debug/pprof/, to callers on this machine only")
}

// complete checks what flags cannot and fills what depends on other fields.
func (c *serveConfig) complete() error {
	for _, r := range c.Roles {
		if !slices.Contains(roles, r) {
			return usageError("--roles: there is no role %q; roles are %s", r, strings.Join(roles, ", "))
		}
	}
	if c.Durability != "power" && c.Durability != "process" {
		return usageError("--durability: must be power or process, not %q", c.Durability)
	}
	if c.OnDecline != "hold" && c.OnDecline != "undo" {
		return usageError("--on-payment-decline: must be hold or undo, not %q", c.OnDecline)
	}
	if c.CaptureAt != "confirm" && c.CaptureAt != "ship" {
		return usageError("--capture-at: must be confirm or ship, not %q", c.CaptureAt)
	}
	if c.DefaultGateway != "" && c.DefaultGateway != order.DefaultGateway && c.DefaultGateway != stripe.Name {
		return usageError("--default-gateway: must be %s or %s, not %q", order.DefaultGateway, stripe.Name, c.DefaultGateway)
	}
	if c.DefaultGateway == stripe.Name && c.StripeKeyFile == "" && c.runs("payment") {
		return usageError("--default-gateway stripe needs --stripe-key-file")
	}
	if c.StripeWebhookSecretFile != "" && c.StripeKeyFile == "" {
		return usageError("--stripe-webhook-secret-file needs --stripe-key-file: what an event tells is asked for")
	}
	if c.TraceRatio < 0 || c.TraceRatio > 1 {
		return usageError("--trace-ratio: must be between 0 and 1, not %v", c.TraceRatio)
	}
	if err := c.External.Check(); err != nil {
		return usageError("--external-fat-event-class: %w", err)
	}
	if c.External.Fat && c.runs("publisher") && !c.runs("projections") && !c.runs("api") {
		return usageError("--enable-fat-event: the process that has the role publisher needs the role projections, too")
	}
	if err := c.completeDelivery(); err != nil {
		return err
	}
	cluster := c.NATSURL != ""
	if c.Partitions == 0 {
		c.Partitions = 1
		if cluster {
			c.Partitions = 16
		}
	}
	if c.Replicas == 0 {
		c.Replicas = 1
		if cluster {
			c.Replicas = 3
		}
	}
	return nil
}

func (c *serveConfig) runs(role string) bool { return slices.Contains(c.Roles, role) }

func (c *serveConfig) policy() saga.Policy {
	p := saga.Policy{HoldTTL: c.HoldTTL, OnDecline: orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_HOLD}
	if c.OnDecline == "undo" {
		p.OnDecline = orderv1.PaymentDeclinePolicy_PAYMENT_DECLINE_POLICY_UNDO
	}
	return p
}

func (c *serveConfig) captureAt() orderv1.CaptureAt {
	if c.CaptureAt == "ship" {
		return orderv1.CaptureAt_CAPTURE_AT_SHIP
	}
	return orderv1.CaptureAt_CAPTURE_AT_CONFIRM
}

// usage marks an error of the command line: exit code 2.
type usage struct{ error }

func usageError(format string, args ...any) error { return usage{fmt.Errorf(format, args...)} }
