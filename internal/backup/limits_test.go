package backup_test

import (
	"testing"
	"time"

	"steward/internal/backup"
	"steward/internal/backuptest"
	"steward/internal/catalogue"
	"steward/internal/failure"
)

// loadTable holds what the load query reads.
const loadTable = backuptest.Small + `create table load (n int); insert into load values (1);`

// heldFor begins a backup and returns once it was held for long enough; its end comes
// through the channel. It fails where the backup ends before.
func heldFor(t *testing.T, b *backuptest.Bench, id string, longEnough <-chan struct{}) <-chan error {
	t.Helper()

	ended := make(chan error, 1)

	go func() {
		_, err := b.Taker.Take(t.Context(), id)
		ended <- err
	}()

	select {
	case err := <-ended:
		t.Fatalf("it did not wait: %v", err)
	case <-longEnough:
	}

	return ended
}

// A load query that says stop holds the dump, for longer than a chunk of the
// upload may take, and lets it go when it says go. What comes out is a good backup.
func TestTheBrakeHoldsUntilTheLoadIsGone(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, loadTable)
	id := b.Open(t, "2026-11-22").ID
	longEnough := make(chan struct{})

	var (
		seen     time.Duration
		reported bool
	)

	b.Taker.Limits = backup.Limits{LoadQuery: "select n from load", MaxLag: time.Minute, Nice: 5, Every: 50 * time.Millisecond}
	b.Taker.Held = func(total time.Duration) {
		// The chunks of this bench's client have two seconds.
		if seen = total; seen > 2500*time.Millisecond && !reported {
			reported = true

			close(longEnough)
		}
	}

	ended := heldFor(t, b, id, longEnough)

	backuptest.Exec(t, b.Source, "update load set n = 0")

	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	b.CheckObjects(t, id)

	if drilled, err := b.Driller.Drill(t.Context(), id); err != nil || drilled.State != catalogue.Drilled {
		t.Errorf("%+v, %v", drilled, err)
	}
}

// A day that is due already gets its backup, whatever the load.
func TestTheBrakeGivesWayToTheDeadline(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, loadTable)
	b.Taker.Limits = backup.Limits{LoadQuery: "select n > 0 from load", Every: 10 * time.Millisecond}
	b.Taker.Deadline = b.Taker.Clock.Now()
	b.Taker.Held = func(time.Duration) { t.Error("it is held") }

	b.Take(t, "2026-11-22")
}

// A pause ends when its time is used up, though the load goes on.
func TestAPauseHasAnEnd(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, loadTable)
	b.Taker.Limits = backup.Limits{LoadQuery: "select n from load", Every: 10 * time.Millisecond}
	b.Taker.Deadline = b.Taker.Clock.Now().Add(4 * time.Second)

	var held time.Duration

	b.Taker.Held = func(total time.Duration) { held = total }

	b.Take(t, "2026-11-22")

	if held == 0 || held > 2*time.Second {
		t.Errorf("held for %s of the two seconds that it may be", held)
	}
}

// What the source cannot be asked is found before the dump begins.
func TestALoadQueryThatCannotBeAsked(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, loadTable+"create sequence counted;")

	for i, query := range []string{
		"select 'much'", "select n, n from load", "select n from load where n > 1", "select n from nowhere", "select null",
		"select n from load, generate_series(1, 2)", "select nextval('counted')", "select 1 / 0",
	} {
		b.Taker.Limits = backup.Limits{LoadQuery: query}
		id := b.Open(t, time.Date(2026, 11, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)).ID

		if _, err := b.Taker.Take(t.Context(), id); !failure.Is(err, failure.PolicyInvalid) {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// The pace holds for what is uploaded.
func TestABandwidthIsKept(t *testing.T) {
	t.Parallel()

	const perSecond, seconds = 100_000, 3

	// MD5 in hex halves at best: some 400,000 bytes are left.
	b := backuptest.New(t, `create table noise as select md5(n::text) || md5((-n)::text) as text from generate_series(1, 12000) as n`)
	b.Taker.Limits = backup.Limits{Bandwidth: perSecond}

	started := time.Now()
	taken := b.Take(t, "2026-11-22")

	if took := time.Since(started); taken.Bytes < (seconds+1)*perSecond || took < seconds*time.Second {
		t.Errorf("%d bytes in %s, at %d bytes a second", taken.Bytes, took, perSecond)
	}
}

// The expected size is the one of the last good backup.
func TestTheExpectedSize(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)

	var expected []int64

	b.Taker.Expected = func(bytes int64) { expected = append(expected, bytes) }
	first := b.Take(t, "2026-11-21")
	b.Take(t, "2026-11-22")

	if len(expected) != 2 || expected[1] == expected[0] && expected[0] == 0 {
		t.Errorf("expected %d after a first of %d", expected, first.Bytes)
	}
}
