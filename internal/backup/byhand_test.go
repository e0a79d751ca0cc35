package backup_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"steward/internal/backuptest"
	"steward/internal/calendar"
	"steward/internal/catalogue"
	"steward/internal/content"
	"steward/internal/copies"
	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/manifest"
)

const byHandSource = `
do $$ begin create role hand_owner; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role hand_reader; exception when duplicate_object or unique_violation then null; end $$;
grant hand_reader to hand_owner with admin option;
alter role hand_owner login createdb connection limit 7;
alter role hand_reader noinherit valid until '2031-01-01';
alter role hand_reader set work_mem = '8MB';
create extension citext;
create schema shop authorization hand_owner;
set role hand_owner;
create table shop.people (id bigint generated always as identity primary key, name public.citext, at timestamptz, paid numeric, raw bytea, took interval);
insert into shop.people (name, at, paid, raw, took) select 'Person ' || n, '2026-01-01'::timestamptz + n * interval '7 min', n / 7.0,
	decode(md5(n::text), 'hex'), n * interval '1 day 1 s' from generate_series(1, 500) as n;
create table shop."it's %s ""odd""" (n int);
insert into shop."it's %s ""odd""" select 1 from generate_series(1, 3);
create table shop.nothing (n int);
create sequence shop.down increment -3;
select nextval('shop.down'), nextval('shop.down');
alter table shop.people enable row level security;
create policy readers on shop.people for select to hand_reader using (paid > 1);
grant select on shop.people to hand_reader;
comment on table shop.people is 'who there is';
reset role;
select lo_from_bytea(4711, 'a large object');
alter large object 4711 owner to hand_owner;
`

// Whoever has the page, the bucket and the escrow's identity has the data, and
// is told when the data is not what was signed.
func TestABackupIsRestoredByHand(t *testing.T) { //nolint:tparallel // the cases share the cluster
	t.Parallel()

	h, b := newByHand(t), backuptest.New(t, byHandSource)
	escrow, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}

	identity := filepath.Join(h.Dir, "escrow.identity")
	if err := os.WriteFile(identity, []byte("# made far away\n"+escrow.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	signer, verifier, public := backuptest.NamedKeys(t)
	b.Taker.Signer, b.Driller.Verifier = signer, verifier
	b.Taker.Recipients = append(b.Taker.Recipients, escrow.Recipient())
	taken := b.Take(t, "2026-11-22")
	h.download(t, b, taken.ID)

	near := b.Bucket
	name := pgDatabase(t, b.Source)
	h.Values["bucket"], h.Values["manifest_key"], h.Values["identity"] = "backups", public, identity

	if output, err := h.Restore(t); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}

	stored := b.Read(t, taken.ManifestObject, taken.ManifestGen)

	document, err := manifest.Open(stored, verifier)
	if err != nil {
		t.Fatal(err)
	}

	if differences := content.Compare(document.Content, described(t, h.cluster.URL(name))); len(differences) > 0 {
		t.Errorf("restored by hand it differs: %q", differences)
	}

	if want, got := handRoles(t, b.Source), handRoles(t, h.cluster.URL(name)); len(want) != 2 || !slices.Equal(got, want) {
		t.Errorf("the roles restored by hand are %q, were %q", got, want)
	}

	// The same once more fails: nothing is restored over what is there.
	if output, err := h.Restore(t); err == nil || !strings.Contains(output, "already exists") {
		t.Errorf("restored over what is there: %s", output)
	}

	t.Run("a copy alone", func(t *testing.T) {
		h.drop(t, name)

		if output, err := h.fromCopy(t, b, taken.ID); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}

		if differences := content.Compare(document.Content, described(t, h.cluster.URL(name))); len(differences) > 0 {
			t.Errorf("restored from the copy it differs: %q", differences)
		}

		h.Values["bucket"], b.Bucket = "backups", near
	})

	for _, c := range h.damages(t, b, document, stored, taken) {
		t.Run(c.name, func(t *testing.T) {
			h.drop(t, name)
			h.download(t, b, taken.ID)
			h.Values["manifest_key"] = public
			c.change(t)

			output, err := h.Restore(t)
			if err == nil || !strings.Contains(output, c.says) {
				t.Errorf("%v\n%s", err, output)
			}

			if made := exists(t, h.cluster.URL("postgres"), name); made != c.restored {
				t.Errorf("restored: %v", made)
			}
		})
	}
}

