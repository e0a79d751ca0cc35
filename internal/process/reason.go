package process

import (
	"strings"

	"steward/internal/failure"
)

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
	// code, if not empty, says more than the command's own. Unavailable: the world
	// around the child failed, not its work, which may succeed when it is tried
	// again. Any other is about the source of a dump, and holds for dumps only.
	code failure.Code
}

// snapshotGone has several phrases, none of which fits the name of a table.
const snapshotGone = "the snapshot is gone"

// reasons is the table; the first row whose phrase was printed wins.
func reasons() []reason {
	return []reason{
		{"row-level security", "the role does not pass row-level security; it needs BYPASSRLS", failure.SourceUnreadable},
		// What pg_dump prints when --lock-wait-timeout is over: it has no other timeout.
		{"statement timeout", "a lock was not granted in time", failure.LockNotGranted},
		{"lock timeout", "a lock was not granted in time", failure.LockNotGranted},
		{"could not obtain lock", "a lock was not granted in time", failure.LockNotGranted},
		{"password authentication failed", "the password was refused", ""},
		{"permission denied", "the role lacks a permission", failure.SourceUnreadable},
		{"must be owner", "the role lacks ownership", ""},
		{"must be member", "the role lacks a membership", ""},
		{"must be superuser", "it needs a superuser", ""},
		{"No space left on device", "a disk is full", failure.Unavailable},
		{"could not extend file", "a disk is full", failure.Unavailable},
		{"is not available", "an extension is missing", ""},
		{"aborting because of server version mismatch", "the program is older than the server", ""},
		{"unsupported version", "the archive is of a newer program", ""},
		{"not appear to be a valid archive", "the archive is damaged", ""},
		{"unexpected end of file", "the archive is cut", ""},
		{"could not read from input file", "the archive is cut", ""},
		{"server closed the connection", "the server went away", failure.Unavailable},
		{"terminating connection", "the server went away", failure.Unavailable},
		{"could not connect", "the server does not answer", failure.Unavailable},
		{"connection to server", "the server does not answer", failure.Unavailable},
		{"invalid snapshot identifier", snapshotGone, failure.Unavailable}, // its words before PostgreSQL 17
		{`ERROR:  snapshot "`, snapshotGone, failure.Unavailable},          // and from then on
		{"could not import the requested snapshot", snapshotGone, failure.Unavailable},
		{"snapshot too old", snapshotGone, failure.Unavailable},
		{"does not exist", "something that it needs does not exist", ""},
		{"already exists", "something is there already", ""},
		{"violates", "a constraint is violated", ""},
		{"out of memory", "memory ran out", failure.Unavailable},
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

// under is the failure code of a command that ended for this reason.
func (r reason) under(command failure.Code) failure.Code {
	switch {
	case r.code == failure.Unavailable, r.code != "" && command == failure.DumpFailed:
		return r.code
	default:
		return command
	}
}
