package drill

import (
	"context"
	"io"

	"steward/internal/manifest"
	"steward/internal/sealed"
)

// reader reads what the manifest names.
func (d *Driller) reader() *sealed.Reader {
	return &sealed.Reader{Bucket: d.Bucket, Identities: d.Identities, Tell: d.report}
}

// verify reads an object to its end and keeps nothing: its hash must be known
// to be right before the first byte of it reaches pg_restore.
func (d *Driller) verify(ctx context.Context, stored manifest.Stored, phase string) error {
	return d.reader().Verify(ctx, stored, phase)
}

// decrypted opens an object for reading in the clear.
func (d *Driller) decrypted(ctx context.Context, stored manifest.Stored, phase string) (io.ReadCloser, error) {
	return d.reader().Decrypted(ctx, stored, phase)
}
