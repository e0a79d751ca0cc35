package drill_test

import (
	"crypto/rand"
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

func TestMain(m *testing.M) { pgtest.Main(m) }

// bench is one world with a source to back up.
type bench struct {
	steward *postgres.DB
	taker   *backup.Taker
	driller *drill.Driller
	source  string
}

const source = `
create role drilltest_owner;
create schema stock authorization drilltest_owner;
create extension citext;
set role drilltest_owner;
create table stock.items (id bigint generated always as identity primary key, "Mixed Name" text, price numeric, at timestamptz,
	twice numeric generated always as (price * 2) stored);
insert into stock.items ("Mixed Name", price, at) select 'thing ' || n, n / 7.0, '2026-01-01'::timestamptz + n * interval '1 hour' from generate_series(1, 1000) as n;
create table stock.parts (month date, n int, primary key (month, n)) partition by range (month);
create table stock.parts_1 partition of stock.parts for values from ('2026-01-01') to ('2026-02-01');
insert into stock.parts values ('2026-01-15', 1), ('2026-01-16', 2);
alter table stock.items enable row level security;
create view stock.cheap as select * from stock.items where price < 10;
comment on table stock.items is 'what there is';
grant select on stock.items to public;
reset role;
select lo_from_bytea(0, 'a large object');
`

func newBench(t *testing.T) *bench {
	t.Helper()

	ctx := t.Context()
	at := pgtest.Database(t)

	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		t.Fatal(err)
	}

	if _, err := conn.Exec(ctx, source); err != nil {
		t.Fatal(err)
	}

	if err := conn.Close(ctx); err != nil {
		t.Fatal(err)
	}

	steward, err := postgres.Open(ctx, pgtest.Steward(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(steward.Close)

	clock := clocks.System()

	client, err := gcs.Open(ctx, gcs.Options{Endpoint: gcstest.Start(t, clock).URL(), Project: "test"})
	if err != nil {
		t.Fatal(err)
	}

	bucket := client.Bucket("backups")
	if _, err := bucket.Create(ctx, gcs.Settings{Location: "EU", UniformAccess: true}); err != nil {
		t.Fatal(err)
	}

	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}

	private, public, err := note.GenerateKey(rand.Reader, "manifest")
	if err != nil {
		t.Fatal(err)
	}

	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}

	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}

	return &bench{
		steward: steward, source: at,
		taker: &backup.Taker{
			Steward: steward, Source: at, Bucket: bucket, Recipients: []age.Recipient{identity.Recipient()},
			Signer: signer, Clock: clock, Owner: "test", Silence: time.Minute,
		},
		driller: &drill.Driller{
			Steward: steward, Admin: pgtest.Drill(t), Bucket: bucket, Identities: []age.Identity{identity},
			Verifier: verifier, Clock: clock,
		},
	}
}

func (b *bench) open(t *testing.T) catalogue.Backup {
	t.Helper()

	opened, err := catalogue.Open(t.Context(), b.steward, catalogue.Backup{
		ID: ids.New("bkp"), Database: "app", Day: "2026-11-22", Attempt: ids.New("att"), Owner: "test", OpenedAt: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}

	return opened
}

func TestBackupIsTakenAndDrilled(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	opened := b.open(t)

	taken, err := b.taker.Take(t.Context(), opened.ID)
	if err != nil {
		t.Fatal(err)
	}

	if taken.State != catalogue.Taken || taken.Rows != 1002 {
		t.Fatalf("taken: %+v", taken)
	}

	drilled, err := b.driller.Drill(t.Context(), opened.ID)
	if err != nil {
		t.Fatal(err)
	}

	if drilled.State != catalogue.Drilled {
		t.Fatalf("drilled: %+v", drilled)
	}
}
