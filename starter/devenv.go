package main

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"steward/internal/failure"
)

// devEnvPath is where `make up` keeps the addresses of a clone's environment.
const devEnvPath = ".dev/env"

// othersMayWrite are the permission bits that the file must not have: whoever
// writes it decides which databases a command acts on.
const othersMayWrite = 0o022

// readDevEnv takes addresses from the dev environment of the clone in which the
// command runs, unless it was told where it is by STEWARD_ENV. A variable that is
// set already stays. It says so, since acting on another environment than the
// one in mind is how accidents happen.
func (a *app) readDevEnv() error {
	if os.Getenv("STEWARD_ENV") != "" {
		return nil
	}

	path, text, err := findDevEnv()
	if err != nil || path == "" {
		return err
	}

	vars, err := parseDevEnv(path, text)
	if err != nil {
		return err
	}

	for _, each := range vars {
		if os.Getenv(each.name) != "" {
			continue
		}

		if err := os.Setenv(each.name, each.value); err != nil {
			return failure.Wrap(failure.ConfigInvalid, "reading "+path, err)
		}
	}

	a.console.Notef("using the dev environment of this clone: %s", path)

	return nil
}

// findDevEnv walks up from the working directory to the clone around it, and reads
// its file; path is empty if there is none. What merely lies in a folder above, in
// /tmp for one, is no environment of ours.
func findDevEnv() (path, text string, err error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", "", failure.Wrap(failure.ConfigInvalid, "looking for "+devEnvPath, err)
	}

	for {
		if path = filepath.Join(dir, devEnvPath); isClone(dir) {
			text, err = readOurs(path)
			if !errors.Is(err, fs.ErrNotExist) {
				return path, text, err
			}
		}

		parent := filepath.Dir(dir)
		if parent == dir {
			return "", "", nil
		}

		dir = parent
	}
}

// isClone reports whether dir is the top of a clone of Steward.
func isClone(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod")) //nolint:gosec // looked at for one line only
	first, _, _ := strings.Cut(string(text), "\n")

	return err == nil && strings.TrimSpace(first) == "module steward"
}

// readOurs reads a file that nobody else could have written: it is no link, it is
// ours, and others may not write it. The file that was checked is the one that is
// read. It fails with ConfigInvalid; the error of a missing file wraps fs.ErrNotExist.
func readOurs(path string) (_ string, err error) {
	refused := func(why string) error { return failure.New(failure.ConfigInvalid, "reading "+path+" ("+why+")") }

	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0) //nolint:gosec // found in the clone around the working directory
	if err != nil {
		return "", failure.Wrap(failure.ConfigInvalid, "reading "+path, err)
	}

	defer func() {
		err = joined(err, failure.Wrap(failure.ConfigInvalid, "reading "+path, file.Close()))
	}()

	info, err := file.Stat()
	if err != nil {
		return "", failure.Wrap(failure.ConfigInvalid, "reading "+path, err)
	}

	stat, known := info.Sys().(*syscall.Stat_t)

	switch {
	case !info.Mode().IsRegular():
		return "", refused("it is no file")
	case info.Mode().Perm()&othersMayWrite != 0:
		return "", refused("others may write it; run: chmod 600 " + path)
	case !known || int64(stat.Uid) != int64(os.Geteuid()):
		return "", refused("it is another user's; work as that user, or set STEWARD_ENV and the addresses yourself")
	}

	text, err := io.ReadAll(file)

	return string(text), failure.Wrap(failure.ConfigInvalid, "reading "+path, err)
}

type variable struct{ name, value string }

// parseDevEnv reads lines of the form: export NAME='value'.
func parseDevEnv(path, text string) ([]variable, error) {
	var vars []variable

	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}

		name, quoted, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		if !found || name == "" {
			return nil, failure.New(failure.ConfigInvalid, "reading "+path+" (a line is not export NAME='value'; run: make up)")
		}

		vars = append(vars, variable{name: name, value: unquote(quoted)})
	}

	return vars, failure.Wrap(failure.ConfigInvalid, "reading "+path, lines.Err())
}

// unquote undoes the quotes of a shell; inside single quotes nothing else counts.
func unquote(text string) string {
	inner, found := strings.CutPrefix(text, "'")
	if !found {
		return text
	}

	return strings.ReplaceAll(strings.TrimSuffix(inner, "'"), `'\''`, `'`)
}
