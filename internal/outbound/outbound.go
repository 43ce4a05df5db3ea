// Package outbound is the way to addresses that customers name: webhook
// endpoints, token servers, brokers. Whoever may name an address may try to make
// this process talk to its own neighbours, so every connection is judged when it
// is dialled, by the address that the name has led to; a check at creation alone
// would be undone by the next DNS answer.
//
// Redirects are not followed, proxies of the environment are not used, answers
// are cut off, and no error names an address that was found behind a name.
package outbound

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/orderstream/oms/internal/fault"
)

// Setting is the name of the operator's setting behind Policy.Allow, as errors
// tell it.
const Setting = "--delivery-allow"

// Policy is what the operator permits. The zero value permits every address of
// the public internet, every port, and no proxy.
type Policy struct {
	// Allow are ranges that may be called although they are not public. The
	// address of a cloud's metadata service is let through only by a range that
	// holds nothing else, such as 169.254.169.254/32.
	Allow []netip.Prefix
	// Ports that may be called; empty means all.
	Ports []uint16
	// Proxies that endpoints may name, as URLs with http or https. A user and
	// password in one is the operator's: endpoints name the URL without it. What a
	// proxy connects to is the proxy's to judge: only addresses that are written
	// out are judged here.
	Proxies []string
}

// Gate is the way out. It is safe for concurrent use.
type Gate struct {
	policy  Policy
	proxies map[string]*url.URL // by the names that endpoints know
	plain   *Transport
}

// New returns the gate of a policy.
func New(p Policy) *Gate {
	g := &Gate{policy: Policy{Allow: slices.Clone(p.Allow), Ports: slices.Clone(p.Ports)}, proxies: map[string]*url.URL{}}
	for _, raw := range p.Proxies {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			continue // nobody can name it
		}
		name := *u
		name.User = nil
		g.proxies[name.String()] = u
	}
	g.plain = g.transport(Options{})
	return g
}

// ParseAllow reads the ranges of Policy.Allow. An address alone is the range
// that holds nothing else.
func ParseAllow(ranges ...string) ([]netip.Prefix, error) {
	var f fault.Fields
	var all []netip.Prefix
	for _, s := range ranges {
		s = strings.TrimSpace(s)
		if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
			a = a.Unmap()
			all = append(all, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil || p.Addr().Is4In6() {
			f.Add(Setting, "%q is neither an address nor a range such as 10.1.0.0/16", s)
			continue
		}
		all = append(all, p.Masked())
	}
	return all, f.Err()
}

// CheckAddr says whether the gate lets an address through: nil, or a Refused.
func (g *Gate) CheckAddr(a netip.Addr) error {
	a = a.Unmap().WithZone("")
	class := classOf(a)
	if class == public {
		return nil
	}
	for _, p := range g.policy.Allow {
		if p.Contains(a) && (class != metadata || p.IsSingleIP()) {
			return nil
		}
	}
	return &Refused{Class: class}
}

func (g *Gate) checkPort(port uint16) error {
	if port == 0 || len(g.policy.Ports) > 0 && !slices.Contains(g.policy.Ports, port) {
		return &Refused{Class: "port"}
	}
	return nil
}

// Refused says that the gate does not let an address through. It names the kind
// of the address and never the address: whoever named the host learns nothing
// of what the name leads to inside.
type Refused struct {
	// Class of the address, such as "private"; "port" for a port.
	Class string
}

// Error is for the owner of the endpoint.
func (r *Refused) Error() string {
	switch r.Class {
	case "port":
		return "the port is not one that may be called"
	case byProxy:
		return "the proxy does not let this address be called"
	case metadata:
		return "the host is at a cloud's metadata address; " + Setting + " permits it by that address alone"
	}
	return "the host is at a " + r.Class + " address; " + Setting + " permits ranges of such addresses"
}