// handRoles are the roles of byHandSource with what a drill does not restore:
// attributes, memberships, settings.
func handRoles(t *testing.T, at string) []string {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())

	rows, err := conn.Query(t.Context(), `select (to_jsonb(r) - 'oid' || jsonb_build_object('of', array(
			select g.rolname || ' ' || m.admin_option from pg_auth_members as m join pg_roles as g on g.oid = m.roleid
			where m.member = r.oid order by 1)))::text
		from pg_roles as r where rolname like 'hand\_%' order by rolname`)
	if err != nil {
		t.Fatal(err)
	}

	roles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}

	return roles
}

// fromCopy restores from a bucket in another location, with nothing of the first.
func (h *byHand) fromCopy(t *testing.T, b *backuptest.Bench, id string) (output string, err error) {
	t.Helper()

	if _, err := b.Driller.Drill(t.Context(), id); err != nil {
		t.Fatal(err)
	}

	keep, err := calendar.ParseDuration("7d")
	if err != nil {
		t.Fatal(err)
	}

	far := b.Client.Bucket("far")
	settings := gcs.Settings{Location: "EUROPE-WEST4", UniformAccess: true, PublicAccessPrevented: true}

	if _, err := far.Create(t.Context(), settings); err != nil {
		t.Fatal(err)
	}

	copier := copies.Copier{
		Steward: b.Steward, Source: b.Bucket, Verifier: b.Driller.Verifier, Keep: keep, Zone: time.UTC, Clock: b.Taker.Clock,
		Places: []copies.Place{{Name: "far", Bucket: far, Wanted: guard.Bucket{Name: "far", Settings: settings}}},
	}
	if made, err := copier.Copy(t.Context(), id); err != nil || made.Copied != 1 {
		t.Fatalf("%+v, %v", made, err)
	}

	if err := os.RemoveAll(filepath.Join(h.Dir, "bucket")); err != nil {
		t.Fatal(err)
	}

	b.Bucket = far
	h.Values["bucket"] = "far"
	h.downloadOf(t, b, far)

	return h.Restore(t)
}

// damage is one way in which what is in the bucket is not what was signed.
type damage struct {
	name, says string
	// restored says that it shows only in what was restored.
	restored bool
	change   func(*testing.T)
}

func (h *byHand) damages(t *testing.T, b *backuptest.Bench, document manifest.Manifest, stored []byte, taken catalogue.Backup) []damage {
	t.Helper()

	archive := document.Archive.Object + "#" + strconv.FormatInt(document.Archive.Generation, 10)
	forged := func(change func(*manifest.Manifest)) func(*testing.T) {
		return func(t *testing.T) {
			t.Helper()

			other := document
			other.Content.Tables = slices.Clone(document.Content.Tables)
			other.Content.Sequences = slices.Clone(document.Content.Sequences)
			change(&other)

			signed, err := manifest.Sign(other, b.Taker.Signer)
			if err != nil {
				t.Fatal(err)
			}

			h.Store(t, taken.ManifestObject, signed)
		}
	}

	return []damage{
		{"the manifest changed", "differ", false, func(t *testing.T) {
			t.Helper()
			h.Store(t, taken.ManifestObject, bytes.Replace(stored, []byte(`"rows":500`), []byte(`"rows":501`), 1))
		}},
		{"signed by another key", "", false, func(t *testing.T) {
			t.Helper()

			_, _, h.Values["manifest_key"] = backuptest.NamedKeys(t)
		}},
		{"the archive changed", "FAILED", false, func(t *testing.T) {
			t.Helper()

			bad := b.Read(t, document.Archive.Object, document.Archive.Generation)
			bad[len(bad)/2] ^= 1
			h.Store(t, archive, bad)
		}},
		{"of another day", "", false, forged(func(m *manifest.Manifest) { m.Day = "2026-11-21" })},
		{"a row missing", "has 500 rows; promised 501", true, forged(func(m *manifest.Manifest) {
			m.Content.Tables[index(m, "people")].Rows++
		})},
		{"a row changed", "has 500 rows; promised 500", true, forged(func(m *manifest.Manifest) {
			m.Content.Tables[index(m, "people")].Hash = strings.Repeat("0", 32)
		})},
		{"a sequence behind", "sequence shop.down", true, forged(func(m *manifest.Manifest) {
			at := slices.IndexFunc(m.Content.Sequences, func(s content.Sequence) bool { return s.Name == "down" })
			m.Content.Sequences[at].Before.Last, m.Content.Sequences[at].After.Last = -100, -90
		})},
		{"a large object missing", "large objects", true, forged(func(m *manifest.Manifest) { m.Content.LargeObjects.Rows++ })},
	}
}

func index(m *manifest.Manifest, table string) int {
	return slices.IndexFunc(m.Content.Tables, func(each content.Table) bool { return each.Name == table })
}
