package filecatalogue

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Content is one stored content: one generation of one object of the app.
type Content struct {
	ID string
	// Files is the name of the set.
	Files string
	// Source tells which object and generation it is of, and nothing about them.
	Source []byte
	// SourceBytes, CRC32C and PlainSHA256 are of the content in the clear.
	SourceBytes int64
	CRC32C      uint32
	PlainSHA256 string
	// Object, Generation, Bytes and SHA256 are of what is stored, encrypted;
	// Generation is 0 until it is stored.
	Object     string
	Generation int64
	Bytes      int64
	SHA256     string
	// FirstAt and NewestAt are the snapshots of the first and the newest manifest
	// that name it.
	FirstAt, NewestAt time.Time
	// Drilled says that a drill proved it once, Bad that one found it wanting.
	Drilled, Bad bool
}

const contentColumns = `id, coalesce(source, ''::bytea), coalesce(source_bytes, 0), coalesce(crc32c, 0), coalesce(plain_sha256, ''),
	object, coalesce(generation, 0), coalesce(bytes, 0), coalesce(sha256, ''), first_at, newest_at,
	drilled_at is not null, bad_at is not null, fileset`

func scanContent(row pgx.CollectableRow) (Content, error) {
	var c Content

	err := row.Scan(&c.ID, &c.Source, &c.SourceBytes, &c.CRC32C, &c.PlainSHA256, &c.Object, &c.Generation, &c.Bytes, &c.SHA256,
		&c.FirstAt, &c.NewestAt, &c.Drilled, &c.Bad, &c.Files)
	c.FirstAt, c.NewestAt = c.FirstAt.UTC(), c.NewestAt.UTC()

	return c, err
}

func contents(ctx context.Context, q postgres.Queryer, op, sql string, args ...any) ([]Content, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, scanContent)

	return found, failure.Wrap(failure.Unavailable, op, err)
}

// Salt is what this installation names the app's objects under. It stands in the
// steward database, where those names must not.
type Salt []byte

// ReadSalt reads it.
func ReadSalt(ctx context.Context, q postgres.Queryer) (Salt, error) {
	var salt Salt

	err := q.QueryRow(ctx, `select salt from file_salt`).Scan(&salt)

	return salt, failure.Wrap(failure.Unavailable, "reading the salt of files", err)
}

// Source is what the catalogue calls one generation of one object of the app. Two
// generations of one object have nothing in common.
func (s Salt) Source(bucket, name string, generation int64) []byte {
	mac := hmac.New(sha256.New, s)
	// A zero byte is in no name, so that no two triples make one text; a hash
	// never fails.
	_, _ = mac.Write([]byte(bucket + "\x00" + name + "\x00"))
	_, _ = mac.Write(binary.BigEndian.AppendUint64(nil, uint64(generation))) //nolint:gosec // bits are kept

	return mac.Sum(nil)
}

// Claim finds the whole contents of these sources and claims them for an attempt:
// while that is at work, no prune takes them. Keyed by source.
func Claim(ctx context.Context, q postgres.Queryer, files, attempt string, sources [][]byte) (map[string]Content, error) {
	found, err := contents(ctx, q, "claiming contents", `update file_contents set claimed_by = $2
		where id in (select distinct on (source) id from file_contents where fileset = $1 and source = any($3)
			and generation is not null and bad_at is null and doomed_at is null order by source, id)
		and bad_at is null and doomed_at is null returning `+contentColumns, files, attempt, sources)
	claimed := make(map[string]Content, len(found))

	for _, content := range found {
		claimed[string(content.Source)] = content
	}

	return claimed, err
}

// AnnounceContents notes contents before their upload starts.
func AnnounceContents(ctx context.Context, q postgres.Queryer, files, attempt string, at time.Time, fresh []Content) error {
	if len(fresh) == 0 {
		return nil
	}

	ids, sources, objects := make([]string, len(fresh)), make([][]byte, len(fresh)), make([]string, len(fresh))
	for i, content := range fresh {
		ids[i], sources[i], objects[i] = content.ID, content.Source, content.Object
	}

	_, err := q.Exec(ctx, `insert into file_contents (id, fileset, source, object, claimed_by, first_at, newest_at)
		select id, $1, source, object, $2, $3, $3 from unnest($4::text[], $5::bytea[], $6::text[]) as t (id, source, object)`,
		files, attempt, at, ids, sources, objects)

	return failure.Wrap(failure.Unavailable, "announcing contents", err)
}

// ContentStored notes what an announced content became. A prune that decided on
// it meanwhile makes it fail with DayTaken.
func ContentStored(ctx context.Context, q postgres.Queryer, c Content) error {
	touched, err := q.Exec(ctx, `update file_contents set source_bytes = $2, crc32c = $3, plain_sha256 = $4, generation = $5,
		bytes = $6, sha256 = $7 where id = $1 and doomed_at is null`,
		c.ID, c.SourceBytes, int64(c.CRC32C), c.PlainSHA256, c.Generation, c.Bytes, c.SHA256)

	return changed("noting a stored content", touched, 1, err)
}

