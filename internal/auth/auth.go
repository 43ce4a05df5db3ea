// Package auth says who calls, for which tenant, and what the caller may do.
//
// An installation either knows bearer tokens or knows nobody. Without tokens
// every caller may do everything, which is right for one person on one
// machine; CheckListen keeps such a service off the network, and LocalOnly
// keeps web pages of other sites away from it.
//
// Tenants are the same in both cases: a caller names one in the header
// Oms-Tenant, and it must be one that this installation serves.
package auth

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/workqueue"
)

// Headers that say who calls.
const (
	// HeaderTenant names the tenant that a call is for.
	HeaderTenant = "Oms-Tenant"
	// HeaderActor names the caller where there are no tokens; it is believed,
	// and only recorded.
	HeaderActor = "Oms-Actor"
)

// DefaultTenant is the tenant of a caller that names none.
const DefaultTenant = workqueue.DefaultTenant

// Anonymous is the actor of a call whose caller nobody knows.
const Anonymous = "anonymous"

// Reasons of a refusal.
const (
	// ReasonUnauthenticated: there is no token, or nobody knows it.
	ReasonUnauthenticated = "unauthenticated"
	// ReasonScope: the token is good, but not for this.
	ReasonScope = "scope_missing"
	// ReasonTenant: the tenant is not served, or not to this token.
	ReasonTenant = "tenant_not_permitted"
)

// Scope is a kind of thing that a caller may do.
type Scope uint8

const (
	// Read looks at orders, stock, promotions, payments and read models.
	Read Scope = 1 << iota
	// Write places and changes orders, stock and promotions.
	Write
	// Operate steers the machine: sagas, rebuilds, the simulated gateway, and
	// the log itself, whose events show more than the read models do.
	Operate
	// Subscriptions says who hears what happens, publishes custom events, and
	// delivers again: endpoints and their secrets.
	Subscriptions
)

// scopes by their names in the token file.
var scopes = map[string]Scope{"read": Read, "write": Write, "operate": Operate, "event-subscriptions:write": Subscriptions}

// String is the name in the token file.
func (s Scope) String() string {
	for name, scope := range scopes {
		if scope == s {
			return name
		}
	}
	return fmt.Sprintf("scope(%d)", uint8(s))
}

// Caller is who calls, and for which tenant.
type Caller struct {
	// Actor is the subject of the token, or what the caller says it is.
	Actor string
	// Tenant that the call is for.
	Tenant string
	// Operator may do what customers may not: who has the scope Operate, and
	// everybody where nobody is asked who he is.
	Operator bool
}

// Config of a Guard.
type Config struct {
	// Tokens that are known; nil knows nobody and admits everybody.
	Tokens *Tokens
	// Tenants that are served; empty serves the default tenant alone.
	Tenants []string
}

// Guard decides on calls by their headers. It is safe for concurrent use.
type Guard struct {
	tokens  *Tokens
	tenants []string
}

var tenantSyntax = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// New makes a guard; it fails on a tenant that cannot be one.
func New(cfg Config) (*Guard, error) {
	g := &Guard{tokens: cfg.Tokens, tenants: cfg.Tenants}
	if len(g.tenants) == 0 {
		g.tenants = []string{DefaultTenant}
	}
	for _, t := range g.tenants {
		if !tenantSyntax.MatchString(t) {
			return nil, fmt.Errorf("tenant %q: must be 1 to 32 lower case letters, digits or \"-\"", t)
		}
	}
	return g, nil
}

// Open reports whether everybody is admitted.
func (g *Guard) Open() bool { return g.tokens == nil }

// Admit says who calls, or refuses a call that needs a scope.
func (g *Guard) Admit(h http.Header, need Scope) (Caller, error) {
	if g.Open() {
		return g.admitOpen(h)
	}
	secret, ok := bearer(h)
	if !ok {
		return Caller{}, fault.New(fault.PermissionDenied, ReasonUnauthenticated, "a bearer token is needed: Authorization: Bearer <token>")
	}
	t, ok := g.tokens.find(secret)
	if !ok {
		return Caller{}, fault.New(fault.PermissionDenied, ReasonUnauthenticated, "the bearer token is not known")
	}
	if t.scopes&need == 0 {
		return Caller{}, fault.New(fault.PermissionDenied, ReasonScope, "the token of %s lacks the scope %s", t.subject, need)
	}
	tenant, err := g.tenant(h, t.tenant())
	if err != nil {
		return Caller{}, err
	}
	if !t.serves(tenant) {
		return Caller{}, notPermitted(tenant)
	}
	return Caller{Actor: t.subject, Tenant: tenant, Operator: t.scopes&Operate != 0}, nil
}

func (g *Guard) admitOpen(h http.Header) (Caller, error) {
	tenant, err := g.tenant(h, DefaultTenant)
	if err != nil {
		return Caller{}, err
	}
	actor := h.Get(HeaderActor)
	switch {
	case actor == "":
		actor = Anonymous
	case !actorSyntax.MatchString(actor):
		return Caller{}, fault.Field(HeaderActor, "must be 1 to 128 printable ASCII characters without spaces")
	}
	return Caller{Actor: actor, Tenant: tenant, Operator: true}, nil
}

// tenant is the one that the call names, or else a default, if it is served.
func (g *Guard) tenant(h http.Header, unnamed string) (string, error) {
	tenant := h.Get(HeaderTenant)
	if tenant == "" {
		tenant = unnamed
	}
	if !tenantSyntax.MatchString(tenant) {
		return "", fault.Field(HeaderTenant, `must be 1 to 32 lower case letters, digits or "-"`)
	}
	if !slices.Contains(g.tenants, tenant) {
		return "", notPermitted(tenant)
	}
	return tenant, nil
}

// notPermitted does not say whether there is such a tenant.
func notPermitted(tenant string) error {
	return fault.New(fault.PermissionDenied, ReasonTenant, "tenant %q is not permitted here", tenant)
}

// bearer is the token of a call.
func bearer(h http.Header) (string, bool) {
	scheme, secret, _ := strings.Cut(h.Get("Authorization"), " ")
	secret = strings.TrimSpace(secret)
	return secret, strings.EqualFold(scheme, "Bearer") && secret != ""
}
