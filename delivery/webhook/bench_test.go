package webhook_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/delivery/sendtest"
	"github.com/orderstream/oms/delivery/signature"
	"github.com/orderstream/oms/delivery/webhook"
)

// sink answers every request with 200 and costs next to nothing.
func sink(b *testing.B) (url string) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c)
		}
	}()
	return "http://" + l.Addr().String()
}

func answer(c net.Conn) {
	defer func() { _ = c.Close() }()
	for r := bufio.NewReader(c); ; {
		length := 0
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if value, found := strings.CutPrefix(line, "Content-Length: "); found {
				length, _ = strconv.Atoi(strings.TrimSpace(value))
			}
			if line == "\r\n" {
				break
			}
		}
		if _, err := r.Discard(length); err != nil {
			return
		}
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
			return
		}
	}
}

// The sender against what net/http does with the same signature and no more.
func BenchmarkWebhook(b *testing.B) {
	m := sendtest.Message("m1")
	m.Body = bytes.Repeat([]byte("x"), 1<<10)
	keys := []*signature.Key{signature.NewSecret()}

	b.Run("net/http", func(b *testing.B) {
		url, client := sink(b), &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 15 * time.Second}
		b.ReportAllocs()
		for b.Loop() {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, bytes.NewReader(m.Body))
			if err != nil {
				b.Fatal(err)
			}
			at := time.Now()
			r.Header.Set("Content-Type", m.ContentType)
			r.Header.Set("X-Event-Kind", "order")
			r.Header.Set("webhook-id", m.ID)
			r.Header.Set("webhook-timestamp", signature.Timestamp(at))
			r.Header.Set("webhook-signature", signature.Sign(keys, m.ID, at, m.Body))
			res, err := client.Do(r)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	})
	b.Run("sender", func(b *testing.B) {
		s := open(b, webhook.Config{URL: sink(b), Keys: keys})
		ms := []send.Message{m}
		b.ReportAllocs()
		for b.Loop() {
			if v := s.Send(b.Context(), ms); v[0].Outcome != send.Delivered {
				b.Fatalf("%+v", v[0])
			}
		}
	})
}
