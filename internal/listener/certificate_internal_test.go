package listener

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"steward/internal/certtest"
	"steward/internal/clocks"
	"steward/internal/failure"
)

// hand is a clock that the test turns.
type hand struct{ at time.Time }

func (h *hand) Now() time.Time { return h.at }

// ends is when the certificate with this serial number ends.
func ends(serial int64) time.Time {
	return time.Date(2030, 1, int(serial), 0, 0, 0, 0, time.UTC)
}

// pair makes a certificate with this serial number, and its key.
func pair(t *testing.T, serial int64) map[string][]byte {
	t.Helper()

	made := certtest.New(t, serial, ends(serial))

	return map[string][]byte{"chain.pem": made.Chain, "key.pem": made.Key}
}

// TestACertificateIsReadAgain: when its files changed, at the next look; while they do
// not fit each other the old one serves.
func TestACertificateIsReadAgain(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	chain, key := filepath.Join(dir, "chain.pem"), filepath.Join(dir, "key.pem")
	pairs := map[string]map[string][]byte{"old": pair(t, 1), "new": pair(t, 2)}
	clock := &hand{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}

	write := func(from string, at time.Time, files ...string) {
		t.Helper()

		for _, path := range files {
			if err := os.WriteFile(path, pairs[from][filepath.Base(path)], 0o600); err != nil {
				t.Fatal(err)
			}

			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}

	write("old", clock.at, chain, key)

	files, err := openCertificate(chain, key, clock, nil)
	if err != nil {
		t.Fatal(err)
	}

	serial := func() int64 {
		t.Helper()

		pair, err := files.get(nil)
		if err != nil {
			t.Fatal(err)
		}

		return pair.Leaf.SerialNumber.Int64()
	}

	if got := serial(); got != 1 {
		t.Fatalf("serial %d", got)
	}

	// Half of the pair is new.
	write("new", clock.at.Add(time.Hour), chain)

	clock.at = clock.at.Add(lookEvery)
	if got := serial(); got != 1 {
		t.Errorf("with half of a pair: serial %d", got)
	}

	write("new", clock.at.Add(time.Hour), key)

	if got := serial(); got != 1 {
		t.Errorf("before the next look: serial %d", got)
	}

	clock.at = clock.at.Add(lookEvery)
	if got := serial(); got != 2 {
		t.Errorf("after the next look: serial %d", got)
	}

	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}

	clock.at = clock.at.Add(lookEvery)
	if got := serial(); got != 2 {
		t.Errorf("with a file gone: serial %d", got)
	}
}

// files are a certificate's files, with what was told of them.
type files struct {
	*certificate

	clock *hand
	told  []Reload
}

// open writes the first pair and opens it.
func openFiles(t *testing.T) *files {
	t.Helper()

	dir := t.TempDir()
	f := &files{clock: &hand{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}}
	f.certificate = &certificate{chain: filepath.Join(dir, "chain.pem"), key: filepath.Join(dir, "key.pem")}
	f.write(t, pair(t, 1))

	opened, err := openCertificate(f.chain, f.key, f.clock, func(read Reload) { f.told = append(f.told, read) })
	if err != nil {
		t.Fatal(err)
	}

	f.certificate = opened

	return f
}

// write puts files in place, as of a minute later than before.
func (f *files) write(t *testing.T, content map[string][]byte) {
	t.Helper()

	f.clock.at = f.clock.at.Add(time.Minute)

	for name, text := range content {
		path := filepath.Join(filepath.Dir(f.chain), name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}

		if err := os.Chtimes(path, f.clock.at, f.clock.at); err != nil {
			t.Fatal(err)
		}
	}
}

// later looks when it is time for the next look, and gives the certificate in use.
func (f *files) later() int64 {
	f.clock.at = f.clock.at.Add(lookEvery)

	return f.look().Leaf.SerialNumber.Int64()
}

// TestABrokenCertificateIsTold: the one of before stays in use, each look that fails is
// told, and so is the one that reads what was mended.
func TestABrokenCertificateIsTold(t *testing.T) {
	t.Parallel()

	f := openFiles(t)
	good := pair(t, 1)
	f.write(t, good)

	broken := map[string][]byte{"chain.pem": []byte("-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n")}

	for i, change := range []func(){
		func() {},
		func() { f.write(t, broken) },
		func() {},
		func() {
			if err := os.Remove(f.key); err != nil {
				t.Fatal(err)
			}
		},
		func() { f.write(t, good) }, // as it was, but for its time
		func() { f.write(t, pair(t, 2)) },
		func() {},
	} {
		change()

		want := int64(1)
		if i >= 5 {
			want = 2
		}

		if got := f.later(); got != want {
			t.Errorf("after change %d: serial %d", i, got)
		}
	}

	type told struct{ failed, again bool }

	var all []told

	for _, read := range f.told {
		all = append(all, told{read.Err != nil, read.Again})

		if read.Err != nil && !failure.Is(read.Err, failure.ConfigInvalid) {
			t.Error(read.Err)
		}
	}

	want := []told{{}, {}, {true, false}, {true, true}, {true, true}, {}, {}}
	if !slices.Equal(all, want) {
		t.Errorf("told %+v", all)
	}

	if first, last := f.told[0], f.told[len(f.told)-1]; !first.NotAfter.Equal(ends(1)) || !last.NotAfter.Equal(ends(2)) {
		t.Errorf("%+v, %+v", first, last)
	}
}

// TestFilesThatComeBackAreOver: the very files of before are there again, so nothing is
// wrong any more.
func TestFilesThatComeBackAreOver(t *testing.T) {
	t.Parallel()

	f := openFiles(t)
	aside := f.key + ".aside"

	for _, move := range [][2]string{{f.key, aside}, {aside, f.key}} {
		if err := os.Rename(move[0], move[1]); err != nil {
			t.Fatal(err)
		}

		f.later()
	}

	if len(f.told) != 3 || f.told[1].Err == nil || f.told[2].Err != nil {
		t.Errorf("%+v", f.told)
	}
}

// TestFilesAreLookedAtWithoutACall: a certificate that nobody asks for is read again too.
func TestFilesAreLookedAtWithoutACall(t *testing.T) {
	t.Parallel()

	f := openFiles(t)

	synctest.Test(t, func(t *testing.T) {
		told := make(chan Reload, 10)

		opened, err := openCertificate(f.chain, f.key, clocks.System(), func(read Reload) { told <- read })
		if err != nil {
			t.Fatal(err)
		}

		if first := <-told; !first.NotAfter.Equal(ends(1)) {
			t.Errorf("%+v", first)
		}

		ctx, stop := context.WithCancel(t.Context())
		defer stop()

		go opened.watch(ctx)

		f.write(t, pair(t, 2))

		if next := <-told; !next.NotAfter.Equal(ends(2)) || next.Err != nil {
			t.Errorf("%+v", next)
		}
	})
}