// Named gives the contents with these ids, by id.
func Named(ctx context.Context, q postgres.Queryer, ids []string) (map[string]Content, error) {
	found, err := contents(ctx, q, "looking for contents",
		`select `+contentColumns+` from file_contents where id = any($1) and gone_at is null`, ids)
	byID := make(map[string]Content, len(found))

	for _, content := range found {
		byID[content.ID] = content
	}

	return byID, err
}

// NamedAt gives at most limit contents that the manifest of this snapshot names,
// in the order of their objects' names, from the first name after the given one.
func NamedAt(ctx context.Context, q postgres.Queryer, files string, snapshot time.Time, after string, limit int) ([]Content, error) {
	return contents(ctx, q, "reading what a manifest names", `select `+contentColumns+` from file_contents
		where fileset = $1 and first_at <= $2 and newest_at >= $2 and generation is not null and bad_at is null
			and gone_at is null and object > $3 order by object limit $4`, files, snapshot, after, limit)
}

// Proven notes that a drill found these contents to be what their manifest says.
func Proven(ctx context.Context, q postgres.Queryer, ids []string, at time.Time) error {
	_, err := q.Exec(ctx, `update file_contents set drilled_at = $2 where id = any($1) and drilled_at is null`, ids, at)

	return failure.Wrap(failure.Unavailable, "recording proven contents", err)
}

// Condemned notes that a drill found these contents wanting: they are stored anew
// by the next attempt that needs them.
func Condemned(ctx context.Context, q postgres.Queryer, ids []string, at time.Time) error {
	_, err := q.Exec(ctx, `update file_contents set bad_at = $2 where id = any($1) and bad_at is null`, ids, at)

	return failure.Wrap(failure.Unavailable, "recording condemned contents", err)
}

// Sets gives the names of the sets of which something is stored, those that left
// the policy among them.
func Sets(ctx context.Context, q postgres.Queryer) ([]string, error) {
	rows, err := q.Query(ctx, `select fileset from file_contents where gone_at is null
		union select fileset from file_backups where state <> 'pruned' order by 1`)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the sets of files", err)
	}

	names, err := pgx.CollectRows(rows, pgx.RowTo[string])

	return names, failure.Wrap(failure.Unavailable, "reading the sets of files", err)
}

// Page names a part of the contents of a set.
type Page struct {
	Files string
	// Until bounds the time of the newest manifest.
	Until time.Time
	// After is the last id of the page before.
	After string
	// Last is the last id that is meant; empty for no end.
	Last  string
	Limit int
}

// Held gives contents that are not gone, in the order of their ids.
func Held(ctx context.Context, q postgres.Queryer, page Page) ([]Content, error) {
	return contents(ctx, q, "reading the contents of files", `select `+contentColumns+` from file_contents
		where fileset = $1 and gone_at is null and newest_at <= $2 and id > $3 and ($4 = '' or id <= $4) order by id limit $5`,
		page.Files, page.Until, page.After, page.Last, page.Limit)
}

// AnyDoomed reports whether an earlier prune decided on contents of a set, up to the
// page's Until, that are not gone yet.
func AnyDoomed(ctx context.Context, q postgres.Queryer, page Page) (found bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from file_contents
		where fileset = $1 and gone_at is null and newest_at <= $2 and doomed_at is not null)`, page.Files, page.Until).Scan(&found)

	return found, failure.Wrap(failure.Unavailable, "looking for what an earlier prune left", err)
}

// Doom decides for good that contents go, and gives those of which it holds: a
// content that a living attempt has claimed stays, and so does one that a manifest
// was found to name since it was read. alive is since when an attempt must have
// given a sign of life.
func Doom(ctx context.Context, q postgres.Queryer, held []Content, at, alive time.Time) ([]Content, error) {
	ids, newest := make([]string, len(held)), make([]time.Time, len(held))
	for i, content := range held {
		ids[i], newest[i] = content.ID, content.NewestAt
	}

	return contents(ctx, q, "dooming contents", `update file_contents as c set doomed_at = coalesce(doomed_at, $3)
		from unnest($1::text[], $2::timestamptz[]) as k (k_id, k_newest)
		where c.id = k_id and c.newest_at = k_newest and c.gone_at is null and (c.doomed_at is not null or not exists (
			select from file_backups as b where b.attempt = c.claimed_by and b.state = 'running' and b.beat_at > $4))
		returning `+contentColumns, ids, newest, at, alive)
}

// ContentsGone notes that contents are proven gone, and forgets what told of the
// app's objects.
func ContentsGone(ctx context.Context, q postgres.Queryer, ids []string, at time.Time) error {
	touched, err := q.Exec(ctx, `update file_contents set gone_at = $2, source = null, source_bytes = null, crc32c = null,
		plain_sha256 = null where id = any($1) and gone_at is null`, ids, at)

	return changed("recording contents that are gone", touched, int64(len(ids)), err)
}
