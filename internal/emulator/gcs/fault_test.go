package gcs_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"steward/internal/emulator/gcs"
)

// TestUploadSurvives drives the real client's retry over each fault of a resumable upload: the object is
// there exactly once and byte for byte right.
func TestUploadSurvives(t *testing.T) {
	t.Parallel()
	for _, operation := range []gcs.Operation{gcs.OpUploadStart, gcs.OpUploadChunk, gcs.OpUploadFinish} {
		for _, mode := range []gcs.Mode{
			gcs.ModeUnavailableBefore, gcs.ModeUnavailableAfter, gcs.ModeDropBefore, gcs.ModeDropAfter, gcs.ModeTruncate,
		} {
			t.Run(string(operation)+" "+string(mode), func(t *testing.T) {
				t.Parallel()
				w := start(t)
				b := w.bucket(t, noSoftDelete())
				w.inject(t, gcs.Fault{Operation: operation, Prefix: "app/", Mode: mode, Bytes: 100_000, Count: 2})
				content := pattern(3*quantum + 17)
				_, err := put(t.Context(), b.Object("app/a"), content)
				must(t, err)
				wantContent(t, b.Object("app/a"), content)
				wantCensus(t, b, 1, 1, 0)
				if left := w.Faults(); len(left) != 0 {
					t.Errorf("the fault was not used up: %+v", left)
				}
			})
		}
	}
}

// TestInsertThatSucceededUnseen: the client's own retry of a create-only write meets its own object.
func TestInsertThatSucceededUnseen(t *testing.T) {
	t.Parallel()
	for _, mode := range []gcs.Mode{gcs.ModeUnavailableAfter, gcs.ModeDropAfter, gcs.ModePrecondition} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			w := start(t)
			b := w.bucket(t, noSoftDelete())
			w.inject(t, gcs.Fault{Operation: gcs.OpObjectInsert, Mode: mode})
			_, err := put(t.Context(), b.Object("a"), []byte("small"))
			wantStatus(t, err, http.StatusPreconditionFailed)
			wantContent(t, b.Object("a"), []byte("small"))
			wantCensus(t, b, 1, 1, 0)
		})
	}
}

func TestPreconditionAfterDoesNotHideAFailure(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	w.inject(t, gcs.Fault{Operation: gcs.OpObjectDelete, Mode: gcs.ModePrecondition})
	wantStatus(t, b.Object("none").Delete(t.Context()), http.StatusNotFound)
}

func TestFaultsBeforeHaveNoEffect(t *testing.T) {
	t.Parallel()
	for mode, status := range map[gcs.Mode]int{gcs.ModeForbidden: http.StatusForbidden, gcs.ModeNotFound: http.StatusNotFound} {
		w := start(t)
		b := w.bucket(t, noSoftDelete())
		_, err := put(t.Context(), b.Object("a"), []byte("1"))
		must(t, err)
		w.inject(t, gcs.Fault{Operation: gcs.OpObjectDelete, Mode: mode, Skip: 1})
		wantStatus(t, b.Object("other").Delete(t.Context()), http.StatusNotFound) // the one that is skipped
		wantStatus(t, b.Object("a").Delete(t.Context()), status)
		wantCensus(t, b, 1, 1, 0)
		must(t, b.Object("a").Delete(t.Context()))
	}
}

func TestStalledChunkIsSentAgain(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	w.inject(t, gcs.Fault{Operation: gcs.OpUploadChunk, Mode: gcs.ModeStall, Skip: 1})
	content := pattern(3 * quantum)
	writer := b.Object("a").If(storage.Conditions{DoesNotExist: true}).NewWriter(t.Context())
	writer.ChunkSize, writer.ChunkTransferTimeout = quantum, 100*time.Millisecond
	_, err := writer.Write(content)
	must(t, errors.Join(err, writer.Close()))
	w.Release() // the request that was given up goes on, late, and must not disturb
	eventually(t, "the stalled request ends", func() bool { return w.Stalled() == 0 })
	wantContent(t, b.Object("a"), content)
	wantCensus(t, b, 1, 1, 0)
}

