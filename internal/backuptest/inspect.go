package backuptest

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/catalogue"
	"steward/internal/gcs"
)

// drillLock is the lock that a drill holds in its cluster, so that what another
// test's drill has made at this moment is not taken for a leftover.
const drillLock = 7_306_018

// CheckNothingLeft fails the test if the drill cluster holds a scratch database
// or a role that a drill made.
func (b *Bench) CheckNothingLeft(t testing.TB) {
	t.Helper()

	ctx := t.Context()

	conn, err := pgx.Connect(ctx, b.Driller.Admin)
	check(t, err)
	defer conn.Close(ctx)

	_, err = conn.Exec(ctx, "select pg_advisory_lock($1)", drillLock)
	check(t, err)

	rows, err := conn.Query(ctx, `select 'database ' || datname from pg_database where datname ~ '^drill_[a-z2-7]{26}$'
		union all select 'role ' || rolname from pg_roles where rolname not like 'pg\_%' and rolname <> current_user`)
	check(t, err)

	left, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)

	if len(left) > 0 {
		t.Errorf("the drill left %q", left)
	}
}

// CheckObjects fails the test unless the three objects of the attempt that the
// catalogue names are in the bucket, whole.
func (b *Bench) CheckObjects(t testing.TB, id string) {
	t.Helper()

	row := b.Row(t, id)

	objects, err := catalogue.Objects(t.Context(), b.Steward, id)
	check(t, err)

	whole := 0

	for _, object := range objects {
		if object.Attempt != row.Attempt {
			continue
		}

		content := b.Read(t, object.Name, object.Generation)
		sum := sha256.Sum256(content)

		if int64(len(content)) != object.Bytes || hex.EncodeToString(sum[:]) != object.SHA256 {
			t.Errorf("%s holds %d bytes, the catalogue says %d, or their hashes differ", object.Kind, len(content), object.Bytes)
		}

		whole++
	}

	if whole != 3 {
		t.Errorf("%d objects of the attempt in charge", whole)
	}
}

// Read gives the content of an object; generation 0 is the live one.
func (b *Bench) Read(t testing.TB, name string, generation int64) []byte {
	t.Helper()

	reader, _, err := b.Bucket.Get(t.Context(), name, generation)
	check(t, err)

	content, err := io.ReadAll(reader)
	check(t, err)
	check(t, reader.Close())

	return content
}

// Names lists every generation in the bucket, soft-deleted ones too.
func (b *Bench) Names(t testing.TB) []string {
	t.Helper()

	var names []string

	for _, options := range []gcs.ListOptions{{Versions: true}, {SoftDeleted: true}} {
		for object, err := range b.Bucket.List(t.Context(), "", options) {
			check(t, err)

			names = append(names, object.Name)
		}
	}

	return names
}
