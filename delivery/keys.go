package delivery

import (
	"log/slog"
	"time"

	"github.com/orderstream/oms/endpoint"
)

// open makes the sender of the endpoint as it is set up now. The lock is held.
func (l *lane) open() {
	l.retire()
	l.renew = nextKeyEnd(l.cfg, l.shard.cfg.Now())
	sender, err := l.shard.cfg.Sender(l.key.tenant, l.cfg)
	if err != nil {
		slog.Warn("endpoint cannot be sent to", slog.String("tenant", l.key.tenant), slog.String("endpoint", l.key.id), slog.Any("error", err))
		return
	}
	l.sender = &shared{Sender: sender, uses: 1}
}

// renewIfNeeded makes the sender anew when one of its keys has ended: the next
// message is not signed with it any more. The lock is held.
func (l *lane) renewIfNeeded(now time.Time) {
	if !l.renew.IsZero() && !now.Before(l.renew) {
		l.open()
	}
}

// nextKeyEnd is when the first of the keys that sign now ends; zero when none
// does.
func nextKeyEnd(c endpoint.Config, now time.Time) (first time.Time) {
	for _, k := range c.GetDestination().GetWebhook().GetSigningKeys() {
		if k.GetEndsAt() == nil {
			continue
		}
		if at := k.GetEndsAt().AsTime(); at.After(now) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}
