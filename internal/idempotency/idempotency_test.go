package idempotency_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"steward/internal/failure"
	"steward/internal/idempotency"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func at() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func asked(key, body string) idempotency.Request {
	return idempotency.Request{
		Owner: "app-app_1", Credential: "key_1", Operation: "create-account", Key: key, Target: "/v1/accounts", Body: []byte(body),
		Secret: bytes.Repeat([]byte{1}, 32),
	}
}

// try does the work that gives the answer, as a handler does.
func try(ctx context.Context, db *postgres.DB, request idempotency.Request, answer string, fail error) (got string, again bool, err error) {
	err = db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		made, repeated, err := idempotency.Do(ctx, tx, request, at(), time.Hour, func(ctx context.Context) ([]byte, error) {
			if _, err := tx.Exec(ctx, "insert into effects values (1)"); err != nil {
				return nil, err
			}

			return []byte(answer), fail
		})
		got, again = string(made), repeated

		return err
	})

	return got, again, err
}

func open(t testing.TB) *postgres.DB {
	t.Helper()

	db := pgtest.OpenSteward(t)
	if _, err := db.Exec(t.Context(), "create table effects (n int)"); err != nil {
		t.Fatal(err)
	}

	return db
}

func effects(t testing.TB, db *postgres.DB) (count int) {
	t.Helper()

	if err := db.QueryRow(t.Context(), "select count(*) from effects").Scan(&count); err != nil {
		t.Fatal(err)
	}

	return count
}

func TestOnce(t *testing.T) {
	t.Parallel()

	db := open(t)

	if got, again, err := try(t.Context(), db, asked("k", "a"), "first", nil); got != "first" || again || err != nil {
		t.Errorf("%q %v %v", got, again, err)
	}

	if got, again, err := try(t.Context(), db, asked("k", "a"), "second", nil); got != "first" || !again || err != nil {
		t.Errorf("%q %v %v", got, again, err)
	}

	other := asked("k", "a")
	other.Credential, other.Secret = "key_2", bytes.Repeat([]byte{2}, 32)
	target := asked("k", "a")
	target.Target = "/v1/accounts?x=1"

	for name, test := range map[string]struct {
		request idempotency.Request
		want    failure.Code
	}{
		"another body": {asked("k", "b"), failure.IdempotencyReused}, "another target": {target, failure.IdempotencyReused},
		"another credential": {other, failure.IdempotencyNotYours},
	} {
		if _, _, err := try(t.Context(), db, test.request, "x", nil); !failure.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}

	if n := effects(t, db); n != 1 {
		t.Errorf("%d effects", n)
	}

	stranger := asked("k", "b")
	stranger.Owner = "app-app_2"

	if got, again, err := try(t.Context(), db, stranger, "theirs", nil); got != "theirs" || again || err != nil {
		t.Errorf("another owner with the same key: %q %v %v", got, again, err)
	}
}

// TestAFailureIsTriedAgain: it leaves neither effect nor row.
func TestAFailureIsTriedAgain(t *testing.T) {
	t.Parallel()

	db, broken := open(t), failure.New(failure.NotFound, "x")

	for range 2 {
		if _, _, err := try(t.Context(), db, asked("k", "a"), "x", broken); !errors.Is(err, broken) {
			t.Error(err)
		}
	}

	if got, again, err := try(t.Context(), db, asked("k", "a"), "done", nil); got != "done" || again || err != nil || effects(t, db) != 1 {
		t.Errorf("%q %v %v, %d effects", got, again, err, effects(t, db))
	}
}

// TestManyAtOnceDoItOnce: of many at the same instant one does it; the others get its
// answer or are told that it runs.
func TestManyAtOnceDoItOnce(t *testing.T) {
	t.Parallel()

	db := open(t)

	var (
		all     sync.WaitGroup
		mu      sync.Mutex
		answers []string
	)

	for i := range 8 {
		all.Go(func() {
			for {
				got, _, err := try(t.Context(), db, asked("k", "a"), strconv.Itoa(i), nil)
				if failure.Is(err, failure.IdempotencyRunning) {
					continue
				}

				if err != nil {
					t.Error(err)
				}

				mu.Lock()
				answers = append(answers, got)
				mu.Unlock()

				return
			}
		})
	}

	all.Wait()

	slices.Sort(answers)

	if effects(t, db) != 1 || answers[0] != answers[7] {
		t.Errorf("%d effects, answers %v", effects(t, db), answers)
	}
}

