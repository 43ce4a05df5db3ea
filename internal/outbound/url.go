package outbound

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/orderstream/oms/internal/fault"
)

// maxURL is what common servers take of a request line, and more than anybody
// needs.
const maxURL = 2048

// CheckURL says what is wrong with a URL that somebody wants called: a fault
// that names the field, or nil. It is strict where parsers of URLs disagree. It
// asks no DNS, so what it accepts may still be refused when it is called.
func (g *Gate) CheckURL(field, raw string) error {
	var f fault.Fields
	u := parseURL(&f, field, raw)
	if u == nil {
		return f.Err()
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		f.Add(field, "must begin with https:// or http://")
	}
	if u.User != nil {
		f.Add(field, "must hold no user or password; use a header or OAuth")
	}
	if strings.Contains(raw, "#") {
		f.Add(field, "must hold no fragment")
	}
	port, err := portOf(u)
	if err == nil {
		err = g.checkPort(port)
	}
	if err != nil {
		f.Add(field, "%v", err)
	}
	if err := g.checkHost(u.Hostname()); err != nil {
		f.Add(field, "%v", err)
	}
	return f.Err()
}

func parseURL(f *fault.Fields, field, raw string) *url.URL {
	if raw == "" || len(raw) > maxURL {
		f.Add(field, "must have 1 to %d characters", maxURL)
		return nil
	}
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\\\"<>^`{|}", c) >= 0 {
			f.Add(field, "must be of the printable ASCII characters of URLs; write international names in punycode, the rest percent-encoded")
			return nil
		}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Host == "" || strings.ContainsAny(u.Host, "%@") {
		f.Add(field, "must be a URL such as https://example.com/events")
		return nil
	}
	return u
}

func portOf(u *url.URL) (uint16, error) {
	if strings.HasSuffix(u.Host, ":") {
		return 0, fmt.Errorf("must not end the host with a colon")
	}
	switch p := u.Port(); {
	case p == "" && u.Scheme == "https":
		return 443, nil
	case p == "":
		return 80, nil
	default:
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 || p[0] == '0' {
			return 0, fmt.Errorf("must have a port of 1 to 65535")
		}
		return uint16(n), nil
	}
}

// checkHost judges a host without port and brackets.
func (g *Gate) checkHost(host string) error {
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" {
			return fmt.Errorf("must hold no zone")
		}
		return g.CheckAddr(a)
	}
	if len(host) > 253 {
		return fmt.Errorf("must have a host of at most 253 characters")
	}
	labels := strings.Split(strings.ToLower(host), ".")
	last := labels[len(labels)-1]
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return fmt.Errorf("must have a host of labels of 1 to 63 letters, digits, hyphens, with single dots between them and none at the end")
		}
	}
	// 2130706433, 0x7f.1 and 0177.0.0.1 are 127.0.0.1 to some resolvers.
	if strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") {
		return fmt.Errorf("must write an IPv4 address as four decimal numbers without leading zeros")
	}
	if last == "localhost" && g.CheckAddr(netip.AddrFrom4([4]byte{127, 0, 0, 1})) != nil && g.CheckAddr(netip.IPv6Loopback()) != nil {
		return &Refused{Class: loopback}
	}
	return nil
}
