package aws_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/orderstream/oms/delivery/aws"
	"github.com/orderstream/oms/delivery/send"
	"github.com/orderstream/oms/delivery/sendtest"
)

func TestATopicTakesTenAtOnceAndSaysWhichItDoesNot(t *testing.T) {
	requests := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if r.FormValue("Action") != "PublishBatch" || r.FormValue("PublishBatchRequestEntries.member.10.Message") != `{"id":"m9"}` {
			t.Errorf("asked %v", r.Form)
		}
		taken := ""
		for i := 1; i < 9; i++ { // the one before the last fails, of the last nothing is said
			taken += fmt.Sprintf("<member><Id>%s</Id><MessageId>x</MessageId></member>", r.FormValue(fmt.Sprintf("PublishBatchRequestEntries.member.%d.Id", i)))
		}
		w.Header().Set("Content-Type", "text/xml")
		_, _ = fmt.Fprintf(w, `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Successful>%s</Successful><Failed><member>`+
			`<Id>%s</Id><Code>InvalidMessageContents</Code><Message>no</Message><SenderFault>true</SenderFault></member></Failed></PublishBatchResult></PublishBatchResponse>`,
			taken, r.FormValue("PublishBatchRequestEntries.member.9.Id"))
	}))
	t.Cleanup(srv.Close)
	s := openSNS(t, aws.SNS{Account: account(t, srv.URL), TopicARN: "arn:aws:sns:eu-west-1:123456789012:orders"})
	var ms []send.Message
	for i := range 10 {
		ms = append(ms, sendtest.Message(fmt.Sprint("m", i)))
	}
	for i, v := range s.Send(t.Context(), ms) {
		want := "delivered "
		switch i {
		case 8:
			want = "refused invalid_message_contents"
		case 9:
			want = "failed no_answer"
		}
		if got := v.Outcome.String() + " " + v.Reason; got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
	if requests != 1 {
		t.Errorf("%d requests", requests)
	}
}
