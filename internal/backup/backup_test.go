package backup_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"steward/internal/archive"
	"steward/internal/backuptest"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/manifest"
	"steward/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// Every outside call of a backup fails once. The next attempt must make one whole
// backup, recorded once.
func TestABackupSurvivesEveryFailingCall(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	whole := &faults.Counter{}
	first := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

	if _, err := b.Taker.Take(faults.With(t.Context(), whole), b.Open(t, "2026-11-22").ID); err != nil {
		t.Fatal(err)
	}

	points := len(whole.Calls())
	t.Logf("a backup makes %d outside calls", points)

	step := 6 // make soak takes every call
	if os.Getenv("STEWARD_SOAK") != "" {
		step = 1
	}

	for i, mode := range []faults.Mode{faults.Before, faults.After} {
		for n := 1 + i; n <= points; n += step {
			opened := b.Open(t, first.AddDate(i, 0, n).Format(time.DateOnly))
			counter := &faults.Counter{N: n, Mode: mode}
			_, err := b.Taker.Take(faults.With(t.Context(), counter), opened.ID)

			if calls := counter.Calls(); err == nil && calls[n-1].Kind != faults.HTTP {
				t.Errorf("%s call %d (%s %s) failed unnoticed", mode, n, calls[n-1].Kind, calls[n-1].Name)
			}

			if err != nil && !failure.Lookup(failure.CodeOf(err)).Retryable {
				t.Errorf("%s call %d ended the day for good: %v", mode, n, err)
			}

			taken, err := b.Taker.Take(t.Context(), opened.ID)
			if err != nil || taken.State != catalogue.Taken {
				t.Fatalf("after %s call %d: %+v, %v", mode, n, taken, err)
			}

			if evidence := b.Ledger(t, opened.ID); evidence["backup.stored"] != 1 {
				t.Errorf("after %s call %d: evidence %v", mode, n, evidence)
			}

			b.CheckObjects(t, opened.ID)

			if n%5 == 0 {
				if _, err := b.Driller.Drill(t.Context(), opened.ID); err != nil {
					t.Errorf("after %s call %d: %v", mode, n, err)
				}
			}
		}
	}
}

func TestSourcesThatCannotBeDumped(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small+`
		do $$ begin create role weak_reader login; exception when duplicate_object or unique_violation then null; end $$;
		grant pg_read_all_data to weak_reader; alter table shop.people enable row level security;`)

	for name, c := range map[string]struct {
		source string
		code   failure.Code
	}{
		"no such database":   {strings.Replace(b.Source, "/t_", "/none_", 1), failure.Unavailable},
		"nobody answers":     {"postgres://postgres@127.0.0.1:1/x", failure.Unavailable},
		"no URL":             {"host=127.0.0.1 dbname=x", failure.ConfigInvalid},
		"nonsense":           {"postgres://%zz", failure.ConfigInvalid},
		"a secret parameter": {b.Source + "&sslpassword=hunter2", failure.ConfigInvalid},
		"row security":       {strings.Replace(b.Source, "//postgres@", "//weak_reader@", 1), failure.SourceUnreadable},
	} {
		saved := *b.Taker
		b.Taker.Source = c.source

		_, err := b.Taker.Take(t.Context(), b.Open(t, "2026-11-22").ID)
		if !failure.Is(err, c.code) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}

		if names := b.Names(t); len(names) > 0 {
			t.Errorf("%s left %v", name, names)
		}

		*b.Taker = saved
	}
}

