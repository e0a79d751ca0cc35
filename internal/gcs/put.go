package gcs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"maps"

	"cloud.google.com/go/storage"

	"steward/internal/failure"
)

// chunkBytes is the part of an upload that is kept in memory so that it can be
// sent again: a compromise between memory and requests.
const chunkBytes = 8 << 20

// PutOptions say how an object is stored.
type PutOptions struct {
	// ContentType is stored with the object; empty means binary.
	ContentType string
	// Metadata is stored with the object; it must not carry personal data.
	Metadata map[string]string
	// Replace, if not zero, is the generation that this object replaces. Zero
	// means that no object of this name may exist.
	Replace int64
	// Expect, if not zero, is about how many bytes will come: a small object then
	// takes a small buffer. More may come all the same.
	Expect int64
	// Progress, if not nil, is told the bytes that were accepted so far.
	Progress func(bytes int64)
}

// Put stores what r gives under name and compares what is stored with what was
// sent. When it returns without an error the object is durable. If r fails,
// nothing is stored, and the error of r comes back. It fails with ObjectExists
// if another object has the name; the same content with the same metadata, as
// a retried request leaves it, is success.
func (b *Bucket) Put(ctx context.Context, name string, r io.Reader, options PutOptions) (Object, error) {
	// Cancelling this context is the only way to abort an upload: closing the
	// writer would commit what was sent so far.
	ctx, abort := context.WithCancel(ctx)
	defer abort()

	sent := newTally()
	writer := b.writer(ctx, name, options)

	if _, err := io.Copy(writer, io.TeeReader(r, sent)); err != nil {
		abort()
		_ = writer.Close() //nolint:errcheck // it says that the upload was aborted, as it was meant to be

		return Object{}, coded("uploading", err)
	}

	if err := writer.Close(); err != nil {
		return b.afterRefusal(ctx, name, sent, options, coded("finishing an upload", err))
	}

	return sent.check(describe(writer.Attrs()))
}

func (b *Bucket) writer(ctx context.Context, name string, options PutOptions) *storage.Writer {
	conditions := storage.Conditions{DoesNotExist: true}
	if options.Replace != 0 {
		conditions = storage.Conditions{GenerationMatch: options.Replace}
	}

	writer := b.raw.Object(name).If(conditions).NewWriter(ctx)
	writer.ChunkSize = chunkBytes
	if options.Expect > 0 && options.Expect < chunkBytes {
		writer.ChunkSize = int(options.Expect) + 1 // the client rounds it up; one more shows that it is the last
	}

	writer.ChunkRetryDeadline = b.client.patience.Chunk
	writer.ChunkTransferTimeout = b.client.patience.Transfer
	writer.ContentType = options.ContentType
	writer.Metadata = options.Metadata
	writer.ProgressFunc = options.Progress

	return writer
}

// afterRefusal looks whether an upload that was refused with 412 is there all
// the same: a retried request meets the object that its first try made.
func (b *Bucket) afterRefusal(
	ctx context.Context, name string, sent *tally, options PutOptions, refusal error,
) (Object, error) {
	if !failure.Is(refusal, failure.ObjectExists) {
		return Object{}, refusal
	}

	found, err := b.Stat(ctx, name)
	if err != nil {
		return Object{}, err
	}

	same, err := sent.check(found)
	if err != nil || !maps.Equal(found.Metadata, options.Metadata) {
		return Object{}, refusal
	}

	return same, nil
}

// tally counts and hashes what passes through it.
type tally struct {
	bytes  int64
	crc32c hash.Hash32
	sha256 hash.Hash
}

func newTally() *tally {
	return &tally{crc32c: crc32.New(crc32.MakeTable(crc32.Castagnoli)), sha256: sha256.New()}
}

// Write implements io.Writer; it never fails.
func (t *tally) Write(p []byte) (int, error) {
	t.bytes += int64(len(p))
	_, _ = t.crc32c.Write(p) // a hash never fails
	_, _ = t.sha256.Write(p)

	return len(p), nil
}

// check compares what is stored with what was sent.
func (t *tally) check(stored Object) (Object, error) {
	if stored.Size != t.bytes || stored.CRC32C != t.crc32c.Sum32() {
		return Object{}, failure.Wrap(failure.ObjectDiffers, "comparing what is stored with what was sent",
			fmt.Errorf("sent %d bytes with CRC32C %08x, stored %d with %08x",
				t.bytes, t.crc32c.Sum32(), stored.Size, stored.CRC32C))
	}

	stored.SHA256 = hex.EncodeToString(t.sha256.Sum(nil))

	return stored, nil
}
