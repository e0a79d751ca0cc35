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

	"steward/internal/failure"
	"steward/internal/process"
)

// maxContents bounds the table of contents that pg_restore prints, and what is
// read of an archive to print it.
const maxContents = 64 << 20

// restore runs pg_restore over the archive as the restoring role. The archive
// is read three times: for its hash, for its table of contents, for its data.
func (s *scratch) restore(ctx context.Context) error {
	if err := s.verify(ctx, s.document.Archive, "download"); err != nil {
		return err
	}

	contents, err := s.contents(ctx)
	if err != nil {
		return err
	}

	list, err := s.writeList(contents)
	if err != nil {
		return err
	}
	defer os.Remove(list) //nolint:errcheck // a list of names in the temporary folder

	return s.load(ctx, list)
}

// contents asks pg_restore what the archive holds.
func (s *scratch) contents(ctx context.Context) (string, error) {
	var out bytes.Buffer

	err := s.pgRestore(ctx, process.Command{Args: []string{"--list"}, Stdout: &out})
	if err != nil {
		return "", err
	}

	return out.String(), nil
}

// load restores the data.
func (s *scratch) load(ctx context.Context, list string) error {
	at, err := in(s.Admin, s.name, url.User(s.role))
	if err != nil {
		return err
	}

	return s.pgRestore(ctx, process.Command{
		Args: []string{"--exit-on-error", "--no-password", "--use-list=" + list, "--dbname=" + at},
		Env:  []string{"PGPASSWORD=" + s.password},
	})
}

// pgRestore feeds the decrypted archive to one run of pg_restore.
func (s *scratch) pgRestore(ctx context.Context, command process.Command) error {
	plain, err := s.decrypted(ctx, s.document.Archive, "restore")
	if err != nil {
		return err
	}

	fed := &feed{from: plain}
	command.Path, command.Name, command.Code = s.tools.Path("pg_restore"), "pg_restore", failure.RestoreFailed
	command.Stdin = fed

	err = process.Run(ctx, command)
	if fed.failed != nil {
		// pg_restore only saw its input end; the reader knows why.
		err = fed.failed
	}

	return errors.Join(err, plain.Close())
}

// feed remembers why reading failed, since the child only sees an early end.
type feed struct {
	from   io.Reader
	failed error
}

// Read implements io.Reader.
func (f *feed) Read(p []byte) (int, error) {
	n, err := f.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.failed = err
	}

	return n, err //nolint:wrapcheck // transparent
}

// writeList writes the table of contents without what the administrator has
// made already: extensions, and the schemas that extensions live in.
func (s *scratch) writeList(contents string) (string, error) {
	file, err := os.CreateTemp("", "steward-drill-list-")
	if err != nil {
		return "", fmt.Errorf("writing the list for pg_restore: %w", err)
	}

	_, err = file.WriteString(s.keep(contents))
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}

	if err != nil {
		return "", errors.Join(fmt.Errorf("writing the list for pg_restore: %w", err), os.Remove(file.Name()))
	}

	return file.Name(), nil
}

// keep drops the lines that the administrator's step has covered. A line reads
// "214; 1255 16385 FUNCTION public name owner".
func (s *scratch) keep(contents string) string {
	skipped := []string{" EXTENSION - ", " COMMENT - EXTENSION "}
	for _, extension := range s.document.Content.Extensions {
		skipped = append(skipped, " SCHEMA - "+extension.Schema+" ")
	}

	var kept strings.Builder

	for line := range strings.Lines(contents) {
		if !containsAny(line, skipped) {
			kept.WriteString(line)
		}
	}

	return kept.String()
}

func containsAny(line string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(line, part) {
			return true
		}
	}

	return false
}
