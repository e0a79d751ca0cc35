package replay_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"steward/internal/clocks"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/replay"
	"steward/internal/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func at() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func must(t testing.TB, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

// house is a bucket and a steward database with a replay key.
type house struct {
	replay.Records

	db       *postgres.DB
	identity *age.X25519Identity
}

func newHouse(t *testing.T) *house {
	t.Helper()

	client, err := gcs.Open(t.Context(), gcs.Options{
		Endpoint: gcstest.Start(t, clocks.System()).URL(), Project: "test",
		Patience: gcs.Patience{Call: 5 * time.Second, Chunk: 5 * time.Second, Transfer: 2 * time.Second},
	})
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })

	bucket := client.Bucket("replay")
	_, err = bucket.Create(t.Context(), gcs.Settings{Location: "EU"})
	must(t, err)

	identity, err := age.GenerateX25519Identity()
	must(t, err)

	url := pgtest.Steward(t)
	db, err := postgres.Open(t.Context(), url)
	must(t, err)
	t.Cleanup(db.Close)

	// What the role that erases may do is enough.
	erase, err := postgres.Open(t.Context(), pgtest.Member(t, url, "steward_erase"))
	must(t, err)
	t.Cleanup(erase.Close)

	return &house{
		Records: replay.Records{Bucket: bucket, Catalogue: replay.Catalogue{DB: erase}, Key: keyOf(t, identity)}, db: db, identity: identity,
	}
}

func keyOf(t *testing.T, identities ...*age.X25519Identity) *replay.Key {
	t.Helper()

	var lines []string
	for _, each := range identities {
		lines = append(lines, each.String())
	}

	key, err := replay.ParseKey([]byte(strings.Join(lines, "\n")))
	must(t, err)

	return key
}

// facts are those of a person's erasure.
func facts() replay.Facts {
	return replay.Facts{
		Subject: store.Subject{
			Erasure: ids.New("era"), Kind: plan.Person, Account: "42",
			Identities: map[string][]string{"email": {"Canary.Ada@example.com", "canary.ada@example.com"}, "phone": {"+43 (660) 12345"}},
		},
		Plan: plan.Plan{
			Map: strings.Repeat("a", 64), Schema: strings.Repeat("b", 64),
			Steps: []plan.Step{{Store: "app", Place: "app.leads", Action: plan.DeleteRows, Rows: 3}},
		},
		PlanSHA256: strings.Repeat("c", 64), Pseudonym: []byte("0123456789"), At: at(),
	}
}

func frozen(t *testing.T, rows int) *replay.Keys {
	t.Helper()

	keys := replay.NewKeys()
	for i := range 3 {
		var chunk [][]string
		for n := range rows {
			chunk = append(chunk, []string{strconv.Itoa(i*rows + n), "42"})
		}

		must(t, keys.Put(t.Context(), "app/app.leads", i, chunk))
	}

	must(t, keys.Put(t.Context(), "app/app.campaigns", 0, [][]string{{"7"}}))

	return keys
}

func tombstoned(t *testing.T, h *house, erasure, hash string) {
	t.Helper()

	entry := ids.New("led")
	_, err := h.db.Exec(t.Context(), `insert into ledger.entries (id, kind, at, body) values ($1, 'erasure.tombstone', $2, '{}')`, entry, at())
	must(t, err)

	_, err = h.db.Exec(t.Context(), `insert into erasure_commitments (erasure, commitment, salt) values ($1, $2, $3)`, erasure, hash, make([]byte, 64))
	must(t, err)

	_, err = h.db.Exec(t.Context(), `insert into erasure_tombstones (erasure, entry, committed_at, plan_sha256, commitment)
		values ($1, $2, $3, $4, $4)`, erasure, entry, at(), hash)
	must(t, err)
}

func TestWrittenAndOpened(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	wanted := facts()
	erasure := wanted.Subject.Erasure

	if _, err := h.Open(t.Context(), erasure); !failure.Is(err, failure.ObjectNotFound) {
		t.Errorf("before it: %v", err)
	}

	stored, err := h.Write(t.Context(), wanted, frozen(t, 100))
	must(t, err)

	if stored.Keys != 301 || stored.Object != "erasures/"+erasure+"/replay" {
		t.Errorf("%+v", stored)
	}

	record, err := h.Open(t.Context(), erasure)
	must(t, err)

	if diff := cmp.Diff(frozen(t, 100), record.Keys, cmp.AllowUnexported(replay.Keys{})); diff != "" {
		t.Error(diff)
	}

	matcher, err := h.Key.Matcher(record.Key)
	must(t, err)

	want := replay.Header{
		Format: replay.Format, Erasure: erasure, Key: h.Key.Name(), Kind: plan.Person, Account: "42",
		Identities: map[string][]string{
			"email": {matcher.Hash("email", "CANARY.ADA@EXAMPLE.COM")}, "phone": {matcher.Hash("phone", "4366012345")},
		},
		Plan: wanted.PlanSHA256, Map: wanted.Plan.Map, Schema: wanted.Plan.Schema, Steps: wanted.Plan.Steps, Pseudonym: "30313233343536373839",
	}
	if diff := cmp.Diff(want, record.Header); diff != "" {
		t.Error(diff)
	}

	// Another try gives back what is there, also after the tombstone; other keys are taken until then only.
	same, err := h.Write(t.Context(), wanted, frozen(t, 100))
	if diff := cmp.Diff(stored, same); err != nil || diff != "" {
		t.Errorf("%s, %v", diff, err)
	}

	newer, err := h.Write(t.Context(), wanted, frozen(t, 50))
	if err != nil || newer.Keys != 151 || newer.Generation == stored.Generation {
		t.Errorf("%+v, %v", newer, err)
	}

	tombstoned(t, h, erasure, wanted.PlanSHA256)

	if same, err = h.Write(t.Context(), wanted, frozen(t, 50)); err != nil || same.Generation != newer.Generation {
		t.Errorf("%+v, %v", same, err)
	}

	if _, err := h.Write(t.Context(), wanted, frozen(t, 10)); !failure.Is(err, failure.PlanChanged) {
		t.Errorf("after its tombstone: %v", err)
	}
}

