package fileremoval_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"steward/internal/failure"
	"steward/internal/filestest"
	"steward/internal/gcs"
)

// many is how many contents the tests below have: several batches of what is decided
// on at once, and more than a prune tries in vain.
const many = 240

// crowd is a world with many contents of one day that are late, and no exception.
func crowd(t *testing.T) (b *filestest.Bench, contents []string) {
	t.Helper()

	b = filestest.New(t)
	for i := range many {
		b.Write(t, fmt.Sprintf("file %03d", i), "content")
	}

	b.Drilled(t)
	b.Remover.Rule.KeepLastDrilled = false
	b.Clock.Advance(8 * day)

	contents = b.Names(t, "uploads/contents/")

	return b, contents
}

// overdue gives the names of the objects that the ledger calls overdue with a cause,
// each as often as it does.
func overdue(t *testing.T, b *filestest.Bench, cause string) []string {
	t.Helper()

	return b.Strings(t, `select object ->> 'name' from ledger.entries,
		jsonb_array_elements(body::jsonb -> 'objects') as object
		where kind = 'files.overdue' and body::jsonb ->> 'cause' = $1 order by 1`, cause)
}

// telling checks that whoever watches sees it move: of how many contents it was told.
type telling struct {
	phase string
	last  int64
	moved int
}

func (w *telling) tell(phase string, done int64) {
	if phase != w.phase || done != w.last {
		w.phase, w.last = phase, done
		w.moved++
	}
}

// A bucket that refuses each deletion for good keeps a prune from nothing: each
// content was tried and told of, each is in the ledger with the cause, and one error
// stands for all.
func TestDeletionsThatAreRefusedForGood(t *testing.T) {
	t.Parallel()

	b, contents := crowd(t)

	settings, err := b.Bucket.Settings(t.Context())
	check(t, err)

	locked := settings
	locked.Retention = 30 * day
	check(t, b.Bucket.Update(t.Context(), settings, locked))

	for range 2 {
		seen := &telling{}
		b.Remover.Progress = seen.tell

		result, err := b.Remover.Prune(t.Context(), b.Clock.Now())
		if !failure.Is(err, failure.StorageRefused) || result.Contents != 0 || result.Late < many {
			t.Errorf("%+v, %v", result, err)
		}

		if err != nil && (len(err.Error()) > 1000 || !strings.Contains(err.Error(), "more of storage_refused")) {
			t.Errorf("the error has %d bytes: %.2000s", len(err.Error()), err)
		}

		if seen.phase != "contents" || seen.last != many || seen.moved < many {
			t.Errorf("%+v", seen)
		}

		if told := overdue(t, b, "retained"); len(told) != many+2 || !slices.Equal(told[2:], contents) && !slices.Equal(told[:many], contents) {
			t.Errorf("the ledger tells of %d", len(told))
		}

		b.Clock.Advance(time.Hour)
	}

	locked, err = b.Bucket.Settings(t.Context())
	check(t, err)

	free := locked
	free.Retention = 0
	check(t, b.Bucket.Update(t.Context(), locked, free))
	over(t, b)
}

// over fails the test unless everything goes now, and nothing is told twice.
func over(t *testing.T, b *filestest.Bench) {
	t.Helper()

	if result := b.Prune(t); result.Contents == 0 || len(b.Names(t, "")) != 0 {
		t.Errorf("%+v, left %d", result, len(b.Names(t, "")))
	}

	twice := b.Strings(t, `select object ->> 'name' from ledger.entries, jsonb_array_elements(body::jsonb -> 'objects') as object
		where kind = 'files.overdue' group by 1 having count(*) > 1`)
	if len(twice) > 0 {
		t.Errorf("%d objects are told twice", len(twice))
	}

	if sum := b.Strings(t, `select sum((body::jsonb ->> 'count')::int)::text from ledger.entries
		where kind = 'files.pruned' and body::jsonb ->> 'backup' is null`); sum[0] != strconv.Itoa(many) {
		t.Errorf("%s contents have a receipt", sum[0])
	}
}

// silence stands between the remover and the storage, and leaves deletions without an
// answer, as one that hangs for longer than anybody waits: at once, so that no test
// depends on how fast the machine is. That a hanging request becomes the same failure is
// what package gcs is tested for.
type silence struct {
	tries atomic.Int64 // deletions that were asked for
	stuck func(name string) bool
}

// silenced puts it there; stuck says which names cannot be deleted.
func silenced(t *testing.T, b *filestest.Bench, stuck func(name string) bool) *silence {
	t.Helper()

	storage, err := url.Parse(b.Storage.URL())
	check(t, err)

	s := &silence{stuck: stuck}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(&url.URL{Scheme: storage.Scheme, Host: storage.Host})
		},
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // a prune that is stopped leaves requests
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		_, name, object := strings.Cut(request.URL.Path, "/b/"+b.Bucket.Name()+"/o/")
		if request.Method == http.MethodDelete && object {
			s.tries.Add(1)
		}

		if request.Method == http.MethodDelete && object && s.stuck(name) {
			w.WriteHeader(http.StatusTeapot) // neither an answer that storage gives, nor one that is asked for again

			return
		}

		proxy.ServeHTTP(w, request)
	}))
	t.Cleanup(server.Close)

	client, err := gcs.Open(t.Context(), gcs.Options{Endpoint: server.URL, Project: "test"})
	check(t, err)
	t.Cleanup(func() { check(t, client.Close()) })

	b.Remover.Bucket = client.Bucket(b.Bucket.Name())

	return s
}

