package rpc

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/orderstream/oms/endpoint"
	"github.com/orderstream/oms/eventstore"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/projections"
)

// deliveryCommand is a command on an endpoint.
type deliveryCommand = eventstore.Transaction[endpoint.State]

// Bounds of the history of callbacks.
const (
	day        = 24 * time.Hour
	pageLife   = 5 * time.Minute
	historyRow = 50 // callbacks that were queued, a page
)

func (s dscoService) GetWebhookHistory(ctx context.Context, req *deliveryv1.GetWebhookHistoryRequest) (*deliveryv1.GetWebhookHistoryResponse, error) {
	f, err := s.historyFilter(req)
	if err != nil {
		return nil, err
	}
	if req.GetWebhookUuid() != "" {
		if _, err := s.webhook(ctx, req.GetWebhookUuid()); err != nil {
			return nil, err
		}
	}
	page, next, err := s.View.List(callOf(ctx).Tenant, f)
	if err != nil {
		return nil, err
	}
	res := &deliveryv1.GetWebhookHistoryResponse{}
	if next != "" {
		res.PageId = base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(s.now().Unix(), 10) + " " + next))
	}
	for _, d := range page {
		rows, err := s.callbacks(ctx, d)
		if err != nil {
			return nil, err
		}
		res.WebhookHistory = append(res.WebhookHistory, rows...)
	}
	return res, nil
}

// historyFilter is what a request asks for.
func (s dscoService) historyFilter(req *deliveryv1.GetWebhookHistoryRequest) (f projections.DeliveryFilter, err error) {
	var bad fault.Fields
	f = projections.DeliveryFilter{EndpointID: req.GetWebhookUuid(), OrderID: req.GetOrderId(), PageSize: historyRow}
	f.From, f.Before = bounded(req.GetSince(), "since", &bad), bounded(req.GetUntil(), "until", &bad)
	if f.EndpointID == "" && f.OrderID == "" {
		end := f.Before
		if end.IsZero() {
			end = s.now()
		}
		if f.From.IsZero() {
			f.From = end.Add(-day)
		}
		if end.Sub(f.From) > day {
			bad.Add("since", "must be at most a day before the end, unless webhookUuid or orderId is given")
		}
	}
	if req.GetPageId() != "" {
		raw, err := base64.RawURLEncoding.DecodeString(req.GetPageId())
		at, token, _ := strings.Cut(string(raw), " ")
		seconds, err2 := strconv.ParseInt(at, 10, 64)
		if err != nil || err2 != nil {
			bad.Add("pageId", "must be that of the page before")
		} else if s.now().Sub(time.Unix(seconds, 0)) > pageLife {
			bad.Add("pageId", "is older than five minutes")
		}
		f.PageToken = token
	}
	return f, bad.Err()
}

// bounded reads a time in any form that Dsco has (DC-CN-15); zero when there is
// none.
func bounded(s, field string, bad *fault.Fields) time.Time {
	if s == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	bad.Add(field, "must be a date such as 2014-01-01T10:30:00.000+01:00")
	return time.Time{}
}

// callbacks are the attempts at a delivery, the latest first; none for an
// endpoint that does not speak Dsco.
func (s dscoService) callbacks(ctx context.Context, d *deliveryv1.Delivery) (rows []*deliveryv1.WebhookHistory, err error) {
	snap, err := s.Log.Read(ctx, callOf(ctx).Tenant, endpoint.Scope, endpoint.ID(d.GetEndpointId()))
	if err != nil || snap.State.Config.GetVocabulary() != deliveryv1.Vocabulary_VOCABULARY_DSCO {
		return nil, err
	}
	n, err := s.notice(ctx, refOf(d.GetNotice()))
	if err != nil {
		return nil, err
	}
	var payload map[string]any
	if err := json.Unmarshal(n.GetBody(), &payload); err != nil {
		return nil, err
	}
	sent, err := structpb.NewStruct(map[string]any{
		"webhookUuid": d.GetEndpointId(), "event": n.GetType(), "eventDate": isoDate(n.GetAt()), "payload": payload,
	})
	if err != nil {
		return nil, err
	}
	earlier := int(d.GetAttemptCount()) - len(d.GetAttempts()) // forgotten
	for i := len(d.GetAttempts()) - 1; i >= 0; i-- {
		a := d.GetAttempts()[i]
		row := &deliveryv1.WebhookHistory{
			WebhookHistoryId: float64(d.GetNotice().GetPosition())*1e6 + float64(d.GetNotice().GetPlace())*100 + float64(min(earlier+i+1, 99)),
			Success:          a.GetOutcome() == deliveryv1.Outcome_OUTCOME_DELIVERED, CallbackUrl: snap.State.Config.GetDestination().GetWebhook().GetUrl(),
			Hash: fmt.Sprintf("%X", sha256.Sum256(n.GetBody())), Payload: sent, HttpStatusCode: a.GetStatus(), CreateDate: isoDate(a.GetAt()),
		}
		if !row.GetSuccess() {
			row.HttpErrorMessage, row.FailureMessage = strings.ToValidUTF8(string(a.GetResponse()), "?"), or(a.GetDetail(), a.GetReason())
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
