package idempotency_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/pgtest"
)

// TestFormIsAsItWas: migration 0019 made the checks cheaper, and takes and refuses what
// those of 0012 did, whose patterns stand here: a row from before is one that it takes.
func TestFormIsAsItWas(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	const name, operation = `^[A-Za-z0-9_-]{1,80}$`, `^[a-z-]{1,60}$`

	values := []string{
		"", "a", "-", "_", "A", "9", "é", "a\n", "\na", "a b", "a.b", "create-account", "app-app_b2", "a\tb", "ａ",
		strings.Repeat("a", 60), strings.Repeat("a", 61), strings.Repeat("a", 80), strings.Repeat("a", 81), strings.Repeat("é", 40),
	}

	for column, pattern := range map[string]string{"owner": name, "credential": name, "operation": operation} {
		for i, value := range values {
			row := map[string]string{"owner": "o", "credential": "c", "operation": "op"}
			row[column] = value

			var want bool
			if err := db.QueryRow(t.Context(), `select $1::text ~ $2`, value, pattern).Scan(&want); err != nil {
				t.Fatal(err)
			}

			_, err := db.Exec(t.Context(), `insert into idempotency_keys
				(owner, operation, credential, key_hash, body_mac, answer, made_at, ends_at)
				values ($1, $2, $3, sha256($4), sha256(''), '', $5, $5::timestamptz + interval '1 day')`,
				row["owner"], row["operation"], row["credential"], []byte{byte(i), column[0]}, time.Now())
			if (err == nil) != want {
				t.Errorf("%s %q: %v, and it was %v", column, value, err, want)
			}
		}
	}
}
