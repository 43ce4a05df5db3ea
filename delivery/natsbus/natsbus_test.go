package natsbus_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"pgregory.net/rapid"

	"github.com/orderstream/oms/delivery/natsbus"
	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/delivery/sendtest"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/natsembed"
)

// server runs NATS for a test.
func server(t *testing.T) *nats.Conn {
	t.Helper()
	s, err := natsembed.Start(natsembed.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(t.Context()) })
	nc, err := s.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// stream keeps what is published on events.>.
func stream(t *testing.T, nc *nats.Conn, c jetstream.StreamConfig) jetstream.Stream {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	c.Name, c.Subjects = "EVENTS", []string{"events.>"}
	s, err := js.CreateStream(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t *testing.T, c natsbus.Config) *natsbus.Sender {
	t.Helper()
	if c.Source == "" {
		c.Source = "/orders"
	}
	s, err := natsbus.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

const template = "events.{tenant}.{environment}.{type}.{subject}"

func TestSubjectsWithAStreamKeepTheContractOfSenders(t *testing.T) {
	sendtest.Run(t, sendtest.Suite{Open: func(t *testing.T) (send.Sender, func() []sendtest.Arrived) {
		t.Helper()
		nc := server(t)
		kept := stream(t, nc, jetstream.StreamConfig{})
		return open(t, natsbus.Config{Conn: nc, Subject: template, JetStream: true}), func() (all []sendtest.Arrived) {
			info, err := kept.Info(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for seq := uint64(1); seq <= info.State.LastSeq; seq++ {
				m, err := kept.GetMsg(t.Context(), seq)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, sendtest.Arrived{ID: m.Header.Get("ce-id"), Body: m.Data})
			}
			return all
		}
	}})
}

func TestSubjectsWithoutAStreamKeepTheContractOfSenders(t *testing.T) {
	sendtest.Run(t, sendtest.Suite{Open: func(t *testing.T) (send.Sender, func() []sendtest.Arrived) {
		t.Helper()
		nc := server(t)
		sub, err := nc.SubscribeSync("events.>")
		if err != nil {
			t.Fatal(err)
		}
		return open(t, natsbus.Config{Conn: nc, Subject: template}), func() (all []sendtest.Arrived) {
			if err := nc.Flush(); err != nil {
				t.Fatal(err)
			}
			waiting, _, err := sub.Pending()
			if err != nil {
				t.Fatal(err)
			}
			for range waiting {
				m, err := sub.NextMsg(time.Second)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, sendtest.Arrived{ID: m.Header.Get("ce-id"), Body: m.Data})
			}
			return all
		}
	}})
}

func TestAMessageIsACloudEventInBinaryMode(t *testing.T) {
	nc := server(t)
	sub, err := nc.SubscribeSync(">")
	if err != nil {
		t.Fatal(err)
	}
	m := sendtest.Message("m1")
	m.Subject, m.Type = "order 7/ü", "order.created"
	m.Headers = []send.Header{{Name: "X-Kind", Value: "a\r\nb"}, {Name: "Nats-Expected-Stream", Value: "x"}, {Name: "nats-rollup", Value: "all"}, {Name: "CE-id", Value: "x"}, {Name: "b d", Value: "x"}}
	if v := open(t, natsbus.Config{Conn: nc, Subject: template}).Send(t.Context(), []send.Message{m})[0]; v.Outcome != send.Delivered {
		t.Fatalf("%+v", v)
	}
	got, err := sub.NextMsg(5 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	want := nats.Header{
		"ce-specversion": {"1.0"}, "ce-id": {"m1"}, "ce-source": {"/orders"}, "ce-type": {"order.created"}, "ce-subject": {"order%207/%C3%BC"},
		"ce-time": {"2026-03-01T12:00:00.123Z"}, "ce-tenant": {"acme"}, "ce-environment": {"live"}, "ce-datacontenttype": {"application/json"},
		"Nats-Msg-Id": {"m1"}, "X-Kind": {"a%0D%0Ab"},
	}
	if diff := cmp.Diff(want, got.Header); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if want := "events.acme.live.order.created.order%207%2F%C3%BC"; got.Subject != want {
		t.Errorf("subject %q, want %q", got.Subject, want)
	}
}

func TestNoWordLeadsOutOfTheTemplate(t *testing.T) {
	nc := server(t)
	sub, err := nc.SubscribeSync(">")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, natsbus.Config{Conn: nc, Subject: "events.{tenant}.{subject}.{type}.end"})
	rapid.Check(t, func(rt *rapid.T) {
		m := sendtest.Message("m1")
		word := rapid.OneOf(rapid.String(), rapid.StringMatching(`[.*>$ a-z]{0,8}`))
		m.Tenant, m.Subject, m.Type = word.Draw(rt, "tenant"), word.Draw(rt, "subject"), word.Draw(rt, "type")
		v := s.Send(t.Context(), []send.Message{m})[0]
		if v.Outcome == send.Refused {
			return
		}
		if v.Outcome != send.Delivered {
			rt.Fatalf("%+v", v)
		}
		got, err := sub.NextMsg(5 * time.Second)
		if err != nil {
			rt.Fatal(err)
		}
		tokens := strings.Split(got.Subject, ".")
		if tokens[0] != "events" || tokens[len(tokens)-1] != "end" || len(tokens) != 5+strings.Count(m.Type, ".") || strings.ContainsAny(got.Subject, "*> \t\r\n$") {
			rt.Errorf("%q", got.Subject)
		}
	})
}

func TestTemplatesStayInTheSubjectsForOthers(t *testing.T) {
	nc := server(t)
	for subject, want := range map[string]bool{
		"events.{tenant}.{type}": true, "events.a-b_c": true, "shop.{type}": true,
		"events": false, "": false, "other.x": false, "log.orders.x.0": false, "cmd.x": false, "$JS.API.x": false, "$KV.x.y": false, "_INBOX.x": false,
		"{tenant}.events": false, "events.*": false, "events.>": false, "events..x": false, "events.x.": false, "events.a b": false, "events.{nobody}": false,
		"events.x{type}": false, "events._x": false, "order.created": false, "events." + strings.Repeat("x", 600): false,
	} {
		_, err := natsbus.Open(natsbus.Config{Conn: nc, Subject: subject, Source: "/x", Roots: []string{"events", "shop", "order", "log"}})
		if (err == nil) != want || err != nil && fault.Violations(err)[0].Field != "subject" {
			t.Errorf("%q: %v", subject, err)
		}
	}
	if _, err := natsbus.Open(natsbus.Config{Conn: nc, Subject: "shop.x", Source: "/x"}); err == nil {
		t.Error("a root that the operator did not name is accepted")
	}
}

func TestTheStreamsAnswerDecides(t *testing.T) {
	nc := server(t)
	s := open(t, natsbus.Config{Conn: nc, Subject: "events.{tenant}", JetStream: true})
	if v := s.Send(t.Context(), []send.Message{sendtest.Message("m1")})[0]; v.Outcome != send.Failed || v.Reason != "no_stream" {
		t.Errorf("no stream: %+v", v)
	}
	stream(t, nc, jetstream.StreamConfig{MaxMsgs: 1, Discard: jetstream.DiscardNew, MaxMsgSize: 2000})
	long := sendtest.Message("long")
	long.Body = make([]byte, 3000)
	if v := s.Send(t.Context(), []send.Message{long})[0]; v.Outcome != send.TooLarge {
		t.Errorf("too large: %+v", v)
	}
	a, b, c := sendtest.Message("a"), sendtest.Message("b"), sendtest.Message("c")
	b.Subject, c.Subject = "same", "same"
	v := s.Send(t.Context(), []send.Message{a, b, c})
	if v[0].Outcome != send.Delivered || v[1].Outcome != send.Failed || v[1].Reason != "stream" || v[2].Outcome != send.Unsent || v[2].Reason != "order_kept" {
		t.Errorf("a full stream: %+v", v)
	}
	nc.Close()
	if v := s.Send(t.Context(), []send.Message{a})[0]; v.Outcome != send.Unsent || v.Reason != "nats" {
		t.Errorf("no server: %+v", v)
	}
}
