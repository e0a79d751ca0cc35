package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"steward/internal/failure"
)

// The headers of a delivery: Standard Webhooks 1.0.0.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// secretPrefix begins a symmetric secret, so that scanners find one that went astray.
const secretPrefix = "whsec_"

const (
	// secretBytes is what a fresh secret holds; the specification asks for 24 to 64.
	secretBytes = 32
	leastSecret = 24
	mostSecret  = 64
)

// NewSecret makes the secret of an endpoint. It is shown once, to whoever makes it.
func NewSecret() string {
	var raw [secretBytes]byte
	// rand.Read never fails: it ends the program rather than return weak bytes.
	rand.Read(raw[:])

	return secretPrefix + base64.StdEncoding.EncodeToString(raw[:])
}

// Sign gives the value of the webhook-signature header: over id, time and body, joined
// by full stops. It fails with CaseKeyWrong for what is no secret.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)

	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) < leastSecret || len(key) > mostSecret {
		return "", failure.New(failure.CaseKeyWrong, "reading the secret of a webhook endpoint")
	}

	mac := hmac.New(sha256.New, key)
	// A hash takes everything that it is given.
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	mac.Write(body)

	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}
