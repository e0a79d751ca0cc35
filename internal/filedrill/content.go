package filedrill

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"sync"

	"golang.org/x/sync/errgroup"

	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/filemanifest"
	"steward/internal/manifest"
)

// atOnce is how many contents are read at once.
const atOnce = 4

// proveAll reads contents and compares them. Those that are found wanting are
// condemned, and the others are proven all the same: the next attempt must heal
// everything at once. It gives the number of those that were proven.
func (r *run) proveAll(ctx context.Context, entries []filemanifest.Entry) (int64, error) {
	var (
		mu     sync.Mutex
		proven []string
		wrong  = map[string]error{}
		first  string
	)

	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)

	for _, entry := range entries {
		group.Go(func() error {
			err := r.content(groupCtx, entry)

			mu.Lock()
			defer mu.Unlock()

			switch {
			case wanting(err):
				wrong[entry.Content.ID] = err
				if first == "" {
					first = entry.Content.ID
				}
			case err != nil:
				return err
			default:
				proven = append(proven, entry.Content.ID)
			}

			return nil
		})
	}

	if err := group.Wait(); err != nil {
		return 0, err //nolint:wrapcheck // each says what it was doing
	}

	if err := filecatalogue.Proven(ctx, r.Steward, proven, r.now()); err != nil {
		return 0, fmt.Errorf("drilling: %w", err)
	}

	condemned := make([]string, 0, len(wrong))
	for id := range wrong {
		condemned = append(condemned, id)
	}

	return int64(len(proven)), r.condemn(ctx, condemned, wrong[first])
}

// content reads one stored content to its end and compares it in the clear. It
// fails with ArchiveInvalid if the object is not the one of the list, with
// DecryptFailed, and with ContentDiffers.
func (r *run) content(ctx context.Context, entry filemanifest.Entry) error {
	stored := manifest.Stored{
		Bucket: r.Bucket.Name(), Object: entry.Content.Object, Generation: entry.Content.Generation,
		Bytes: entry.Content.Bytes, SHA256: entry.Content.SHA256,
	}
	plain := &tally{crc32c: crc32.New(crc32.MakeTable(crc32.Castagnoli)), sha256: sha256.New()}

	if err := r.reader().Decrypt(ctx, stored, "content of a file", plain); err != nil {
		return err
	}

	if plain.bytes != entry.Bytes || plain.crc32c.Sum32() != entry.CRC32C || hex.EncodeToString(plain.sha256.Sum(nil)) != entry.SHA256 {
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
