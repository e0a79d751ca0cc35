package credential_test

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/access"
	"steward/internal/clocks"
	"steward/internal/credential"
	"steward/internal/credential/credentialtest"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func must(t testing.TB, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

// world is a steward database with an operator, and a Verifier as the API's role
// sees it.
type world struct {
	db       *postgres.DB
	api      *postgres.DB
	made     *credentialtest.Maker
	verifier *credential.Verifier
	refused  atomic.Int64
}

func open(t testing.TB) *world {
	t.Helper()

	at := pgtest.Steward(t)
	opened := func(url string) *postgres.DB {
		db, err := postgres.Open(t.Context(), url)
		must(t, err)
		t.Cleanup(db.Close)

		return db
	}

	w := &world{db: opened(at), api: opened(pgtest.Member(t, at, "steward_api"))}
	w.made = credentialtest.New(t, w.db, now())
	w.verifier = w.another()

	return w
}

// another is the Verifier of another process.
func (w *world) another() *credential.Verifier {
	return credential.NewVerifier(credential.Options{
		DB: w.api, Clock: clocks.Fixed(now()), Address: func(context.Context) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
		Refused: func(netip.Addr, time.Time) { w.refused.Add(1) },
	})
}

// listening runs a Verifier until the test ends, and waits until it knows all.
func listening(t testing.TB, verifier *credential.Verifier) {
	t.Helper()

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})

	go func() {
		defer close(done)

		verifier.Run(ctx)
	}()

	t.Cleanup(func() {
		cancel()
		<-done
	})
	eventually(t, verifier.Listening)
}

// eventually waits for what another goroutine does.
func eventually(t testing.TB, is func() bool) {
	t.Helper()

	deadline, tick := time.After(20*time.Second), time.NewTicker(2*time.Millisecond)
	defer tick.Stop()

	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not come to that")
		}
	}
}

// Each credential is answered alike whether or not anybody listens.
func TestVerify(t *testing.T) {
	t.Parallel()

	for name, listen := range map[string]bool{"one by one": false, "listening": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := open(t)
			key, keyToken := w.made.Key(t, access.PromisesRead, access.AccountsRead)
			lead, leadToken := w.made.Staff(t, access.Lead)
			expired, expiredToken := w.made.Key(t, access.PromisesRead)
			w.made.Expire(t, expired)
			revoked, revokedToken := w.made.Staff(t, access.Auditor)
			w.made.Revoke(t, revoked)

			if listen {
				listening(t, w.verifier)
			}

			for name, test := range map[string]struct {
				token string
				want  access.Principal
				code  failure.Code
			}{
				"a key": {keyToken, key, ""}, "a token": {leadToken, lead, ""},
				"none": {"", access.Principal{}, failure.CredentialsMissing}, "no token": {"Bearer x", access.Principal{}, failure.CredentialsWrong},
				"nobody's":        {credential.Make(access.App).Reveal(), access.Principal{}, failure.CredentialsWrong},
				"expired":         {expiredToken, access.Principal{}, failure.CredentialsExpired},
				"revoked":         {revokedToken, access.Principal{}, failure.CredentialsRevoked},
				"another secret":  {credential.WithSecretOf(keyToken, leadToken), access.Principal{}, failure.CredentialsWrong},
				"a key as staff":  {credential.WithPrefix(keyToken, credential.StaffPrefix), access.Principal{}, failure.CredentialsWrong},
				"staff as an app": {credential.WithPrefix(leadToken, credential.AppPrefix), access.Principal{}, failure.CredentialsWrong},
			} {
				who, err := w.verifier.Verify(t.Context(), test.token)
				if failure.CodeOf(err) != test.code {
					t.Errorf("%s: %v", name, err)
				}

				if diff := cmp.Diff(test.want, who); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}

			if got := w.refused.Load(); got != 5 {
				t.Errorf("%d wrong credentials were told of", got)
			}
		})
	}
}

// A revocation counts in another process at once, without a query for each call
// before it.
func TestARevocationIsHeardOf(t *testing.T) {
	t.Parallel()

	w := open(t)
	key, token := w.made.Key(t, access.PromisesRead)
	lead, leadToken := w.made.Staff(t, access.Lead)
	other := w.another()

	listening(t, w.verifier)
	listening(t, other)

	for _, verifier := range []*credential.Verifier{w.verifier, other} {
		counter := &faults.Counter{}
		if _, err := verifier.Verify(faults.With(t.Context(), counter), token); err != nil || len(counter.Calls()) > 0 {
			t.Errorf("%v, %v", err, counter.Calls())
		}

		if _, err := verifier.Verify(faults.With(t.Context(), counter), credential.Make(access.App).Reveal()); len(counter.Calls()) > 0 {
			t.Errorf("a wrong token: %v, %v", err, counter.Calls())
		}
	}

	w.made.Revoke(t, key)

	_, err := w.db.Exec(t.Context(), `update staff set role = 'support' where id = $1`, lead.ID)
	must(t, err)

	for _, verifier := range []*credential.Verifier{w.verifier, other} {
		eventually(t, func() bool {
			_, err := verifier.Verify(t.Context(), token)
			who, failed := verifier.Verify(t.Context(), leadToken)

			return failure.Is(err, failure.CredentialsRevoked) && failed == nil && who.Role == access.Support
		})
	}
}

