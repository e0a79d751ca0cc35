package filedrill

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"hash/crc32"

	"steward/internal/failure"
	"steward/internal/manifest"
)

// content reads one stored content to its end and compares it in the clear. It
// fails with ArchiveInvalid if the object is not the one of the list, with
// DecryptFailed, and with ContentDiffers.
func (r *run) content(ctx context.Context, want proof) error {
	stored := manifest.Stored{
		Bucket: r.Bucket.Name(), Object: want.content.Object, Generation: want.content.Generation,
		Bytes: want.content.Bytes, SHA256: want.content.SHA256,
	}
	plain := &tally{crc32c: crc32.New(crc32.MakeTable(crc32.Castagnoli)), sha256: sha256.New()}

	if err := r.metered().Decrypt(ctx, stored, "content of a file", plain); err != nil {
		return err
	}

	if plain.bytes != want.bytes || plain.crc32c.Sum32() != want.crc32c || hex.EncodeToString(plain.sha256.Sum(nil)) != want.sha256 {
		return failure.New(failure.ContentDiffers, "comparing the content of a file")
	}

	return nil
}

// tally counts and hashes what passes through it, and keeps nothing.
type tally struct {
	bytes  int64
	crc32c hash.Hash32
	sha256 hash.Hash
}

// Write implements io.Writer; it never fails.
func (t *tally) Write(p []byte) (int, error) {
	t.bytes += int64(len(p))
	_, _ = t.crc32c.Write(p) // a hash never fails
	_, _ = t.sha256.Write(p)

	return len(p), nil
}
