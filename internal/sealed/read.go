package sealed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"filippo.io/age"

	"steward/internal/archive"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/manifest"
)

// Reader opens objects that a manifest names.
type Reader struct {
	// Bucket holds them; a manifest that names another bucket is refused.
	Bucket *gcs.Bucket
	// Identities decrypt.
	Identities []age.Identity
	// Tell, if not nil, is told what is read and how many bytes of it so far.
	Tell func(what string, bytes int64)
}

// checked reads an object and fails at its end unless size and hash are those
// of the manifest.
type checked struct {
	from  io.ReadCloser
	want  manifest.Stored
	sum   hash.Hash
	bytes int64
	tell  func(bytes int64)
}

// open fails with ManifestInvalid for an object of another bucket, and with
// ObjectNotFound.
func (r *Reader) open(ctx context.Context, stored manifest.Stored, what string) (*checked, error) {
	if stored.Bucket != r.Bucket.Name() {
		return nil, failure.New(failure.ManifestInvalid, "opening an object (it lies in another bucket)")
	}

	from, _, err := r.Bucket.Get(ctx, stored.Object, stored.Generation)
	if err != nil {
		return nil, fmt.Errorf("fetching the %s: %w", what, err)
	}

	tell := func(int64) {}
	if r.Tell != nil {
		tell = func(bytes int64) { r.Tell(what, bytes) }
	}

	return &checked{from: from, want: stored, sum: sha256.New(), tell: tell}, nil
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

// Verify reads an object to its end and keeps nothing: for what must be known to
// be right before the first byte of it is used. It fails with ArchiveInvalid for
// another content.
func (r *Reader) Verify(ctx context.Context, stored manifest.Stored, what string) error {
	object, err := r.open(ctx, stored, what)
	if err != nil {
		return err
	}

	_, err = io.Copy(io.Discard, object)

	return errors.Join(err, object.from.Close())
}

// Decrypted opens an object for reading in the clear.
func (r *Reader) Decrypted(ctx context.Context, stored manifest.Stored, what string) (io.ReadCloser, error) {
	object, err := r.open(ctx, stored, what)
	if err != nil {
		return nil, err
	}

	reader, err := archive.NewReader(object, r.Identities)
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

// Decrypt reads an object once, to its end, and writes its clear content to the
// given writer. Whether the object is the manifest's is known only when it
// returns, so the writer must do nothing that could not be thrown away. An object
// that is not the manifest's fails with ArchiveInvalid, whatever else is wrong
// with it.
func (r *Reader) Decrypt(ctx context.Context, stored manifest.Stored, what string, to io.Writer) error {
	object, err := r.open(ctx, stored, what)
	if err != nil {
		return err
	}

	reader, err := archive.NewReader(object, r.Identities)
	if err == nil {
		_, err = io.Copy(to, reader)
		err = errors.Join(err, reader.Close())
	}

	// What the decoder did not want is read too: the hash is over all of it.
	if _, rest := io.Copy(io.Discard, object); rest != nil {
		err = rest
	}

	return errors.Join(err, object.from.Close())
}
