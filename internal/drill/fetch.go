package drill

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"steward/internal/archive"
	"steward/internal/failure"
	"steward/internal/manifest"
)

// checked reads an object and fails at its end unless size and hash are those
// of the manifest.
type checked struct {
	from  io.ReadCloser
	want  manifest.Stored
	sum   hash.Hash
	bytes int64
	tell  func(bytes int64)
}

func (d *Driller) open(ctx context.Context, stored manifest.Stored, phase string) (*checked, error) {
	if stored.Bucket != d.Bucket.Name() {
		return nil, failure.New(failure.ManifestInvalid, "opening an object (it lies in another bucket)")
	}

	from, _, err := d.Bucket.Get(ctx, stored.Object, stored.Generation)
	if err != nil {
		return nil, fmt.Errorf("fetching the %s: %w", phase, err)
	}

	return &checked{
		from: from, want: stored, sum: sha256.New(), tell: func(bytes int64) { d.report(phase, bytes) },
	}, nil
}

// Read implements io.Reader.
func (c *checked) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.sum.Write(p[:n])
	c.bytes += int64(n)
	c.tell(c.bytes)

	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, failure.Wrap(failure.Unavailable, "downloading", err)
	case c.bytes != c.want.Bytes || hex.EncodeToString(c.sum.Sum(nil)) != c.want.SHA256:
		return n, failure.New(failure.ArchiveInvalid, "downloading (size or hash is not the manifest's)")
	default:
		return n, io.EOF
	}
}

// verify reads an object to its end and keeps nothing: its hash must be known
// to be right before the first byte of it reaches pg_restore.
func (d *Driller) verify(ctx context.Context, stored manifest.Stored, phase string) error {
	object, err := d.open(ctx, stored, phase)
	if err != nil {
		return err
	}

	_, err = io.Copy(io.Discard, object)

	return errors.Join(err, object.from.Close())
}

// decrypted opens an object for reading in the clear.
func (d *Driller) decrypted(ctx context.Context, stored manifest.Stored, phase string) (io.ReadCloser, error) {
	object, err := d.open(ctx, stored, phase)
	if err != nil {
		return nil, err
	}

	reader, err := archive.NewReader(object, d.Identities)
	if err != nil {
		return nil, errors.Join(err, object.from.Close())
	}

	return opened{reader, object.from}, nil
}

// opened is an object in the clear.
type opened struct {
	*archive.Reader

	from io.Closer
}

// Close lets go of the decoder and of the download.
func (o opened) Close() error { return errors.Join(o.Reader.Close(), o.from.Close()) }