// Nobody reads a person out of the bucket: neither as it lies there nor with the key.
func TestARecordNamesNobody(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	wanted := facts()

	_, err := h.Write(t.Context(), wanted, frozen(t, 10))
	must(t, err)

	stored := content(t, h, wanted.Subject.Erasure)
	record, err := h.Open(t.Context(), wanted.Subject.Erasure)
	must(t, err)

	for _, text := range []string{stored, fmt.Sprintf("%+v", record.Header)} {
		for _, canary := range []string{"canary", "Canary", "660", wanted.PlanSHA256 + "x"} {
			if strings.Contains(text, canary) {
				t.Errorf("it has %q", canary)
			}
		}
	}

	stranger, err := age.GenerateX25519Identity()
	must(t, err)

	other := h.Records
	other.Key = keyOf(t, stranger)

	if _, err := other.Open(t.Context(), wanted.Subject.Erasure); !failure.Is(err, failure.DecryptFailed) {
		t.Errorf("another key: %v", err)
	}

	// A new key is put first; the old one still opens.
	other.Key = keyOf(t, stranger, h.identity)

	if _, err := other.Open(t.Context(), wanted.Subject.Erasure); err != nil {
		t.Error(err)
	}
}

func content(t *testing.T, h *house, erasure string) string {
	t.Helper()

	reader, _, err := h.Bucket.Get(t.Context(), replay.Object(erasure), 0)
	must(t, err)

	text, err := io.ReadAll(reader)
	must(t, errors.Join(err, reader.Close()))

	return string(text)
}

func TestDeletedIsProvenGone(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	wanted := facts()
	erasure := wanted.Subject.Erasure

	must(t, h.Delete(t.Context(), erasure, at())) // there is none yet

	_, err := h.Write(t.Context(), wanted, frozen(t, 1))
	must(t, err)
	tombstoned(t, h, erasure, wanted.PlanSHA256)

	for range 2 {
		must(t, h.Delete(t.Context(), erasure, at().Add(time.Hour)))
	}

	must(t, h.Bucket.ProveGone(t.Context(), replay.Object(erasure)))

	if _, err := h.Open(t.Context(), erasure); !failure.Is(err, failure.ObjectNotFound) {
		t.Error(err)
	}

	gone, err := h.Catalogue.Find(t.Context(), erasure)
	if err != nil || !gone.GoneAt.Equal(at().Add(time.Hour)) {
		t.Errorf("%+v, %v", gone, err)
	}

	if _, err := h.Write(t.Context(), wanted, frozen(t, 1)); !failure.Is(err, failure.PlanChanged) {
		t.Errorf("written again: %v", err)
	}
}

// Killed or refused at any call, the next try ends with one record, which opens.
func TestEveryCallMayFail(t *testing.T) {
	t.Parallel()

	h := newHouse(t)

	for _, mode := range []faults.Mode{faults.Before, faults.After} {
		wanted := facts()
		counter := &faults.Counter{N: 1, Mode: mode}

		for ; ; counter = next(counter) {
			// Each try has another plan, so that nothing is taken as done.
			wanted.Plan.Steps[0].Rows++

			_, err := h.Write(faults.With(t.Context(), counter), wanted, frozen(t, 2))
			if err != nil && !errors.Is(err, faults.ErrInjected) {
				t.Fatalf("call %d: %v", counter.N, err)
			}

			if err == nil && !counter.Reached() {
				break
			}
		}

		record, err := h.Open(t.Context(), wanted.Subject.Erasure)
		if err != nil || counter.N < 5 || record.Steps[0].Rows != wanted.Plan.Steps[0].Rows {
			t.Errorf("%v, %d calls: %+v, %v", mode, counter.N-1, record.Steps, err)
		}
	}
}

// next fails the call after the one that a counter failed.
func next(counter *faults.Counter) *faults.Counter {
	return &faults.Counter{N: counter.N + 1, Mode: counter.Mode}
}

// missing is frozen keys of which a chunk is gone.
type missing struct{ store.Frozen }

func (missing) Get(context.Context, string, int) ([][]string, error) { return nil, nil }

func TestKeysThatAreMissingAreNoRecord(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	if _, err := h.Write(t.Context(), facts(), missing{frozen(t, 1)}); !failure.Is(err, failure.EvidenceMissing) {
		t.Error(err)
	}
}
