package drill

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"steward/internal/failure"
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

// maxGlobalsLine bounds one line of the globals, such as a comment on a role.
const maxGlobalsLine = 1 << 20

// checkGlobals reads the second object and looks that it creates every role of
// the manifest. It may create more: pg_dumpall does not read in the snapshot, and
// a role that was made meanwhile is no reason to condemn a backup. Names are all
// that is compared: attributes, memberships and settings of roles are not
// restored, since a drill takes its roles, without their powers, from the manifest.
func (d *Driller) checkGlobals(ctx context.Context, document manifest.Manifest) error {
	if err := d.verify(ctx, document.Globals, "globals"); err != nil {
		return err
	}

	reader, err := d.decrypted(ctx, document.Globals, "globals")
	if err != nil {
		return err
	}

	created := map[string]bool{}

	lines := bufio.NewScanner(reader)
	lines.Buffer(nil, maxGlobalsLine)
	for lines.Scan() {
		if name, ok := bytes.CutPrefix(lines.Bytes(), []byte("CREATE ROLE ")); ok {
			name = bytes.TrimSuffix(name, []byte(";"))
			created[strings.ReplaceAll(strings.Trim(string(name), `"`), `""`, `"`)] = true
		}
	}

	if err := errors.Join(lines.Err(), reader.Close()); err != nil {
		return failure.Wrap(failure.ArchiveInvalid, "reading the globals", err)
	}

	for _, role := range document.Roles {
		if !created[role.Name] {
			return failure.New(failure.ContentDiffers, "reading the globals (a role of the manifest is missing)")
		}
	}

	return nil
}
