package pgtest

import (
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/ids"
)

// Member gives the URL of a database for a fresh login that is a member of a role
// and of nothing else, as a worker of that role has it in production.
func Member(t testing.TB, at, role string) string {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())

	login := ids.New("test")
	if _, err := conn.Exec(t.Context(), "create role "+login+" login in role "+role); err != nil {
		t.Fatal(err)
	}

	parsed, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}

	parsed.User = url.User(login)

	return parsed.String()
}