func TestStalledReadGoesOnAfterRelease(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	_, err := put(t.Context(), b.Object("a"), []byte("1"))
	must(t, err)
	w.inject(t, gcs.Fault{Operation: gcs.OpObjectGet, Mode: gcs.ModeStall})
	done := make(chan error, 1)
	go func() {
		_, err := b.Object("a").Attrs(t.Context())
		done <- err
	}()
	eventually(t, "the request stalls", func() bool { return w.Stalled() == 1 })
	w.Release()
	must(t, <-done)
	w.inject(t, gcs.Fault{Operation: gcs.OpObjectGet, Mode: gcs.ModeStall, Delay: time.Millisecond})
	_, err = b.Object("a").Attrs(t.Context())
	must(t, err)
}

func TestStalledDeleteOfAClientThatLeftHasNoEffect(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	_, err := put(t.Context(), b.Object("a"), []byte("1"))
	must(t, err)
	w.inject(t, gcs.Fault{Operation: gcs.OpObjectDelete, Mode: gcs.ModeStall})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := b.Object("a").Delete(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	eventually(t, "the stall ends", func() bool { return w.Stalled() == 0 })
	wantCensus(t, b, 1, 1, 0)
}

func TestTruncatedReadIsResumedByTheClient(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	content := pattern(quantum)
	_, err := put(t.Context(), b.Object("a"), content)
	must(t, err)
	w.inject(t, gcs.Fault{Operation: gcs.OpObjectMedia, Mode: gcs.ModeTruncate, Bytes: 1000})
	wantContent(t, b.Object("a"), content)
	eventually(t, "the cut read and its continuation are logged", func() bool {
		reads := 0
		for _, r := range w.Requests() {
			if r.Operation == gcs.OpObjectMedia {
				reads++
			}
		}
		return reads == 2
	})
}

func TestSlow(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	w.inject(t, gcs.Fault{Mode: gcs.ModeSlow, Bytes: 200_000, Count: gcs.Forever})
	began := time.Now()
	_, err := put(t.Context(), b.Object("a"), pattern(20_000))
	must(t, err)
	r, err := b.Object("a").NewReader(t.Context())
	must(t, err)
	_, err = io.Copy(io.Discard, r)
	must(t, errors.Join(err, r.Close()))
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("40 kB at 200 kB/s took %v", took)
	}
	w.ClearFaults()
	wantContent(t, b.Object("a"), pattern(20_000))
}

// TestAFaultTellsWhereItIsMet: the order itself disturbs nothing; what it does not pick passes; each request that
// it does disturb is told, with who asked.
func TestAFaultTellsWhereItIsMet(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	_, err := put(t.Context(), b.Object("a"), []byte("1"))
	must(t, err)
	met := make(chan gcs.Hit, 2)
	w.inject(t, gcs.Fault{
		Operation: gcs.OpObjectGet, Mode: gcs.ModeForbidden,
		Only: func(asked gcs.Hit) bool { return asked.UserAgent != "bystander" }, Met: func(asked gcs.Hit) { met <- asked },
	})
	bystander := w.Client(t, option.WithUserAgent("bystander")).Bucket(b.BucketName())
	for _, object := range []string{"a", "a"} {
		_, err = bystander.Object(object).Attrs(t.Context())
		must(t, err)
	}
	if len(met) != 0 || len(w.Faults()) != 1 {
		t.Fatalf("met by %+v, left %+v", met, w.Faults())
	}
	_, err = b.Object("a").Attrs(t.Context())
	wantStatus(t, err, http.StatusForbidden)
	if asked := <-met; asked.Operation != gcs.OpObjectGet || asked.Bucket != b.BucketName() || asked.Object != "a" || len(w.Faults()) != 0 {
		t.Errorf("%+v, left %+v", asked, w.Faults())
	}
}
