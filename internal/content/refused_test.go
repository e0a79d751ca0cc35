package content_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/content"
	"steward/internal/failure"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// twisted changes what is asked, as another version changes what is understood.
type twisted struct {
	postgres.Tx

	from, to string
}

func (q twisted) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return q.Tx.Query(ctx, strings.ReplaceAll(sql, q.from, q.to), args...) //nolint:rowserrcheck // handed to the caller
}

// A server that does not understand us is not asked again for the rest of the day;
// one that lacks a table or a right may be mended meanwhile.
func TestAServerThatDoesNotUnderstand(t *testing.T) {
	t.Parallel()

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	for _, c := range []struct {
		from, to string
		code     failure.Code
	}{
		{"k.collprovider", "k.gone", failure.QueryRefused},
		{"pg_identify_object", "pg_gone", failure.QueryRefused},
		{"pg_publication as p", "pg_gone as p", failure.Unavailable},
	} {
		err := db.InSnapshot(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			_, err := content.Describe(ctx, twisted{tx, c.from, c.to}, nil)

			return err
		})
		if failure.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.to, err)
		}
	}

	if failure.Lookup(failure.QueryRefused).Retryable || failure.Lookup(failure.QueryRefused).Retake {
		t.Error("a statement that is not understood is tried again")
	}
}
