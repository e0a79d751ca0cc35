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
)

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

	created, err := createdRoles(reader)
	if err := errors.Join(err, reader.Close()); err != nil {
		return failure.Wrap(failure.ArchiveInvalid, "reading the globals", err)
	}

	for _, role := range document.Roles {
		if !created[role.Name] {
			return failure.New(failure.ContentDiffers, "reading the globals (a role of the manifest is missing)")
		}
	}

	return nil
}

// createdRoles are the names in the CREATE ROLE statements of a dump of roles.
func createdRoles(from io.Reader) (map[string]bool, error) {
	created := map[string]bool{}

	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxGlobalsLine)
	lines.Split(untilNewline)

	for lines.Scan() {
		name, ok := strings.CutPrefix(lines.Text(), "CREATE ROLE ")
		if !ok {
			continue
		}

		// A quoted name may hold newlines: it goes on until its quotes are even.
		for strings.Count(name, `"`)%2 == 1 && len(name) < maxGlobalsLine && lines.Scan() {
			name += "\n" + lines.Text()
		}

		created[unquoted(strings.TrimSuffix(name, ";"))] = true
	}

	return created, lines.Err() //nolint:wrapcheck // wrapped by checkGlobals
}

// unquoted is the name that PostgreSQL wrote as an identifier.
func unquoted(identifier string) string {
	if inner, ok := strings.CutPrefix(identifier, `"`); ok {
		return strings.ReplaceAll(strings.TrimSuffix(inner, `"`), `""`, `"`)
	}

	return identifier
}

// untilNewline splits like bufio.ScanLines, which takes a carriage return for a
// part of the line's end; here it is a part of a name.
func untilNewline(data []byte, atEOF bool) (int, []byte, error) {
	if at := bytes.IndexByte(data, '\n'); at >= 0 {
		return at + 1, data[:at], nil
	}

	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}

	return 0, nil, nil
}