// TestNothingIsReadableInTheDatabase: neither key nor body nor answer.
func TestNothingIsReadableInTheDatabase(t *testing.T) {
	t.Parallel()

	db := open(t)
	if _, _, err := try(t.Context(), db, asked("canary-key", "canary-body"), "canary-answer", nil); err != nil {
		t.Fatal(err)
	}

	var row string
	if err := db.QueryRow(t.Context(), "select encode(answer, 'escape') || idempotency_keys::text from idempotency_keys").Scan(&row); err != nil {
		t.Fatal(err)
	}

	if strings.Contains(row, "canary") {
		t.Error(row)
	}

	if _, err := db.Exec(t.Context(), "update idempotency_keys set answer = set_byte(answer, 20, get_byte(answer, 20) # 1)"); err != nil {
		t.Fatal(err)
	}

	if _, _, err := try(t.Context(), db, asked("canary-key", "canary-body"), "x", nil); !failure.Is(err, failure.Internal) {
		t.Errorf("a changed answer: %v", err)
	}
}

// What stands in the database of a key is nothing that its readers can compute: the key
// of the API is needed. Two secrets give two peppers, none gives none.
func TestTheKeyIsHashedUnderASecret(t *testing.T) {
	t.Parallel()

	db := open(t)
	one, err := idempotency.NewPepper([]byte("the first secret"))
	if err != nil || len(one) != 32 {
		t.Fatal(len(one), err)
	}

	two, err := idempotency.NewPepper([]byte("the second secret"))
	if none, noneErr := idempotency.NewPepper(nil); err != nil || noneErr != nil || none != nil || bytes.Equal(one, two) {
		t.Fatal(none, err, noneErr)
	}

	for _, pepper := range []idempotency.Pepper{one, two} {
		request := asked("ada@example.com", "a")
		request.Pepper = pepper

		if _, again, err := try(t.Context(), db, request, "done", nil); err != nil || again {
			t.Error(again, err)
		}

		if _, again, err := try(t.Context(), db, request, "done twice", nil); err != nil || !again {
			t.Error(again, err)
		}
	}

	var rows, different, guessed int

	err = db.QueryRow(t.Context(), `select count(*), count(distinct key_hash),
		count(*) filter (where key_hash = sha256('app-app_1\000create-account\000ada@example.com'))
		from idempotency_keys`).Scan(&rows, &different, &guessed)
	if err != nil || rows != 2 || different != 2 || guessed != 0 {
		t.Errorf("%d rows, %d hashes, %d guessed, %v", rows, different, guessed, err)
	}
}

// A request of before the pepper is answered as it was; where its key was used for
// something else since, that counts.
func TestARowOfBeforeIsFound(t *testing.T) {
	t.Parallel()

	db := open(t)
	if _, _, err := try(t.Context(), db, asked("k", "a"), "of before", nil); err != nil {
		t.Fatal(err)
	}

	pepper, err := idempotency.NewPepper([]byte("a secret"))
	if err != nil {
		t.Fatal(err)
	}

	now, other := asked("k", "a"), asked("k", "b")
	now.Pepper, other.Pepper = pepper, pepper

	if got, again, err := try(t.Context(), db, now, "twice", nil); got != "of before" || !again || err != nil || effects(t, db) != 1 {
		t.Errorf("%q, %v, %v, %d effects", got, again, err, effects(t, db))
	}

	if _, _, err := try(t.Context(), db, other, "x", nil); !failure.Is(err, failure.IdempotencyReused) {
		t.Errorf("another body: %v", err)
	}

	row, err := idempotency.Prepare(other, []byte("newer"), at(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}

	_, err = db.Exec(t.Context(), `insert into idempotency_keys (owner, operation, key_hash, credential, body_mac, answer, made_at, ends_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		row.Owner, row.Operation, row.KeyHash, row.Credential, row.BodyMAC, row.Answer, at(), row.EndsAt)
	if err != nil {
		t.Fatal(err)
	}

	if got, again, err := try(t.Context(), db, other, "x", nil); got != "newer" || !again || err != nil {
		t.Errorf("%q, %v, %v", got, again, err)
	}
}

func TestTheRowEndsAtItsDate(t *testing.T) {
	t.Parallel()

	db := open(t)
	if _, _, err := try(t.Context(), db, asked("k", "a"), "x", nil); err != nil {
		t.Fatal(err)
	}

	var ends time.Time
	if err := db.QueryRow(t.Context(), "select ends_at from idempotency_keys").Scan(&ends); err != nil || !ends.Equal(at().Add(time.Hour)) {
		t.Errorf("%s %v", ends, err)
	}
}

func TestParseKey(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		values []string
		want   string
	}{
		"bare": {[]string{"k-1"}, "k-1"}, "quoted": {[]string{`"k-1"`}, "k-1"}, "none": {nil, ""}, "two": {[]string{"a", "b"}, ""},
		"empty": {[]string{""}, ""}, "empty quotes": {[]string{`""`}, ""}, "half": {[]string{`"a`}, ""}, "a space": {[]string{"a b"}, ""},
		"too long": {[]string{string(bytes.Repeat([]byte("k"), 256))}, ""}, "not ASCII": {[]string{"é"}, ""},
	} {
		got, err := idempotency.ParseKey(test.values)
		if got != test.want || (test.want == "") != failure.Is(err, failure.IdempotencyMissing) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
