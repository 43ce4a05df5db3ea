package aws

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// DefaultClient calls as the senders of this package do, anywhere.
var DefaultClient sqs.HTTPClient = client{http.DefaultClient}
