package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/internal/outbound"
)

// OAuth gets tokens by client credentials.
type OAuth struct {
	// TokenURL, ClientID and ClientSecret are required.
	TokenURL, ClientID, ClientSecret string
	// Scopes and Audience to ask for; may be empty.
	Scopes   []string
	Audience string
}

func (o *OAuth) check(g *outbound.Gate) error {
	var f fault.Fields
	for _, v := range fault.Violations(g.CheckURL("oauth.token_url", o.TokenURL)) {
		f.Add(v.Field, "%s", v.Message)
	}
	if o.ClientID == "" {
		f.Add("oauth.client_id", "must be given")
	}
	if o.ClientSecret == "" {
		f.Add("oauth.client_secret", "must be given")
	}
	return f.Err()
}

// tokens keeps a token until it ends or the receiver turns it away. A nil one
// has no token to give.
type tokens struct {
	config *clientcredentials.Config
	client *http.Client
	kept   atomic.Pointer[oauth2.Token]
	// turn holds one ticket: whoever has it asks the token server, the others
	// wait for the answer, no longer than their attempt lasts.
	turn chan struct{}
}

func (o *OAuth) open(t *outbound.Transport) *tokens {
	c := &clientcredentials.Config{ClientID: o.ClientID, ClientSecret: o.ClientSecret, TokenURL: o.TokenURL, Scopes: o.Scopes}
	if o.Audience != "" {
		c.EndpointParams = url.Values{"audience": {o.Audience}}
	}
	ts := &tokens{config: c, client: t.Client(), turn: make(chan struct{}, 1)}
	ts.turn <- struct{}{}
	return ts
}

var errToken = errors.New("the token server's answer holds no token that fits into a header")

func (t *tokens) get(ctx context.Context) (*oauth2.Token, error) {
	if t == nil {
		return nil, nil //nolint:nilnil // no token is needed
	}
	if token := t.kept.Load(); token.Valid() {
		return token, nil
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-t.turn:
		defer func() { t.turn <- struct{}{} }()
	}
	if token := t.kept.Load(); token.Valid() {
		return token, nil
	}
	token, err := t.config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.client))
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	if !token.Valid() || !outbound.IsFieldValue(token.Type()+" "+token.AccessToken) {
		return nil, errToken
	}
	t.kept.Store(token)
	return token, nil
}

// drop forgets a token that the receiver does not take.
func (t *tokens) drop(token *oauth2.Token) {
	if t != nil {
		t.kept.CompareAndSwap(token, nil)
	}
}

// tokenDetail says what the token server did, in its standard words alone: its
// own may hold anything.
func tokenDetail(err error) string {
	answered, ok := errors.AsType[*oauth2.RetrieveError](err)
	_, asked := errors.AsType[*url.Error](err)
	switch {
	case ok && answered.Response != nil:
		code := answered.ErrorCode
		if len(code) > 64 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
			code = ""
		}
		return strings.TrimSpace(fmt.Sprintf("the token server answered %d %s", answered.Response.StatusCode, code))
	case asked, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "token server: " + outbound.Explain(err).Detail
	}
	return errToken.Error()
}
