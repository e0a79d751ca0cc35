package main

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

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

	path, err := findDevEnv()
	if err != nil || path == "" {
		return err
	}

	vars, err := parseDevEnv(path)
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

// findDevEnv walks up from the working directory; empty if there is none.
func findDevEnv() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", failure.Wrap(failure.ConfigInvalid, "looking for "+devEnvPath, err)
	}

	for {
		path := filepath.Join(dir, devEnvPath)

		info, err := os.Stat(path)

		switch {
		case err == nil && info.Mode().Perm()&othersMayWrite != 0:
			return "", failure.New(failure.ConfigInvalid, "reading "+path+" (others may write it; run: chmod 600 "+path+")")
		case err == nil && info.Mode().IsRegular():
			return path, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", failure.Wrap(failure.ConfigInvalid, "looking for "+devEnvPath, err)
		}

		parent := filepath.Dir(dir)
		if parent == dir {
			return "", nil
		}

		dir = parent
	}
}

type variable struct{ name, value string }

// parseDevEnv reads lines of the form: export NAME='value'.
func parseDevEnv(path string) ([]variable, error) {
	text, err := os.ReadFile(path) //nolint:gosec // found in the clone around the working directory
	if err != nil {
		return nil, failure.Wrap(failure.ConfigInvalid, "reading "+path, err)
	}

	var vars []variable

	lines := bufio.NewScanner(strings.NewReader(string(text)))
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
