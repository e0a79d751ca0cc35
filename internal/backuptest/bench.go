// Package backuptest gives tests a world in which backups are really made: a
// source, a steward database, a storage emulator, a drill cluster, a taker and a
// driller that fit together. The package of a test that uses it calls
// pgtest.Main from its TestMain.
package backuptest

import (
	"context"
	"crypto/rand"
	"os"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/backup"
	"steward/internal/catalogue"
	"steward/internal/clocks"
	"steward/internal/drill"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// Small is a source that is dumped and restored in a fraction of a second.
const Small = `
do $$ begin create role bench_owner; exception when duplicate_object or unique_violation then null; end $$;
create schema shop authorization bench_owner;
set role bench_owner;
create table shop.people (id bigint generated always as identity primary key, name text);
insert into shop.people (name) select 'person ' || n from generate_series(1, 20) as n;
reset role;
`

// Bench is one world. Its fields may be changed before they are used.
type Bench struct {
	// Steward is the steward database as its owner sees it; StewardURL leads to it.
	Steward    *postgres.DB
	StewardURL string
	// Source is the superuser's URL of the database to back up.
	Source string
	// Storage is the emulator, for faults; Client and Bucket speak to it.
	Storage *gcstest.Server
	Client  *gcs.Client
	Bucket  *gcs.Bucket
	// Taker and Driller belong together: the one signs what the other verifies,
	// encrypts what the other decrypts.
	Taker   *backup.Taker
	Driller *drill.Driller
}

// New makes a world whose source holds what sql makes.
func New(t testing.TB, sql string) *Bench {
	t.Helper()

	b := &Bench{Source: pgtest.Database(t), StewardURL: pgtest.Steward(t)}
	Exec(t, b.Source, sql)

	var err error

	b.Steward, err = postgres.Open(t.Context(), b.StewardURL)
	check(t, err)
	t.Cleanup(b.Steward.Close)

	clock := clocks.System()
	b.Storage = gcstest.Start(t, clock)
	b.Client, err = gcs.Open(t.Context(), gcs.Options{
		Endpoint: b.Storage.URL(), Project: "test",
		Patience: gcs.Patience{Call: 2 * time.Second, Chunk: 2 * time.Second, Transfer: time.Second},
	})
	check(t, err)
	t.Cleanup(func() { check(t, b.Client.Close()) })

	b.Bucket = b.Client.Bucket("backups")
	_, err = b.Bucket.Create(t.Context(), gcs.Settings{Location: "EU", UniformAccess: true})
	check(t, err)

	identity, err := age.GenerateX25519Identity()
	check(t, err)

	signer, verifier := Keys(t)
	b.Taker = &backup.Taker{
		Steward: b.Steward, Source: b.Source, Bucket: b.Bucket, Recipients: []age.Recipient{identity.Recipient()},
		Signer: signer, Clock: clock, Owner: "test", Silence: time.Minute, ToolsDir: os.Getenv("STEWARD_PG_BIN"),
	}
	b.Driller = &drill.Driller{
		Steward: b.Steward, Admin: pgtest.Drill(t), Bucket: b.Bucket, Identities: []age.Identity{identity},
		Verifier: verifier, Clock: clock, ToolsDir: os.Getenv("STEWARD_PG_BIN"),
	}

	return b
}

// Keys makes a fresh pair for manifests.
func Keys(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()

	signer, verifier, _ := NamedKeys(t)

	return signer, verifier
}

// NamedKeys makes a fresh pair as Keys does, and gives the public half also as a
// policy pins it.
func NamedKeys(t testing.TB) (signer note.Signer, verifier note.Verifier, pinned string) {
	t.Helper()

	private, public, err := note.GenerateKey(rand.Reader, "manifest")
	check(t, err)

	signer, err = note.NewSigner(private)
	check(t, err)

	verifier, err = note.NewVerifier(public)
	check(t, err)

	return signer, verifier, public
}

// Open opens a business day, written as 2006-01-02.
func (b *Bench) Open(t testing.TB, day string) catalogue.Backup {
	t.Helper()

	opened, err := catalogue.Open(t.Context(), b.Steward, catalogue.Backup{
		ID: ids.New("bkp"), Database: "app", Day: day, Attempt: ids.New("att"), Owner: "test", OpenedAt: b.Taker.Clock.Now(),
	})
	check(t, err)

	return opened
}

// Take opens a day and takes its backup.
func (b *Bench) Take(t testing.TB, day string) catalogue.Backup {
	t.Helper()

	taken, err := b.Taker.Take(t.Context(), b.Open(t, day).ID)
	check(t, err)

	return taken
}

// Drilled takes the backup of a day and drills it.
func (b *Bench) Drilled(t testing.TB, day string) catalogue.Backup {
	t.Helper()

	drilled, err := b.Driller.Drill(t.Context(), b.Take(t, day).ID)
	check(t, err)

	return drilled
}

// Row is what the catalogue says of a backup now.
func (b *Bench) Row(t testing.TB, id string) catalogue.Backup {
	t.Helper()

	row, err := catalogue.Get(t.Context(), b.Steward, id)
	check(t, err)

	return row
}

// Ledger counts the entries of each kind that name the backup.
func (b *Bench) Ledger(t testing.TB, id string) map[string]int {
	t.Helper()

	rows, err := b.Steward.Query(t.Context(), `select kind from ledger.entries where body like '%' || $1 || '%'`, id)
	check(t, err)

	kinds, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)

	count := map[string]int{}
	for _, kind := range kinds {
		count[kind]++
	}

	return count
}

// Exec sends statements on a connection of its own, so that they may be anything.
func Exec(t testing.TB, at, sql string) {
	t.Helper()

	ctx := context.WithoutCancel(t.Context())

	conn, err := pgx.Connect(ctx, at)
	check(t, err)

	_, err = conn.PgConn().Exec(ctx, sql).ReadAll()
	check(t, err)
	check(t, conn.Close(ctx))
}

func check(t testing.TB, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}
