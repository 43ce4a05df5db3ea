package outbound_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/outbound"
)

// classes is every form of an address that is not public, and some that are.
var classes = map[string][]string{
	"": {
		"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1", "198.17.0.1", "198.20.0.1", "223.255.255.255",
		"2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1",
	},
	"loopback":          {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "::1%lo"},
	"private":           {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12:3456::1", "fec0::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b::192.168.0.1"},
	"link-local":        {"169.254.0.1", "fe80::1", "fe80::1%eth0", "::ffff:169.254.1.1", "64:ff9b::169.254.1.1"},
	"metadata":          {"169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fd00:ec2::254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd20:ce::254"},
	"unspecified":       {"0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0", "64:ff9b::"},
	"carrier-grade NAT": {"100.64.0.1", "100.127.255.255", "::ffff:100.64.0.1"},
	"multicast":         {"224.0.0.1", "239.255.255.250", "ff02::1", "64:ff9b::224.0.0.1"},
	"benchmark":         {"198.18.0.1", "198.19.255.255", "2001:2::1"},
	"documentation":     {"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"},
	"tunnel":            {"2002:7f00:1::", "2002:a00:1::1", "2002:101:101::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.88.99.1"},
	"reserved":          {"240.0.0.1", "255.255.255.255", "192.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b:1::a00:1", "100::1", "5f00::1", "2001:20::1", "4000::1"},
}

func TestAddressesThatAreNotPublicAreRefused(t *testing.T) {
	g := outbound.New(outbound.Policy{})
	for class, addrs := range classes {
		for _, s := range addrs {
			err := g.CheckAddr(netip.MustParseAddr(s))
			if class == "" {
				if err != nil {
					t.Errorf("%s: %v", s, err)
				}
				continue
			}
			refused, ok := err.(*outbound.Refused) //nolint:errorlint // that very error is promised
			if !ok || refused.Class != class {
				t.Errorf("%s: %v, want class %s", s, err, class)
				continue
			}
			if text := err.Error(); !strings.Contains(text, outbound.Setting) || !strings.Contains(text, class) || strings.Contains(text, s) && len(s) > 3 {
				t.Errorf("%s: says %q", s, text)
			}
		}
	}
	if g.CheckAddr(netip.Addr{}) == nil {
		t.Error("no address at all is let through")
	}
}

func TestTheOperatorsRangesAreLetThroughAndNothingElse(t *testing.T) {
	allow, err := outbound.ParseAllow("10.1.0.0/16", " 127.0.0.1 ", "fd12::/16", "169.254.0.0/16", "::1")
	if err != nil {
		t.Fatal(err)
	}
	g := outbound.New(outbound.Policy{Allow: allow})
	for s, want := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "127.0.0.1": true, "fd12::9": true, "169.254.1.1": true, "::1": true,
		"10.2.0.1": false, "127.0.0.2": false, "fd13::1": false, "64:ff9b::10.1.2.3": false,
		"169.254.169.254": false, // only by itself
	} {
		if got := g.CheckAddr(netip.MustParseAddr(s)) == nil; got != want {
			t.Errorf("%s let through: %v", s, got)
		}
	}
	alone, err := outbound.ParseAllow("169.254.169.254")
	if err != nil {
		t.Fatal(err)
	}
	if err := outbound.New(outbound.Policy{Allow: alone}).CheckAddr(netip.MustParseAddr("169.254.169.254")); err != nil {
		t.Errorf("named alone: %v", err)
	}
}

func TestRangesThatCannotBeReadAreNamed(t *testing.T) {
	_, err := outbound.ParseAllow("10.0.0.0/8", "ten", "10.0.0.0/40", "::ffff:10.0.0.0/104", "fe80::1%eth0", "")
	if got := len(fault.Violations(err)); got != 5 {
		t.Errorf("%d violations: %v", got, err)
	}
}
