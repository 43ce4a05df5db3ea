package jsstore

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

func TestEveryAnswerToAnAppendIsRead(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		seq    uint64
		fenced bool
		code   jetstream.ErrorCode
		fails  bool
	}{
		"stored":                  {answer: `{"stream":"LOG_ORDER", "seq":42}`, seq: 42},
		"stored, other spaces":    {answer: `{"stream": "LOG_ORDER","seq": 42}`, seq: 42},
		"stored in a domain":      {answer: `{"stream":"LOG_ORDER", "domain":"hub", "seq":42}`, seq: 42},
		"stored, more to say":     {answer: `{"stream":"LOG_ORDER", "seq":42, "new":1}`, seq: 42},
		"refused by the fence":    {answer: `{"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 3"},"stream":"LOG_ORDER","seq":0}`, fenced: true},
		"refused in flight":       {answer: `{"error":{"code":400,"err_code":10164,"description":"wrong last sequence"}}`, fenced: true},
		"refused for want of ...": {answer: `{"error":{"code":503,"err_code":10023,"description":"insufficient resources"},"stream":"LOG_ORDER","seq":0}`, code: 10023},
		"no sequence":             {answer: `{"stream":"LOG_ORDER", "seq":0}`, fails: true},
		"not an answer":           {answer: `+OK`, fails: true},
		"nothing":                 {answer: ``, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			seq, err := readAck([]byte(tt.answer))
			var api *jetstream.APIError
			switch {
			case seq != tt.seq, (err != nil) != (tt.fenced || tt.code != 0 || tt.fails), errors.Is(err, errFenced) != tt.fenced:
				t.Errorf("readAck = %d, %v", seq, err)
			case tt.code != 0 && (!errors.As(err, &api) || api.ErrorCode != tt.code):
				t.Errorf("error %v has not code %d", err, tt.code)
			}
		})
	}
}