// A listener that lost its connection knows nothing, asks the database, and listens
// again by itself; meanwhile a revocation counts.
func TestALostListenerKnowsNothing(t *testing.T) {
	t.Parallel()

	w := open(t)
	key, token := w.made.Key(t, access.PromisesRead)

	listening(t, w.verifier)

	const listeners = `from pg_stat_activity where query like 'listen %' and datname = current_database()`

	for range 3 {
		_, err := w.db.Exec(t.Context(), `select pg_terminate_backend(pid) `+listeners)
		must(t, err)

		if who, err := w.verifier.Verify(t.Context(), token); err != nil || who.ID != key.ID {
			t.Errorf("%v, %v", who, err)
		}
	}

	w.made.Revoke(t, key)
	eventually(t, func() bool {
		_, err := w.verifier.Verify(t.Context(), token)

		return failure.Is(err, failure.CredentialsRevoked)
	})
	eventually(t, w.verifier.Listening)
}

// Whoever sends many wrong tokens is told to wait, the right one from the same
// address is not, and the wait is in the failure.
func TestAFloodIsSlowedAndTheRightOneIsNot(t *testing.T) {
	t.Parallel()

	w := open(t)
	_, token := w.made.Key(t, access.PromisesRead)

	listening(t, w.verifier)

	var slowed *credential.Slowed

	for range 100 {
		_, err := w.verifier.Verify(t.Context(), credential.Make(access.App).Reveal())
		if failure.Is(err, failure.CredentialsSlowed) && errors.As(err, &slowed) {
			continue
		}

		if !failure.Is(err, failure.CredentialsWrong) || slowed != nil {
			t.Fatal(err)
		}
	}

	if slowed == nil || slowed.RetryAfter() < time.Minute {
		t.Errorf("%v", slowed)
	}

	for range 2 {
		if _, err := w.verifier.Verify(t.Context(), token); err != nil {
			t.Error(err)
		}

		w.verifier.Forget()
	}

	// Without a listener an address that is slowed does not reach the database.
	counter := &faults.Counter{}
	alone := w.another()

	for range 100 {
		_, err := alone.Verify(faults.With(t.Context(), counter), credential.Make(access.App).Reveal())
		must(t, expect(err))
	}

	if asked := len(counter.Calls()); asked < 10 || asked > 20 {
		t.Errorf("the database was asked %d times", asked)
	}
}

func expect(err error) error {
	if failure.Is(err, failure.CredentialsWrong) || failure.Is(err, failure.CredentialsSlowed) {
		return nil
	}

	return err
}

// Whatever fails in looking, nobody is let in.
func TestADatabaseThatFailsLetsNobodyIn(t *testing.T) {
	t.Parallel()

	w := open(t)
	_, token := w.made.Key(t, access.PromisesRead)

	for _, mode := range []faults.Mode{faults.Before, faults.After} {
		who, err := w.verifier.Verify(faults.With(t.Context(), &faults.Counter{N: 1, Mode: mode}), token)
		if !failure.Is(err, failure.Unavailable) || who.ID != "" {
			t.Errorf("%v, %v", who, err)
		}
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()

	if who, err := w.verifier.Verify(ended, token); !failure.Is(err, failure.Unavailable) || who.ID != "" {
		t.Errorf("%v, %v", who, err)
	}
}

// A credential only ends, whoever asks the database.
func TestACredentialOnlyEnds(t *testing.T) {
	t.Parallel()

	w := open(t)
	key, _ := w.made.Key(t, access.PromisesRead)
	w.made.Revoke(t, key)

	for name, sql := range map[string]string{
		"longer": `update api_keys set expires_at = expires_at + interval '1 day'`, "held again": `update api_keys set revoked_at = null`,
		"other scopes": `update api_keys set scopes = '{accounts:write}'`, "another secret": `update api_keys set secret_sha256 = sha256('x')`,
		"another's": `update staff_tokens set staff = staff || ''  , id = 'tok_' || repeat('a', 26)`,
	} {
		if _, err := w.db.Exec(t.Context(), sql); err == nil {
			t.Errorf("a credential takes: %s", name)
		}
	}
}

// A worker removes the rows of credentials at their end, and changes none.
func TestARowGoesAtItsEnd(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)
	db, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(db.Close)

	core, err := postgres.Open(t.Context(), pgtest.Member(t, at, "steward_core"))
	must(t, err)
	t.Cleanup(core.Close)

	made := credentialtest.New(t, db, now())
	made.Key(t, access.PromisesRead)

	for table, lasts := range map[string]time.Duration{"staff_tokens": credential.Tokens().Usual, "api_keys": credential.Keys().Usual} {
		if _, err := core.Exec(t.Context(), `update `+table+` set ends_at = ends_at`+" + interval '1 day'"); err == nil {
			t.Errorf("a worker changes %s", table)
		}

		statement := `delete from ` + table + ` where ctid = any (array(select ctid from ` + table + ` where ends_at <= $1 limit 10 for update skip locked))`

		for _, step := range []struct {
			at   time.Time
			want int64
		}{{now().Add(lasts + credential.RowStay - 1), 0}, {now().Add(lasts + credential.RowStay), 1}} {
			if gone, err := core.Exec(t.Context(), statement, step.at); err != nil || gone != step.want {
				t.Errorf("%s: %d, %v", table, gone, err)
			}
		}
	}
}
