package signature

import (
	"crypto/ed25519"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Headers of a signed message.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// Tolerance is how far a receiver's clock may be from the sender's.
const Tolerance = 5 * time.Minute

const (
	versionSymmetric  = "v1,"
	versionAsymmetric = "v1a,"
)

// Sign returns the value of HeaderSignature for a message sent at a time: one
// signature for each key that can sign, in their order. No key, no signature.
func Sign(keys []*Key, id string, at time.Time, body []byte) string {
	if len(keys) == 0 {
		return ""
	}
	head := signedHead(id, Timestamp(at))
	out := make([]byte, 0, 96*len(keys))
	for _, k := range keys {
		if !k.Signs() {
			continue
		}
		if len(out) > 0 {
			out = append(out, ' ')
		}
		if k.secret != nil {
			out = append(out, versionSymmetric...)
			out = base64.StdEncoding.AppendEncode(out, k.mac(head, body))
			continue
		}
		out = append(out, versionAsymmetric...)
		out = base64.StdEncoding.AppendEncode(out, ed25519.Sign(k.private, append(head[:len(head):len(head)], body...)))
	}
	return string(out)
}

// Timestamp is the value of HeaderTimestamp.
func Timestamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// signedHead is what is signed before the body.
func signedHead(id, timestamp string) []byte {
	head := make([]byte, 0, len(id)+len(timestamp)+2)
	head = append(head, id...)
	head = append(head, '.')
	head = append(head, timestamp...)
	return append(head, '.')
}

// Why a receiver turns a message away.
var (
	ErrHeaders   = errors.New("a header of the signature is missing or unreadable")
	ErrTimestamp = errors.New("the message was sent too long ago, or in the future")
	ErrSignature = errors.New("no signature fits")
)

// Verify is for receivers: it says whether one of the keys signed the message,
// and within tolerance of now. A tolerance of 0 means Tolerance; a negative one
// leaves the time out, as somebody does who verifies what was kept. It takes as
// long for a signature that nearly fits as for one that does not at all.
func Verify(keys []*Key, h http.Header, body []byte, now time.Time, tolerance time.Duration) error {
	id, timestamp, signatures := h.Get(HeaderID), h.Get(HeaderTimestamp), h.Get(HeaderSignature)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || signatures == "" || err != nil {
		return ErrHeaders
	}
	if tolerance == 0 {
		tolerance = Tolerance
	}
	if away := now.Sub(time.Unix(seconds, 0)).Abs(); tolerance > 0 && away > tolerance {
		return ErrTimestamp
	}
	head := signedHead(id, timestamp)
	for signature := range strings.SplitSeq(signatures, " ") {
		for _, k := range keys {
			if k.fits(signature, head, body) {
				return nil
			}
		}
	}
	return ErrSignature
}

func (k *Key) fits(signature string, head, body []byte) bool {
	if encoded, found := strings.CutPrefix(signature, versionSymmetric); found && k.secret != nil {
		sum, err := base64.StdEncoding.DecodeString(encoded)
		return err == nil && hmac.Equal(sum, k.mac(head, body))
	}
	if encoded, found := strings.CutPrefix(signature, versionAsymmetric); found && k.public != nil {
		sig, err := base64.StdEncoding.DecodeString(encoded)
		return err == nil && ed25519.Verify(k.public, append(head[:len(head):len(head)], body...), sig)
	}
	return false
}