// Both recipients open the archive; the manifest says what the database holds.
func TestWhatIsStored(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)

	escrow, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}

	b.Taker.Recipients = append(b.Taker.Recipients, escrow.Recipient())
	b.Taker.Policy = strings.Repeat("ab", 32)
	taken := b.Take(t, "2026-11-22")

	document, err := manifest.Open(b.Read(t, taken.ManifestObject, taken.ManifestGen), b.Driller.Verifier)
	if err != nil {
		t.Fatal(err)
	}

	if document.Owner != "postgres" || document.Policy != b.Taker.Policy || document.Content.Rows() != 20 || document.LSN == "" ||
		document.ServerVersion < 140000 || document.Attempt != taken.Attempt || len(document.Content.Tables) != 1 {
		t.Errorf("%+v", document)
	}

	stored := b.Read(t, document.Archive.Object, document.Archive.Generation)
	for _, identity := range append([]age.Identity{escrow}, b.Driller.Identities...) {
		reader, err := archive.NewReader(bytes.NewReader(stored), []age.Identity{identity})
		if err != nil {
			t.Fatal(err)
		}

		var plain bytes.Buffer
		if _, err := plain.ReadFrom(reader); err != nil || !strings.HasPrefix(plain.String(), "PGDMP") {
			t.Error(err)
		}
	}

	if bytes.Contains(stored, []byte("person 7")) {
		t.Error("the archive can be read by anybody")
	}
}

// No child shows the password to other users of the machine.
func TestThePasswordIsNotAnArgument(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)

	at, err := url.Parse(b.Source)
	if err != nil {
		t.Fatal(err)
	}

	at.User = url.UserPassword("postgres", "hunter2secret")
	b.Taker.Source = at.String()

	b.Taker.Progress = nil

	look := watcher{t: t, database: []byte(at.Path), seen: map[string]bool{}, lock: &sync.Mutex{}}

	// A program that is through before the look begins has no arguments any more: whether one is met alive is chance
	// on a busy machine, so days are backed up until each was.
	for day := 1; day <= 30 && (!look.seen["pg_dump"] || !look.seen["pg_dumpall"]); day++ {
		if _, err := b.Taker.Take(faults.With(t.Context(), look), b.Open(t, fmt.Sprintf("2026-11-%02d", day)).ID); err != nil {
			t.Fatal(err)
		}
	}

	for _, program := range []string{"pg_dump", "pg_dumpall"} {
		if !look.seen[program] {
			t.Errorf("no living %s was looked at", program)
		}
	}
}

// watcher reads the arguments of every process when the end of a child is about
// to be waited for: it runs, or is a zombie without arguments.
type watcher struct {
	t        *testing.T
	database []byte          // how the children of this test are told from others
	seen     map[string]bool // programs whose arguments were read
	lock     *sync.Mutex
}

// Next implements faults.Injector.
func (w watcher) Next(_ context.Context, call faults.Call) faults.Mode {
	if call.Kind != faults.Process || !strings.HasPrefix(call.Name, "end ") {
		return faults.Pass
	}

	w.lock.Lock()
	defer w.lock.Unlock()

	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		w.t.Error(err)
	}

	for _, line := range lines {
		content, err := os.ReadFile(line)
		if err != nil {
			continue // it has ended
		}

		if !bytes.Contains(content, w.database) {
			continue // not of this test
		}

		program, _, _ := bytes.Cut(content, []byte{0})
		w.seen[filepath.Base(string(program))] = true

		if bytes.Contains(content, []byte("hunter2secret")) {
			w.t.Errorf("%s shows the password", line)
		}
	}

	return faults.Pass
}

// An attempt that learns that another took its day over stops.
func TestAFencedAttemptStops(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	b.Taker.Silence = 40 * time.Millisecond
	opened := b.Open(t, "2026-11-22")

	lock, err := pgx.Connect(t.Context(), b.Source)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close(context.WithoutCancel(t.Context()))

	if _, err := lock.Exec(t.Context(), "begin; lock table shop.people in access exclusive mode"); err != nil {
		t.Fatal(err)
	}

	ended := make(chan error, 1)

	go func() {
		_, err := b.Taker.Take(t.Context(), opened.ID)
		ended <- err
	}()

	for b.Row(t, opened.ID).Attempt == opened.Attempt {
		<-time.After(5 * time.Millisecond)
	}

	backuptest.Exec(t, b.StewardURL, `update backups set owner = 'other', attempt = 'att_aaaaaaaaaaaaaaaaaaaaaaaaaa'`)

	if err := <-ended; !failure.Is(err, failure.DayTaken) {
		t.Error(err)
	}

	if names := b.Names(t); len(names) > 0 {
		t.Errorf("it left %v", names)
	}
}
