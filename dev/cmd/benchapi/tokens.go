package main

import (
	"context"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"strings"
	"time"

	"steward/internal/credential"
)

// tokenTimes are how long answers to tokens of each kind took, in milliseconds. All of them are refused, so that none has
// work to do behind the door: a right token by the role table, the others as wrong.
type tokenTimes struct {
	// Right is a key that holds and may do something else.
	Right load `json:"right"`
	// WrongSecret has the public id of that key and another secret.
	WrongSecret load `json:"wrong_secret"`
	// Stranger has the form of a key and an id that nobody has.
	Stranger load `json:"stranger"`
	// Garbage has no form.
	Garbage load `json:"garbage"`
}

// tokenRounds is how often each kind is tried. Wrong ones come from ever new addresses, since whoever errs often is told
// to wait.
const tokenRounds = 400

// tokens tries the kinds in turn, one after the other, each over a connection of its own.
func (w *world) tokens(ctx context.Context) (t tokenTimes, err error) {
	kinds := []struct {
		token func(n int) string
		want  int
		into  *load
		took  []time.Duration
	}{
		{token: func(n int) string { return w.readers[n%readers] }, want: http.StatusForbidden, into: &t.Right},
		{token: func(n int) string { return withIDOf(w.readers[n%readers], stranger()) }, want: http.StatusUnauthorized, into: &t.WrongSecret},
		{token: func(int) string { return stranger() }, want: http.StatusUnauthorized, into: &t.Stranger},
		{token: func(int) string { return credential.AppPrefix + "of-no-form" }, want: http.StatusUnauthorized, into: &t.Garbage},
	}
	for n := range tokenRounds {
		for k := range kinds {
			took, err := w.try(ctx, fmt.Sprintf("127.%d.%d.%d", 1+k, 1+n/200, 1+n%200), kinds[k].token(n), kinds[k].want)
			if err != nil {
				return t, fmt.Errorf("token %d: %w", k, err)
			}
			kinds[k].took = append(kinds[k].took, took)
		}
	}
	for _, kind := range kinds {
		*kind.into = load{P50MS: percentile(kind.took, 50), P99MS: percentile(kind.took, 99)} //nolint:mnd // as named
	}
	return t, nil
}

// try asks for something that the token may not see, and tells how long the answer took once the connection stood.
func (w *world) try(ctx context.Context, from, token string, want int) (took time.Duration, err error) {
	at, err := connect(ctx, w.address, from, token)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, at.close()) }()
	started := time.Now()
	status, err := at.call(http.MethodGet, "/v1/tasks", "", "")
	return time.Since(started), expect(want)(status, err)
}

// withIDOf puts the id of one key and the secret of another together, with the checksum that makes them a token.
func withIDOf(id, secret string) string {
	const idEnd, sumLength = len(credential.AppPrefix) + 26, 7
	text := id[:idEnd] + secret[idEnd:len(secret)-sumLength]
	var sum [crc32.Size]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(text)))
	return text + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
}
