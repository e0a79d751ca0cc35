package pseudonymkey_test

import (
	"bytes"
	"testing"
	"time"

	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/pseudonymkey"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func must(t testing.TB, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

// Each erasure has one key, whoever asks; it is of no use without the case's, and goes with the case.
func TestOneKeyForEachErasure(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	url := pgtest.Steward(t)
	open := func(url string) *postgres.DB {
		db, err := postgres.Open(t.Context(), url)
		must(t, err)
		t.Cleanup(db.Close)

		return db
	}
	root, erase := open(url), open(pgtest.Member(t, url, "steward_erase"))

	master, err := casekey.ParseMaster([]byte(casekey.GenerateMaster()))
	must(t, err)

	keeper := casekey.Keeper{Master: master}
	keys := pseudonymkey.Keys{DB: erase, Keeper: casekey.Keeper{Master: master, Erasures: true}, Clock: clocks.Fixed(at)}
	erasures := []string{ids.New("era"), ids.New("era")}

	var given [][]byte

	for _, erasure := range erasures {
		_, err := root.Exec(t.Context(), `insert into erasures (id, cause, reason, approval, kind, mode, language, asked_by, opened_by, opened_at, staged_at)
			values ($1, $2, 'dsr', true, 'person', 'enforce', 'en', 'steward', 'steward', $3, $3)`, erasure, ids.New("dsr"), at)
		must(t, err)

		_, err = keeper.Make(t.Context(), root, erasure, at, time.Time{})
		must(t, err)

		first, err := keys.For(t.Context(), erasure)
		must(t, err)

		second, err := keys.For(t.Context(), erasure)
		if err != nil || !bytes.Equal(first, second) || len(first) != 32 {
			t.Errorf("%d bytes, %v", len(second), err)
		}

		given = append(given, first)
	}

	if bytes.Equal(given[0], given[1]) {
		t.Error("two erasures have one key")
	}

	others, err := keys.Others(t.Context(), erasures[0])
	if err != nil || len(others) != 1 || !bytes.Equal(others[0], given[1]) {
		t.Errorf("%d others, %v", len(others), err)
	}

	var stored int
	must(t, root.QueryRow(t.Context(), `select count(*) from pseudonym_keys where position($1::bytea in sealed) > 0`, given[0]).Scan(&stored))

	if stored != 0 {
		t.Error("a key lies open")
	}

	_, err = root.Exec(t.Context(), `update pseudonym_keys set sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1) where erasure = $1`, erasures[1])
	must(t, err)

	if others, err := keys.Others(t.Context(), erasures[0]); err != nil || len(others) != 0 {
		t.Errorf("%d others whose key is damaged, %v", len(others), err)
	}

	if _, err := keys.For(t.Context(), erasures[1]); !failure.Is(err, failure.CaseKeyWrong) {
		t.Error("a damaged key of its own:", err)
	}

	must(t, casekey.Shred(t.Context(), root, erasures[1]))

	if _, err := keys.For(t.Context(), erasures[1]); !failure.Is(err, failure.CaseKeyGone) {
		t.Error(err)
	}

	if others, err := keys.Others(t.Context(), erasures[0]); err != nil || len(others) != 0 {
		t.Errorf("%d others of a case that ended, %v", len(others), err)
	}
}
