package process

import "strings"

// tailBytes bounds what is kept of a child's complaints.
const tailBytes = 64 << 10

// tail keeps the last bytes that were written to it.
type tail struct{ kept []byte }

// Write implements io.Writer; it never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - tailBytes; over > 0 {
		t.kept = t.kept[over:]
	}

	return len(p), nil
}

// reason is what we say instead of a child's own words.
type reason struct {
	// phrase is what PostgreSQL's programs print, with LC_ALL=C.
	phrase string
	text   string
	// outside says that the world around the child failed, not its work: the
	// same work may succeed when it is tried again.
	outside bool
}

// snapshotGone has several phrases, none of which fits the name of a table.
const snapshotGone = "the snapshot is gone"

// reasons is the table; the first row whose phrase was printed wins.
func reasons() []reason {
	return []reason{
		{"row-level security", "the role does not pass row-level security; it needs BYPASSRLS", false},
		{"lock timeout", "a lock was not granted in time", false},
		{"could not obtain lock", "a lock was not granted in time", false},
		{"password authentication failed", "the password was refused", false},
		{"permission denied", "the role lacks a permission", false},
		{"must be owner", "the role lacks ownership", false},
		{"must be member", "the role lacks a membership", false},
		{"must be superuser", "it needs a superuser", false},
		{"No space left on device", "a disk is full", true},
		{"could not extend file", "a disk is full", true},
		{"is not available", "an extension is missing", false},
		{"aborting because of server version mismatch", "the program is older than the server", false},
		{"unsupported version", "the archive is of a newer program", false},
		{"not appear to be a valid archive", "the archive is damaged", false},
		{"unexpected end of file", "the archive is cut", false},
		{"could not read from input file", "the archive is cut", false},
		{"server closed the connection", "the server went away", true},
		{"terminating connection", "the server went away", true},
		{"could not connect", "the server does not answer", true},
		{"connection to server", "the server does not answer", true},
		{"invalid snapshot identifier", snapshotGone, true}, // its words before PostgreSQL 17
		{`ERROR:  snapshot "`, snapshotGone, true},          // and from then on
		{"could not import the requested snapshot", snapshotGone, true},
		{"snapshot too old", snapshotGone, true},
		{"does not exist", "something that it needs does not exist", false},
		{"already exists", "something is there already", false},
		{"violates", "a constraint is violated", false},
		{"out of memory", "memory ran out", true},
	}
}

// reason is the first row of the table that fits what is kept.
func (t *tail) reason() reason {
	words := string(t.kept)
	for _, row := range reasons() {
		if strings.Contains(words, row.phrase) {
			return row
		}
	}

	return reason{text: "no known reason"}
}
