package casekey_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"steward/internal/casekey"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func at() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func masters(t testing.TB, lines ...string) *casekey.FileMaster {
	t.Helper()

	master, err := casekey.ParseMaster([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}

	return master
}

func TestSealedIsBoundToCaseAndColumn(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	keeper := casekey.Keeper{Master: masters(t, casekey.GenerateMaster())}
	one, other := ids.New("dsr"), ids.New("dsr")

	key, err := keeper.Make(t.Context(), db, one, at(), at().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}

	foreign, err := keeper.Make(t.Context(), db, other, at(), at().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}

	sealed, err := key.Seal("mail.recipient", []byte("ada@example.com"))
	if err != nil || bytes.Contains(sealed, []byte("ada@example")) {
		t.Fatalf("%q, %v", sealed, err)
	}

	again, err := keeper.Open(t.Context(), db, one)
	if err != nil {
		t.Fatal(err)
	}

	if plain, err := again.Unseal("mail.recipient", sealed); err != nil || string(plain) != "ada@example.com" {
		t.Errorf("%q, %v", plain, err)
	}

	if _, err := again.Unseal("mail.content", sealed); !failure.Is(err, failure.CaseKeyWrong) {
		t.Errorf("another column: %v", err)
	}

	if _, err := foreign.Unseal("mail.recipient", sealed); !failure.Is(err, failure.CaseKeyWrong) {
		t.Errorf("another case: %v", err)
	}

	if _, err := keeper.Make(t.Context(), db, one, at(), at().Add(time.Hour)); !failure.Is(err, failure.Unavailable) {
		t.Errorf("a second key of one case: %v", err)
	}

	// A wrapped key that is put into the row of another case opens nothing.
	moved(t, db, one, other)

	if _, err := keeper.Open(t.Context(), db, other); !failure.Is(err, failure.CaseKeyWrong) {
		t.Errorf("a key that was moved: %v", err)
	}
}

func moved(t *testing.T, db *postgres.DB, from, to string) {
	t.Helper()

	if _, err := db.Exec(t.Context(),
		`update case_keys set wrapped = (select wrapped from case_keys where case_id = $1) where case_id = $2`, from, to); err != nil {
		t.Fatal(err)
	}
}

func TestShreddedIsGone(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	keeper := casekey.Keeper{Master: masters(t, casekey.GenerateMaster())}
	id := ids.New("mail")

	if _, err := keeper.Make(t.Context(), db, id, at(), at().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}

	for range 2 {
		if err := casekey.Shred(t.Context(), db, id); err != nil {
			t.Fatal(err)
		}
	}

	if _, err := keeper.Open(t.Context(), db, id); !failure.Is(err, failure.CaseKeyGone) {
		t.Error(err)
	}
}

// TestTheMasterKeyIsReplaced walks the rotation of docs/keys.md: the new line is put
// first, all keys are wrapped anew, the old line is taken away.
func TestTheMasterKeyIsReplaced(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	first, second := casekey.GenerateMaster(), casekey.GenerateMaster()
	before := casekey.Keeper{Master: masters(t, first)}

	const cases = 450 // more than two batches

	sealed := map[string][]byte{}

	for range cases {
		id := ids.New("mail")

		key, err := before.Make(t.Context(), db, id, at(), at().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}

		if sealed[id], err = key.Seal("c", []byte(id)); err != nil {
			t.Fatal(err)
		}
	}

	during := casekey.Keeper{Master: masters(t, second, first)}
	if done, err := during.Rewrap(t.Context(), db); err != nil || done != cases {
		t.Fatalf("%d wrapped anew, %v", done, err)
	}

	if done, err := during.Rewrap(t.Context(), db); err != nil || done != 0 {
		t.Errorf("%d wrapped anew again, %v", done, err)
	}

	after := casekey.Keeper{Master: masters(t, second)}

	for id, value := range sealed {
		key, err := after.Open(t.Context(), db, id)
		if err != nil {
			t.Fatal(err)
		}

		if plain, err := key.Unseal("c", value); err != nil || string(plain) != id {
			t.Fatalf("%q, %v", plain, err)
		}

		if _, err := before.Open(t.Context(), db, id); !failure.Is(err, failure.CaseKeyWrong) {
			t.Fatalf("the old master key still opens: %v", err)
		}
	}
}

// Keys of a master key that is not there any more are not passed over.
func TestRewrapWithoutTheOldKeyFails(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	if _, err := (casekey.Keeper{Master: masters(t, casekey.GenerateMaster())}).
		Make(t.Context(), db, ids.New("mail"), at(), at().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}

	stranger := casekey.Keeper{Master: masters(t, casekey.GenerateMaster())}
	if done, err := stranger.Rewrap(t.Context(), db); done != 0 || !failure.Is(err, failure.CaseKeyWrong) {
		t.Errorf("%d, %v", done, err)
	}
}

func TestMasterFile(t *testing.T) {
	t.Parallel()

	good := casekey.GenerateMaster()
	if got := masters(t, "", good, "  ", casekey.GenerateMaster()); got.Current() != masters(t, good).Current() {
		t.Error("the first line is not the one that wraps")
	}

	for _, bad := range []string{"", "\n", good[:len(good)-1], good + "A", strings.TrimPrefix(good, "steward-"), good + "\nnothing"} {
		if _, err := casekey.ParseMaster([]byte(bad)); !failure.Is(err, failure.ConfigInvalid) {
			t.Errorf("%d bytes were read: %v", len(bad), err)
		}
	}

	if _, err := casekey.ReadMaster(t.TempDir()); !failure.Is(err, failure.ConfigInvalid) {
		t.Error(err)
	}

	if err := (casekey.Keeper{}).Ready(); !failure.Is(err, failure.ConfigInvalid) {
		t.Error(err)
	}
}

// TestNoChangedByteOpens flips a bit anywhere in a wrapped key or in what it is bound to.
func TestNoChangedByteOpens(t *testing.T) {
	t.Parallel()

	master := masters(t, casekey.GenerateMaster())

	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, "plain")
		place := rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, "place")

		wrapped, err := master.Wrap(t.Context(), plain, place)
		if err != nil {
			t.Fatal(err)
		}

		if got, err := master.Unwrap(t.Context(), wrapped, place); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%x, %v", got, err)
		}

		which := rapid.IntRange(0, len(wrapped.Bytes)+len(place)-1).Draw(t, "byte")
		bit := byte(1) << rapid.IntRange(0, 7).Draw(t, "bit")

		if which < len(wrapped.Bytes) {
			wrapped.Bytes[which] ^= bit
		} else {
			place[which-len(wrapped.Bytes)] ^= bit
		}

		if _, err := master.Unwrap(t.Context(), wrapped, place); !failure.Is(err, failure.CaseKeyWrong) {
			t.Fatalf("a changed byte opens: %v", err)
		}
	})
}
