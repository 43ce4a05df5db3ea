package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// hookFlags are the flags for how an endpoint is set up.
type hookFlags struct {
	file, vocabulary, environment, detail, format, description string

	url, bearer, signature, signatureHeader, proxy, marker string

	events, headers []string
	ordered         bool
	concurrency     int32
	rate            float64
	timeout         time.Duration
	retries         []string
}

func (h *hookFlags) flags(f *pflag.FlagSet) {
	f.StringVarP(&h.file, "file", "f", "", `settings in JSON, as the API has them: AWS, NATS, OAuth and certificates are set up so; "-" is standard input`)
	f.StringVar(&h.url, "url", "", "where events are posted")
	f.StringVar(&h.vocabulary, "vocabulary", "", "in whose words: directscale, dsco or skava (default directscale)")
	f.StringArrayVar(&h.events, "event", nil, `type of event that it hears; may be repeated, and then says all of them (default "*", all)`)
	f.StringVar(&h.environment, "environment", "", "live or stage (default live)")
	f.StringVar(&h.description, "description", "", "for people")
	f.StringArrayVar(&h.headers, "header", nil, `header to send, "Name: value"; may be repeated, and then says all of them`)
	f.StringVar(&h.bearer, "bearer-token", "", "sent as Authorization: Bearer; empty sends none")
	f.StringVar(&h.signature, "signature", "", "hmac-sha256, ed25519 or none (default hmac-sha256)")
	f.StringVar(&h.signatureHeader, "signature-header", "", "name of the header of the signature")
	f.StringVar(&h.proxy, "proxy", "", "proxy to go through, one that the operator permits")
	f.StringVar(&h.marker, "marker", "", `environment marker, appended to the URL as "environment"`)
	f.StringVar(&h.detail, "detail", "", "thin or fat; empty is as the vocabulary has it")
	f.StringVar(&h.format, "format", "", "eventbridge, cloudevents or cloudevents-binary; empty is as the vocabulary has it")
	f.BoolVar(&h.ordered, "ordered", false, "keep the order of events about one subject")
	f.Int32Var(&h.concurrency, "concurrency", 0, "attempts under way at once; 0 is the installation's")
	f.Float64Var(&h.rate, "rate", 0, "attempts a second; 0 is no limit")
	f.DurationVar(&h.timeout, "attempt-timeout", 0, "how long an attempt may take; 0 is the installation's")
	f.StringSliceVar(&h.retries, "retry", nil, "waits between attempts, such as 10s,1m,5m")
}

// settings are those of before with what was given.
func (h *hookFlags) settings(a *app, cmd *cobra.Command, before *deliveryv1.EndpointSettings) (*deliveryv1.EndpointSettings, error) {
	s := before
	if h.file != "" {
		raw, err := read(h.file, a.in)
		if err != nil {
			return nil, err
		}
		s = &deliveryv1.EndpointSettings{}
		if err := protojson.Unmarshal(raw, s); err != nil {
			return nil, usageError("%s are not settings: %s", h.file, strings.ReplaceAll(err.Error(), "\u00a0", " "))
		}
	}
	given := cmd.Flags().Changed
	for _, err := range []error{
		choose(cmd, "vocabulary", h.vocabulary, &s.Vocabulary), choose(cmd, "environment", h.environment, &s.Environment),
		choose(cmd, "detail", h.detail, &s.Detail), choose(cmd, "format", h.format, &s.Format),
	} {
		if err != nil {
			return nil, err
		}
	}
	if given("event") {
		s.EventTypes = h.events
	}
	if given("description") {
		s.Description = h.description
	}
	if given("ordered") {
		s.Ordered = h.ordered
	}
	if err := h.pace(cmd, s); err != nil {
		return nil, err
	}
	return s, h.webhook(cmd, s)
}

// enum is a generated enum.
type enum interface {
	~int32
	Descriptor() protoreflect.EnumDescriptor
}

// choose sets a value of an enum to the word of a flag, if it was given; the
// empty word is the default.
func choose[E enum](cmd *cobra.Command, flag, text string, to *E) error {
	if !cmd.Flags().Changed(flag) {
		return nil
	}
	if *to = 0; text == "" {
		return nil
	}
	n, err := parseWord((*to).Descriptor(), text)
	if err != nil {
		return usageError("--%s: %w", flag, err)
	}
	*to = E(n)
	return nil
}

func (h *hookFlags) pace(cmd *cobra.Command, s *deliveryv1.EndpointSettings) error {
	p := s.GetPace()
	if p == nil {
		p = &deliveryv1.Pace{}
	}
	given := cmd.Flags().Changed
	if given("concurrency") {
		p.Concurrency = h.concurrency
	}
	if given("rate") {
		p.RatePerSecond = h.rate
	}
	if given("attempt-timeout") {
		p.Timeout = durationpb.New(h.timeout)
	}
	if given("retry") {
		p.Retries = nil
		for _, text := range nonEmpty(h.retries...) {
			d, err := time.ParseDuration(text)
			if err != nil {
				return usageError("--retry: %q is no duration like 10s", text)
			}
			p.Retries = append(p.Retries, durationpb.New(d))
		}
	}
	if !proto.Equal(p, &deliveryv1.Pace{}) {
		s.Pace = p
	}
	return nil
}

// webhook sets what concerns a webhook; an endpoint of another kind becomes one
// when there is a URL.
func (h *hookFlags) webhook(cmd *cobra.Command, s *deliveryv1.EndpointSettings) error {
	given := cmd.Flags().Changed
	w := s.GetDestination().GetWebhook()
	if w == nil {
		for _, flag := range []string{"header", "bearer-token", "signature", "signature-header", "proxy", "marker"} {
			if given(flag) && !given("url") {
				return usageError("--%s goes with --url", flag)
			}
		}
		if !given("url") {
			return nil
		}
		w = &deliveryv1.WebhookSettings{}
		s.Destination = &deliveryv1.DestinationSettings{Kind: &deliveryv1.DestinationSettings_Webhook{Webhook: w}}
	}
	for flag, to := range map[string]*string{
		"url": &w.Url, "signature": &w.Signature, "signature-header": &w.SignatureHeader, "proxy": &w.ProxyUrl, "marker": &w.EnvironmentMarker,
	} {
		if given(flag) {
			*to = cmd.Flags().Lookup(flag).Value.String()
		}
	}
	if given("bearer-token") {
		w.BearerToken = &h.bearer
	}
	if !given("header") {
		return nil
	}
	w.Headers = nil
	for _, text := range nonEmpty(h.headers...) {
		name, value, found := strings.Cut(text, ":")
		if !found {
			return usageError(`--header: %q is not "Name: value"`, name)
		}
		w.Headers = append(w.Headers, &deliveryv1.HeaderSetting{Name: strings.TrimSpace(name), Value: proto.String(strings.TrimSpace(value))})
	}
	return nil
}