// all is every name.
func all(string) bool { return true }

// Deletions that hang end a prune in bounded time: after a number of them nothing more
// is tried, and everything that is late is in the ledger all the same.
func TestDeletionsThatHang(t *testing.T) {
	t.Parallel()

	b, contents := crowd(t)
	whole := b.Remover.Bucket

	silent := silenced(t, b, all)

	for range 2 {
		seen := &telling{}
		b.Remover.Progress = seen.tell

		result, err := b.Remover.Prune(t.Context(), b.Clock.Now())
		if !failure.Is(err, failure.Unavailable) || result.Contents != 0 || seen.last != many {
			t.Errorf("%+v, %v, %+v", result, err, seen)
		}

		if told := overdue(t, b, "unavailable"); len(told) != many+2 || !slices.Contains(told, contents[many-1]) {
			t.Errorf("the ledger tells of %d", len(told))
		}

		b.Clock.Advance(time.Hour)
	}

	const tries = 2 * (100 + 4) // of two prunes: maxUnanswered, and those at once
	if count := silent.tries.Load(); count > tries || count < 2*100 {
		t.Errorf("%d deletions were tried", count)
	}

	b.Remover.Bucket = whole
	over(t, b)
}

// What is removed one after another, what appeared late and then the manifests, has a smaller
// bound each: a hanging one keeps a prune four times as long as a content does. Neither keeps
// the other, or the contents, from being tried, and all that is late is in the ledger.
func TestWhatIsRemovedInTurnHangs(t *testing.T) {
	t.Parallel()

	const (
		count = 15
		bound = 10 // maxInTurn
	)

	b := filestest.New(t)
	b.Remover.Rule.KeepLastDrilled = false

	for i := range count {
		b.Write(t, fmt.Sprintf("file %02d", i), "content")
	}

	b.Drilled(t)

	returning := b.Names(t, "uploads/contents/")
	if len(returning) != count {
		t.Fatal(returning)
	}

	for i := range count {
		b.Unlink(t, fmt.Sprintf("file %02d", i))
	}

	b.Clock.Advance(8 * day)
	b.Prune(t)

	for _, name := range returning {
		writer := b.Storage.Client(t).Bucket(b.Bucket.Name()).Object(name).NewWriter(t.Context())
		_, err := writer.Write([]byte("late"))
		check(t, err)
		check(t, writer.Close())
	}

	b.Write(t, "another", "content")

	for range count {
		b.Clock.Advance(day)
		b.Drilled(t)
	}

	b.Clock.Advance(8 * day)

	whole := b.Remover.Bucket
	silent := silenced(t, b, all)

	if result, err := b.Remover.Prune(t.Context(), b.Clock.Now()); !failure.Is(err, failure.Unavailable) || result.Late != count+2*count+1 {
		t.Errorf("%+v, %v", result, err)
	}

	if tries := silent.tries.Load(); tries != bound+bound+1 {
		t.Errorf("%d deletions were tried", tries)
	}

	if late := overdue(t, b, "appeared_late"); !slices.Equal(late, returning) {
		t.Errorf("the ledger tells of %d that appeared late", len(late))
	}

	if late := overdue(t, b, "unavailable"); len(late) != 2*count+1 {
		t.Errorf("the ledger tells of %d that stay", len(late))
	}

	b.Remover.Bucket = whole
	if result := b.Prune(t); result.Swept != count || result.Removed != count || result.Contents != 1 || len(b.Names(t, "")) != 0 {
		t.Errorf("%+v, %v", result, b.Names(t, ""))
	}
}

// Contents whose deletion hangs keep the others from being removed for some hours at
// most, though they come first and are more than a prune tries.
func TestSomeDeletionsThatHang(t *testing.T) {
	t.Parallel()

	b, contents := crowd(t)
	whole, stuck := b.Remover.Bucket, contents[:many/2]

	silenced(t, b, func(name string) bool { return slices.Contains(stuck, name) })

	for hour := 0; len(b.Names(t, "uploads/contents/")) > len(stuck); hour++ {
		if _, err := b.Remover.Prune(t.Context(), b.Clock.Now()); hour == 24 || !failure.Is(err, failure.Unavailable) {
			t.Fatalf("%d hours: %v", hour, err)
		}

		b.Clock.Advance(time.Hour)
	}

	if left := b.Names(t, "uploads/contents/"); !slices.Equal(left, stuck) {
		t.Errorf("%d are left", len(left))
	}

	b.Remover.Bucket = whole
	over(t, b)
}

// What a prune has found to stay is in the ledger though it is stopped before its end.
func TestAPruneThatIsStopped(t *testing.T) {
	t.Parallel()

	b, _ := crowd(t)
	whole := b.Remover.Bucket

	silenced(t, b, func(name string) bool { return strings.HasPrefix(name, "uploads/contents/") })

	ctx, stop := context.WithCancel(t.Context())
	defer stop()

	b.Remover.Progress = func(phase string, done int64) {
		if phase == "contents" && done >= 50 {
			stop()
		}
	}

	if _, err := b.Remover.Prune(ctx, b.Clock.Now()); err == nil {
		t.Error("it ended well")
	}

	if told := overdue(t, b, "unavailable"); len(told) < 40 || len(told) >= many {
		t.Errorf("the ledger tells of %d", len(told))
	}

	b.Remover.Bucket, b.Remover.Progress = whole, nil
	over(t, b)
}

func check(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}
