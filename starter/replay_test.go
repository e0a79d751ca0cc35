package main_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"

	"steward/internal/datamap"
	"steward/internal/doctor/doctortest"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/keys"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/replay"
	"steward/internal/store"
)

// noteMap decides about a database of accounts and what they wrote.
const noteMap = `version: 1
databases:
  - name: app
    account:
      table: public.accounts
      key: id
      close: update public.accounts set id = id where id = $1
      reopen: update public.accounts set id = id where id = $1
    tables:
      public.accounts:
        category: company
        role: controller
        rows: delete
        columns: {not_personal: [id]}
      public.notes:
        category: collected
        role: processor
        path: [account]
        rows: delete
        columns: {erase: [text], not_personal: [account]}
`

// again is a database as a restore left it, beside what a replay of one erasure needs.
type again struct {
	folder, policy, steward, restored, storage string
	certificates, key                          string
}

func newAgain(t *testing.T) again {
	t.Helper()

	w := doctortest.NewPolicy(t)
	folder, key, _ := certificates(t)
	server := gcstest.Start(t, w.Clock)
	made := again{
		folder: t.TempDir(), steward: pgtest.Steward(t), restored: pgtest.Database(t), storage: server.URL(), certificates: folder, key: key,
	}
	made.policy = filepath.Join(made.folder, "policy.yaml")

	text, err := os.ReadFile(w.Config.Policy)
	must(t, err)

	const storage, pinned = "files: example-files}", "keys:\n"

	pinning := strings.Replace(string(text), pinned, pinned+"  certificate: "+key+"\n", 1)
	must(t, os.WriteFile(made.policy, []byte(strings.Replace(pinning, storage, "files: example-files, replay: kept-again}", 1)), 0o600))
	must(t, os.WriteFile(filepath.Join(made.folder, "datamap.yaml"), []byte(noteMap), 0o600))

	identity, err := age.GenerateX25519Identity()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(made.folder, keys.ReplayIdentity), []byte(identity.String()+"\n"), 0o600))

	client, err := gcs.Open(t.Context(), gcs.Options{Endpoint: server.URL(), Project: "test"})
	must(t, err)

	_, err = client.Bucket("kept-again").Create(t.Context(), gcs.Settings{Location: "EU"})
	must(t, err)

	made.record(t, client.Bucket("kept-again"))

	return made
}

// record writes the record of an erasure of account 1 that was decided for good, and one that was not.
func (a again) record(t *testing.T, bucket *gcs.Bucket) {
	t.Helper()

	app, steward := opened(t, a.restored), opened(t, a.steward)
	run(t, app, `create table accounts (id bigint primary key)`)
	run(t, app, `create table notes (account bigint references accounts, text text)`)
	run(t, app, `insert into accounts values (1), (2), (3)`)
	run(t, app, `insert into notes select n % 3 + 1, 'canary' from generate_series(1, 30) as n`)

	decided, err := datamap.Load(filepath.Join(a.folder, "datamap.yaml"))
	must(t, err)

	key, err := replay.ReadKey(a.folder)
	must(t, err)

	records := replay.Records{Bucket: bucket, Catalogue: replay.Catalogue{DB: steward}, Key: key}

	for _, account := range []string{"1", "2"} {
		at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		facts := replay.Facts{
			Subject: store.Subject{Erasure: ids.New("era"), Kind: plan.Account, Account: account}, PlanSHA256: strings.Repeat("a", 64), At: at,
		}
		frozen := replay.NewKeys()
		must(t, appdb.New(app, *decided.Database("app"), appdb.Options{}).Freeze(t.Context(), facts.Subject, frozen))

		_, err = records.Write(t.Context(), facts, frozen)
		must(t, err)

		if account == "1" {
			tombstoned(t, steward, facts)
		}
	}

	final, err := os.ReadFile(filepath.Join(a.certificates, "final.json"))
	must(t, err)
	run(t, steward, `insert into erasure_certificates (id, erasure, kind, issued_at, file) values ($1, $2, 'final', now(), $3)`,
		"crt_"+strings.Repeat("a", 26), "era_"+strings.Repeat("a", 26), string(final))
}

func tombstoned(t *testing.T, steward *postgres.DB, facts replay.Facts) {
	t.Helper()

	entry, hash := ids.New("led"), strings.Repeat("a", 64)
	run(t, steward, `insert into ledger.entries (id, kind, at, body) values ($1, 'erasure.tombstone', $2, '{}')`, entry, facts.At)
	run(t, steward, `insert into erasure_commitments (erasure, commitment, salt) values ($1, $2, $3)`, facts.Subject.Erasure, hash, make([]byte, 64))
	run(t, steward, `insert into erasure_tombstones (erasure, entry, committed_at, plan_sha256, commitment, sealed_at, position)
		values ($1, $2, $3, $4, $4, $3, 0)`, facts.Subject.Erasure, entry, facts.At, hash)
}

func opened(t *testing.T, url string) *postgres.DB {
	t.Helper()

	db, err := postgres.Open(t.Context(), url)
	must(t, err)
	t.Cleanup(db.Close)

	return db
}

func run(t *testing.T, db *postgres.DB, sql string, args ...any) {
	t.Helper()

	_, err := db.Exec(t.Context(), sql, args...)
	must(t, err)
}

// TestReplay erases again in a restored database what was decided for good, and nothing that was not; and shows a
// certificate that was kept.
func TestReplay(t *testing.T) {
	t.Parallel()

	bin := command(t)
	a := newAgain(t)

	t.Cleanup(func() { onlyDecided(t, a.restored) }) // when the scripts are over

	testscript.Run(t, testscript.Params{
		Files: []string{"testdata/replay/run.txtar"}, Cmds: commands(),
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, environment(bin, "STEWARD_ENV=dev", "STEWARD_POLICY="+a.policy, "STEWARD_DATABASE_URL="+a.steward,
				"STORAGE_EMULATOR_HOST="+a.storage, "STEWARD_GCP_PROJECT=test", "STEWARD_KEYS_DIR="+a.folder, "RESTORED="+a.restored)...)

			return nil
		},
	})
}

// onlyDecided expects that accounts 2 and 3 have their notes and account 1 has none.
func onlyDecided(t *testing.T, restored string) {
	t.Helper()

	ctx := context.WithoutCancel(t.Context())

	app, err := postgres.Open(ctx, restored)
	must(t, err)
	defer app.Close()

	var left []int64
	must(t, app.QueryRow(ctx, `select array_agg(n order by account) from
		(select account, count(*) as n from notes group by account) as of`).Scan(&left))

	if len(left) != 2 || left[0] != 10 || left[1] != 10 {
		t.Errorf("left of accounts 2 and 3: %v", left)
	}
}
