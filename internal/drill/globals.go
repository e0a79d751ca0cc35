package drill

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// maxGlobalsLine bounds one line of the globals, such as a comment on a role.
const maxGlobalsLine = 1 << 20

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
