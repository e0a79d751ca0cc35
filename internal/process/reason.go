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

// reasons are the phrases that PostgreSQL's programs print (with LC_ALL=C) and
// what we say instead. The first that matches wins.
func reasons() [][2]string {
	return [][2]string{
		{"row-level security", "the role does not pass row-level security; it needs BYPASSRLS"},
		{"lock timeout", "a lock was not granted in time"},
		{"could not obtain lock", "a lock was not granted in time"},
		{"password authentication failed", "the password was refused"},
		{"permission denied", "the role lacks a permission"},
		{"must be owner", "the role lacks ownership"},
		{"must be member", "the role lacks a membership"},
		{"must be superuser", "it needs a superuser"},
		{"No space left on device", "a disk is full"},
		{"could not extend file", "a disk is full"},
		{"is not available", "an extension is missing"},
		{"aborting because of server version mismatch", "the program is older than the server"},
		{"unsupported version", "the archive is of a newer program"},
		{"not appear to be a valid archive", "the archive is damaged"},
		{"unexpected end of file", "the archive is cut"},
		{"could not read from input file", "the archive is cut"},
		{"server closed the connection", "the server went away"},
		{"terminating connection", "the server went away"},
		{"could not connect", "the server does not answer"},
		{"connection to server", "the server does not answer"},
		{"snapshot", "the snapshot is gone"},
		{"does not exist", "something that it needs does not exist"},
		{"already exists", "something is there already"},
		{"violates", "a constraint is violated"},
		{"out of memory", "memory ran out"},
	}
}

func (t *tail) reason() string {
	words := string(t.kept)
	for _, row := range reasons() {
		if strings.Contains(words, row[0]) {
			return row[1]
		}
	}

	return "no known reason"
}
