package obs

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/orderstream/oms/delivery"
	"github.com/orderstream/oms/delivery/send"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// Delivery are the hooks of the delivery engine. Endpoints are not labels: there
// may be thousands, and each has its own figures in its view.
func (m *Metrics) Delivery() delivery.Hooks {
	queued := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "oms_delivery_notices_total", Help: "Notices queued for endpoints, by the log that they were made from.",
	}, []string{"log"})
	attempts := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "oms_delivery_attempt_seconds", Help: "How long attempts to deliver took, by vocabulary and outcome.",
		Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 13),
	}, []string{"vocabulary", "outcome"})
	suspended := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "oms_delivery_suspended_total", Help: "Endpoints that were suspended, by reason.",
	}, []string{"reason"})
	m.registry.MustRegister(queued, attempts, suspended)
	return delivery.Hooks{
		Queued: func(log string, n int) { queued.WithLabelValues(log).Add(float64(n)) },
		Attempted: func(v deliveryv1.Vocabulary, o send.Outcome, took time.Duration) {
			attempts.WithLabelValues(strings.ToLower(strings.TrimPrefix(v.String(), "VOCABULARY_")), o.String()).Observe(took.Seconds())
		},
		Suspended: func(_, _, reason string) { suspended.WithLabelValues(reason).Inc() },
	}
}
