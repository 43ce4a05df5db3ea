package auth

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// CheckListen refuses an address that others can reach while nobody has to say
// who he is. Loopback addresses are always fine.
func CheckListen(addr string, configured bool) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("listen address %q: %w", addr, err)
	}
	if configured || loopback(host) {
		return nil
	}
	return fmt.Errorf("listen address %q can be reached from outside, and no tokens are configured: give a token file, or listen on 127.0.0.1", addr)
}

// LocalOnly refuses what a web page of another site makes a browser send to a
// service without tokens: requests to a name that is not this machine's, as
// DNS rebinding makes them, and requests across origins. Programs send neither.
func LocalOnly(next http.Handler) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if !loopback(strings.Trim(host, "[]")) {
			http.Error(w, "this service has no tokens and answers only as localhost", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopback reports whether a host name or address is this machine and never
// another one.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
