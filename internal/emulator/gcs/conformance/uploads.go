package conformance

import (
	"bytes"
	"context"
	"crypto/md5" // the API's own checksum
	"errors"
	"hash/crc32"
	"net/http"
	"testing"

	"cloud.google.com/go/storage"
)

const quantum = 256 << 10

// pattern is content in which a lost, doubled or moved chunk cannot go unnoticed.
func pattern(size int) []byte {
	out := make([]byte, size)
	for i := range out {
		out[i] = byte(uint32(i) * 2654435761 >> 24) // a hash: no two quanta are alike
	}
	return out
}

var uploadCases = map[string]func(*testing.T, Target){
	"upload/resumable sizes": func(t *testing.T, target Target) {
		b := target.NewBucket(t, plain())
		for _, size := range []int{quantum - 1, quantum, quantum + 1, 3 * quantum, 3*quantum + 17} {
			w := b.Object("a").NewWriter(t.Context())
			w.ChunkSize = quantum
			content := pattern(size)
			_, err := w.Write(content)
			must(t, errors.Join(err, w.Close()))
			want := crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli))
			if w.Attrs().CRC32C != want || w.Attrs().Size != int64(size) {
				t.Errorf("size %d: stored %d with %x, want %x", size, w.Attrs().Size, w.Attrs().CRC32C, want)
			}
			if got := get(t, b.Object("a")); got != string(content) {
				t.Errorf("size %d: the content differs", size)
			}
		}
	},
	"upload/one request without chunks": func(t *testing.T, target Target) {
		o := target.NewBucket(t, plain()).Object("a")
		w := o.NewWriter(t.Context())
		w.ChunkSize = 0
		_, err := w.Write(pattern(quantum + 5))
		must(t, errors.Join(err, w.Close()))
		if got := get(t, o); got != string(pattern(quantum+5)) {
			t.Error("the content differs")
		}
	},
	"upload/resumable preconditions": func(t *testing.T, target Target) {
		o := target.NewBucket(t, plain()).Object("a")
		put(t, o, "old")
		w := o.If(storage.Conditions{DoesNotExist: true}).NewWriter(t.Context())
		w.ChunkSize = quantum
		_, err := w.Write(pattern(3 * quantum))
		wantStatus(t, errors.Join(err, w.Close()), http.StatusPreconditionFailed)
		if got := get(t, o); got != "old" {
			t.Error("the object was overwritten")
		}
	},
	"upload/wrong CRC32C": func(t *testing.T, target Target) {
		for _, size := range []int{10, 3 * quantum} {
			wrongChecksum(t, target, size, func(w *storage.Writer) { w.SendCRC32C, w.CRC32C = true, 42 })
		}
	},
	"upload/wrong MD5": func(t *testing.T, target Target) {
		for _, size := range []int{10, 3 * quantum} {
			sum := md5.Sum([]byte("something else")) // see the import
			wrongChecksum(t, target, size, func(w *storage.Writer) { w.MD5 = sum[:] })
		}
	},
	"upload/right checksums": func(t *testing.T, target Target) {
		o := target.NewBucket(t, plain()).Object("a")
		content := pattern(2*quantum + 1)
		sum := md5.Sum(content) // see the import
		w := o.NewWriter(t.Context())
		w.ChunkSize, w.MD5 = quantum, sum[:]
		w.SendCRC32C, w.CRC32C = true, crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli))
		_, err := w.Write(content)
		must(t, errors.Join(err, w.Close()))
		if !bytes.Equal(w.Attrs().MD5, sum[:]) {
			t.Errorf("MD5 %x", w.Attrs().MD5)
		}
	},
	"upload/cancel leaves nothing": func(t *testing.T, target Target) {
		b := target.NewBucket(t, plain())
		ctx, cancel := context.WithCancel(t.Context())
		w := b.Object("a").NewWriter(ctx)
		w.ChunkSize = quantum
		_, err := w.Write(pattern(3 * quantum))
		must(t, err)
		cancel()
		if err := w.Close(); err == nil {
			t.Fatal("a cancelled upload was finished")
		}
		if got := list(t, b, &storage.Query{Versions: true}); len(got) != 0 {
			t.Errorf("left behind: %v", names(got))
		}
	},
}

func wrongChecksum(t *testing.T, target Target, size int, declare func(*storage.Writer)) {
	t.Helper()
	b := target.NewBucket(t, plain())
	w := b.Object("a").NewWriter(t.Context())
	w.ChunkSize = quantum
	declare(w)
	_, err := w.Write(pattern(size))
	wantStatus(t, errors.Join(err, w.Close()), http.StatusBadRequest)
	if got := list(t, b, nil); len(got) != 0 {
		t.Errorf("left behind: %v", names(got))
	}
}
