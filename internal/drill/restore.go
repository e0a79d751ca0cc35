package drill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"sync"

	"steward/internal/failure"
	"steward/internal/process"
)

// maxContents bounds the table of contents that pg_restore prints: half a
// million entries fit.
const maxContents = 64 << 20

// restore runs pg_restore over the archive as the restoring role. The archive
// is read twice to its end, for its hash and for its data, and twice at its head,
// for its table of contents and for its schemas. These come first, so that rights
// in them can be lent before anything in them is given to its owner.
func (s *scratch) restore(ctx context.Context) error {
	if s.Expected != nil {
		s.Expected(s.document.Archive.Bytes)
	}

	if err := s.verify(ctx, s.document.Archive, Download); err != nil {
		return err
	}

	contents, err := s.contents(ctx)
	if err != nil {
		return err
	}

	schemas, others := s.keep(contents)

	if schemas != "" {
		if err := s.load(ctx, schemas, false); err != nil {
			return err
		}
	}

	if err := s.asRestorer(ctx, s.lendSchemas); err != nil {
		return err
	}

	if err := s.load(ctx, others, true); err != nil {
		return err
	}

	return s.asRestorer(ctx, s.takeBack)
}

// contents asks pg_restore what the archive holds.
func (s *scratch) contents(ctx context.Context) (string, error) {
	out := &bounded{left: maxContents}

	err := s.pgRestore(ctx, process.Command{Args: []string{"--list"}, Stdout: out}, false)
	if out.left < 0 {
		return "", failure.New(failure.ArchiveInvalid, "reading the table of contents (it is too long)")
	}

	if err != nil {
		return "", err
	}

	return out.text.String(), nil
}

// bounded keeps what is written to it up to a limit, and fails beyond.
type bounded struct {
	text bytes.Buffer
	left int // bytes; negative once the limit was passed
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, io.ErrShortBuffer
	}

	return b.text.Write(p) //nolint:wrapcheck // it never fails
}

// load restores the listed entries; all says that the archive must be whole.
func (s *scratch) load(ctx context.Context, entries string, all bool) error {
	list, err := writeList(entries)
	if err != nil {
		return err
	}
	defer list.Close() //nolint:errcheck // it goes with its last user

	at, err := in(s.Admin, s.name, url.User(s.role))
	if err != nil {
		return err
	}

	return s.pgRestore(ctx, process.Command{
		Args: []string{"--exit-on-error", "--no-password", "--use-list=" + listPath, "--dbname=" + at},
		Env:  []string{"PGPASSWORD=" + s.password}, Files: []*os.File{list},
	}, all)
}

// pgRestore feeds the decrypted archive to one run of pg_restore. If all of it is
// asked for, what pg_restore left unread is read to its end, where it shows
// whether the archive is whole.
func (s *scratch) pgRestore(ctx context.Context, command process.Command, all bool) error {
	plain, err := s.decrypted(ctx, s.document.Archive, Restore)
	if err != nil {
		return err
	}

	fed := &feed{from: plain}
	command.Path, command.Name, command.Code = s.tools.Path("pg_restore"), "pg_restore", failure.RestoreFailed
	command.Stdin, command.Bulk = fed, true

	err = process.Run(ctx, command)
	if err == nil && all {
		_, err = io.Copy(io.Discard, fed)
	}

	if failed := fed.failure(); failed != nil {
		// pg_restore only saw its input end; the reader knows why.
		err = failed
	}

	return errors.Join(err, plain.Close())
}

// feed remembers why reading failed, since the child only sees an early end. A
// child that was killed can leave a read behind, hence the lock.
type feed struct {
	from io.Reader

	mu     sync.Mutex
	failed error // owned by mu
}

func (f *feed) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()

	return f.failed
}

// Read implements io.Reader.
func (f *feed) Read(p []byte) (int, error) {
	n, err := f.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.mu.Lock()
		f.failed = err
		f.mu.Unlock()
	}

	return n, err
}

// listPath is where a child finds the first file that it is given.
const listPath = "/dev/fd/3"

// writeList writes entries of a table of contents where pg_restore reads them. The
// file has no name any more: it holds names of the schema, and a drill that is
// killed must not leave it behind.
func writeList(entries string) (*os.File, error) {
	file, err := os.CreateTemp("", "steward-drill-list-")
	if err != nil {
		return nil, fmt.Errorf("writing the list for pg_restore: %w", err)
	}

	err = os.Remove(file.Name())
	if err == nil {
		_, err = file.WriteString(entries)
	}

	if err == nil {
		_, err = file.Seek(0, io.SeekStart) // where /dev/fd shares the position
	}

	if err != nil {
		return nil, errors.Join(fmt.Errorf("writing the list for pg_restore: %w", err), file.Close())
	}

	return file, nil
}

// keep gives the entries of the schemas and all others, without what the
// administrator has made already: extensions, and the schemas they live in.
func (s *scratch) keep(contents string) (schemas, others string) {
	made := map[string]bool{}

	for _, extension := range s.document.Content.Extensions {
		if !builtIn(extension.Schema) {
			// Its whole line: the name of another schema may begin with this one.
			made[listed("SCHEMA - "+extension.Schema+" "+extension.Owner)] = true
		}
	}

	var first, then strings.Builder

	for line := range strings.Lines(contents) {
		switch entry := strings.TrimSuffix(entry(line), "\n"); {
		case made[entry], hasAnyPrefix(entry, []string{"EXTENSION - ", "COMMENT - EXTENSION "}):
		case strings.HasPrefix(entry, "SCHEMA - "):
			first.WriteString(line)
		default:
			then.WriteString(line)
		}
	}

	return first.String(), then.String()
}

// listed is a name as a table of contents shows it, on one line.
func listed(name string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(name) }

// entry is what a line of a table of contents is about: "214; 1255 16385
// FUNCTION public name owner" without its three numbers.
func entry(line string) string {
	const numbers = 3

	for range numbers {
		_, line, _ = strings.Cut(line, " ")
	}

	return line
}

func hasAnyPrefix(text string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}

	return false
}
