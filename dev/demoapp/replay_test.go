package demoapp_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"steward/dev/demoapp"
	"steward/internal/clocks"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/replay"
	"steward/internal/store"
)

// recordsOf are replay records in a bucket of their own.
func recordsOf(t *testing.T) replay.Records {
	t.Helper()

	client, err := gcs.Open(t.Context(), gcs.Options{Endpoint: gcstest.Start(t, clocks.System()).URL(), Project: "test"})
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })

	_, err = client.Bucket("replay").Create(t.Context(), gcs.Settings{Location: "EU"})
	must(t, err)

	identity, err := age.GenerateX25519Identity()
	must(t, err)

	key, err := replay.ParseKey([]byte(identity.String()))
	must(t, err)

	return replay.Records{Bucket: client.Bucket("replay"), Catalogue: replay.Catalogue{DB: opened(t, pgtest.Steward(t))}, Key: key}
}

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

// An account and a person are erased; then yesterday's backup is restored by hand, as docs/backup.md says, and brings both back.
// Their records take them away again, and nothing else.
func TestYesterdaysBackupIsErasedAgain(t *testing.T) {
	t.Parallel()

	const account = "1"

	url := filled(t, small)
	before, twin := open(t, url), canaryTwin(t)
	backup := filepath.Join(t.TempDir(), "yesterday")
	program(t, "pg_dump", "--format=custom", "--file", backup, "--dbname", url)

	records := recordsOf(t)
	options := appdb.Options{PseudonymKey: []byte(strings.Repeat("k", 32))}
	subjects := []store.Subject{
		{Kind: plan.Person, Account: twin.account, Identities: map[string][]string{"email": {twin.email}}},
		{Kind: plan.Account, Account: account},
	}
	kept := others(t, before, account)

	for i := range subjects {
		subjects[i].Erasure = ids.New("era")
		keys, in := replay.NewKeys(), appdb.New(opened(t, url), decided(t), options)
		must(t, in.Freeze(t.Context(), subjects[i], keys))

		_, err := records.Write(t.Context(), replay.Facts{
			Subject: subjects[i], PlanSHA256: strings.Repeat("a", 64), Pseudonym: options.PseudonymKey, At: time.Now(),
		}, keys)
		must(t, err)

		_, err = in.Erase(t.Context(), subjects[i], keys, nil)
		must(t, err)
	}

	erased := others(t, before, account)
	restored := pgtest.Database(t)
	program(t, "pg_restore", "--exit-on-error", "--no-owner", "--dbname", restored, backup)

	conn := open(t, restored)
	if diff := cmp.Diff(kept, others(t, conn, account)); diff != "" || left(t, conn, account) < 500 {
		t.Fatal("the backup is not what was there:", diff)
	}

	canaries := append(canariesOf(t, restored), twin.name)
	allInDump(t, restored, canaries[len(canaries)-1:])

	for i, subject := range subjects {
		record, err := records.Open(t.Context(), subject.Erasure)
		must(t, err)

		db := opened(t, restored)
		in := appdb.New(db, decided(t), appdb.Options{PseudonymKey: record.PseudonymKey()})

		came, err := record.Again(t.Context(), records.Key, in, replay.Columns{DB: db, Decided: decided(t)}, nil)
		if err != nil || len(came.Left) != 0 || came.Outcome.Count == 0 {
			t.Fatalf("subject %d: %+v, %v", i, came, err)
		}
	}

	if rows := left(t, conn, account); rows != 0 {
		t.Errorf("%d rows of the account are left", rows)
	}

	// What others have, and what is left of the person, is what it was after the first time.
	if diff := cmp.Diff(erased, others(t, conn, account)); diff != "" {
		t.Error("it is not as it was erased:", diff)
	}

	if found := inDump(t, restored, canaries); len(found) > 0 {
		t.Errorf("%q are still in the dump", found)
	}
}

// twinPerson is somebody whose address another account has collected too.
type twinPerson struct{ account, email, name string }

func canaryTwin(t *testing.T) twinPerson {
	t.Helper()

	for _, canary := range demoapp.PlantedCanaries() {
		if canary.Account > 1 && canary.Table == "app.leads" {
			return twinPerson{account: strconv.Itoa(int(canary.Account)), email: sharedWithTwin, name: canary.Value}
		}
	}

	t.Fatal("there is no twin")

	return twinPerson{}
}
