package aws

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/internal/outbound"
)

// ofError is the meaning of a request that failed.
func ofError(err error, at time.Time) send.Verdict {
	status := 0
	v := send.Verdict{}
	response, answered := errors.AsType[*smithyhttp.ResponseError](err)
	if answered && response.Response != nil {
		status = response.HTTPStatusCode()
	}
	switch api, ok := errors.AsType[smithy.APIError](err); {
	case ok && api.ErrorCode() != "" && api.ErrorCode() != "UnknownError":
		v = ofCode(api.ErrorCode(), api.ErrorMessage())
	case status >= 300:
		v = ofStatus(status)
	default:
		f := outbound.Explain(err)
		if status != 0 && f.Reason == "connection" {
			f = outbound.Failure{Reason: "protocol", Detail: "the answer is not what the service says"}
		}
		v.Reason, v.Detail = f.Reason, f.Detail
		if f.Ours {
			v.Outcome = send.Unsent
		}
	}
	if v.Status = status; status != 0 {
		after, asked := outbound.RetryAfter(response.Response.Header, at)
		if v.Outcome == send.Throttled || asked && status == 503 {
			v.Outcome, v.RetryAfter = send.Throttled, after
		}
	}
	return v
}

func ofStatus(status int) send.Verdict {
	v := send.Verdict{Reason: "http_" + strconv.Itoa(status), Detail: "the service answered " + strconv.Itoa(status)}
	switch status {
	case 429:
		v.Outcome = send.Throttled
	case 413:
		v.Outcome = send.TooLarge
	}
	return v
}

// outcomes of error codes; all others may succeed later: the customer grants a
// right, or creates the queue.
var outcomes = map[string]send.Outcome{
	"InvalidMessageContents": send.Refused,
	"MalformedDetail":        send.Refused,
	"BatchRequestTooLong":    send.TooLarge,
	"EntryTooLarge":          send.TooLarge,
	"OverLimit":              send.Throttled,
	"KMSThrottled":           send.Throttled,
	"KmsThrottled":           send.Throttled,
}

// ofCode is the meaning of an error code. The message is the service's word to
// its customer; that on a wrong signature repeats what was signed, and is left
// out.
func ofCode(code, message string) send.Verdict {
	code = code[strings.LastIndexAny(code, ".#:")+1:]
	v := send.Verdict{Outcome: outcomes[code], Reason: reason(code), Detail: "the service answered " + code}
	if !words.MatchString(code) {
		v.Detail = "the service answered with an error"
	}
	if _, throttled := retry.DefaultThrottleErrorCodes[code]; throttled {
		v.Outcome = send.Throttled
	}
	if strings.Contains(message, "must be shorter than") { // a queue with a limit of its own
		v.Outcome = send.TooLarge
	}
	if !strings.Contains(code, "Signature") {
		v.Response = outbound.Excerpt([]byte(message))
	}
	return v
}

var words = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,63}$`)

// reason is an error code in snake_case: AccessDeniedException is access_denied.
func reason(code string) string {
	if !words.MatchString(code) {
		return "service_error"
	}
	if short := strings.TrimSuffix(code, "Exception"); short != "" {
		code = short
	}
	upper := func(i int) bool { return code[i] >= 'A' && code[i] <= 'Z' }
	var b strings.Builder
	for i := range len(code) {
		if i > 0 && upper(i) && (!upper(i-1) || i+1 < len(code) && !upper(i+1)) {
			b.WriteByte('_')
		}
		b.WriteByte(code[i])
	}
	return strings.ToLower(b.String())
}
