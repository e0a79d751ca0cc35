package replay

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Catalogue says where records lie, in the steward database with the rights of the erase role.
type Catalogue struct{ DB postgres.Queryer }

// Find says where the record of an erasure lies, of one that is gone too. It fails with ObjectNotFound.
func (c Catalogue) Find(ctx context.Context, erasure string) (Stored, error) {
	var (
		found Stored
		gone  *time.Time
	)

	err := c.DB.QueryRow(ctx, `select object, generation, bytes, sha256, content, keys, plan, written_at, gone_at
		from replay_records where erasure = $1`, erasure).
		Scan(&found.Object, &found.Generation, &found.Bytes, &found.SHA256, &found.Content, &found.Keys, &found.Plan, &found.WrittenAt, &gone)
	if errors.Is(err, pgx.ErrNoRows) {
		return found, failure.New(failure.ObjectNotFound, "looking for a replay record")
	}

	if err != nil {
		return found, failure.Wrap(failure.Unavailable, "looking for a replay record", err)
	}

	found.WrittenAt = found.WrittenAt.UTC()
	if gone != nil {
		found.GoneAt = gone.UTC()
	}

	return found, nil
}

// Open makes sure that the record of an erasure may still be written. It fails with PlanChanged where a
// tombstone stands on what is there.
func (c Catalogue) Open(ctx context.Context, erasure string) error {
	var committed bool

	err := c.DB.QueryRow(ctx, `select exists (select from erasure_tombstones where erasure = $1)`, erasure).Scan(&committed)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "looking for a tombstone", err)
	}

	if committed {
		return failure.New(failure.PlanChanged, "writing a replay record (its tombstone is committed)")
	}

	return nil
}

// Keep says where the record of an erasure lies now. The database refuses it once a tombstone stands on the
// one of before.
func (c Catalogue) Keep(ctx context.Context, erasure string, stored Stored) error {
	_, err := c.DB.Exec(ctx, `insert into replay_records (erasure, object, generation, bytes, sha256, content, keys, plan, written_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (erasure) do update set generation = excluded.generation, bytes = excluded.bytes, sha256 = excluded.sha256,
			content = excluded.content, keys = excluded.keys, plan = excluded.plan, written_at = excluded.written_at`,
		erasure, stored.Object, stored.Generation, stored.Bytes, stored.SHA256, stored.Content, stored.Keys, stored.Plan, stored.WrittenAt)

	return failure.Wrap(failure.Unavailable, "writing where a replay record lies", err)
}

// Gone says that the record of an erasure was proven gone at the given instant; the first time stays.
func (c Catalogue) Gone(ctx context.Context, erasure string, at time.Time) error {
	_, err := c.DB.Exec(ctx, `update replay_records set gone_at = greatest($2, written_at)
		where erasure = $1 and gone_at is null`, erasure, at)

	return failure.Wrap(failure.Unavailable, "writing that a replay record is gone", err)
}

// hexOf is the hex of some bytes, empty for none.
func hexOf(plain []byte) string { return hex.EncodeToString(plain) }
