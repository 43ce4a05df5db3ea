package directscale

import (
	"encoding/json"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
	"github.com/orderstream/oms/internal/fault"
)

// CustomNotice is a custom event as it is told (DS-EV-21): what was given, with
// the three fields that every event has. It fails when data is no JSON object.
func CustomNotice(id, kind, orderID, actor string, data []byte, at time.Time) (*deliveryv1.Notice, error) {
	var body map[string]any
	if err := json.Unmarshal(data, &body); err != nil || body == nil {
		return nil, fault.Field("data", "must be a JSON object")
	}
	body["EventDateUtc"], body["EventCategory"], body["EventType"] = date(at), categoryCustom, kind
	told, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	subject := orderID
	if subject == "" {
		subject = kind
	}
	return &deliveryv1.Notice{
		NoticeId: id, Vocabulary: deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE, Type: kind, Subject: subject, OrderId: orderID,
		At: timestamppb.New(at), Body: told, Actor: actor,
	}, nil
}
