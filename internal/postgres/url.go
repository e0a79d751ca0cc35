package postgres

import (
	"net/url"

	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/failure"
)

// WithoutSecrets splits a database URL, so that the part that becomes an argument
// of a program, which every user of the machine can read, holds no secret. It
// fails with ConfigInvalid for what is no URL, and for one with an sslpassword,
// which such a program takes in no other way.
func WithoutSecrets(at string) (bare, password string, err error) {
	config, err := pgconn.ParseConfig(at)
	if err != nil {
		return "", "", failure.New(failure.ConfigInvalid, "reading a database URL")
	}

	parsed, err := url.Parse(at)
	if err != nil || parsed.Scheme == "" {
		return "", "", failure.New(failure.ConfigInvalid, "reading a database URL (it must begin with postgres://)")
	}

	parsed.User = url.User(config.User)

	query := parsed.Query()
	if query.Has("sslpassword") {
		return "", "", failure.New(failure.ConfigInvalid,
			"reading a database URL (an sslpassword would be seen by every user of this machine; use a key without one)")
	}

	query.Del("user")
	query.Del("password")
	parsed.RawQuery = query.Encode()

	return parsed.String(), config.Password, nil
}
