package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrPrograms is returned when PostgreSQL's programs are missing or unusable; the
// text has the finder's words, which name the remedy.
var ErrPrograms = errors.New("PostgreSQL's programs cannot be used")

// finder is the one place that knows where programs are, which versions have
// known holes, and how to install them.
const finder = "dev/install/postgresql.sh"

// Find gives the directory of PostgreSQL's programs and changes nothing.
func Find(ctx context.Context, clone string) (string, error) {
	return find(ctx, clone, io.Discard, "--check")
}

// Install gives the directory of PostgreSQL's programs, installing or upgrading
// them first where it can; what it does is told to progress.
func Install(ctx context.Context, clone string, progress io.Writer) (string, error) {
	return find(ctx, clone, progress)
}

func find(ctx context.Context, clone string, progress io.Writer, args ...string) (string, error) {
	command := exec.CommandContext(ctx, filepath.Join(clone, finder), args...)
	var output, words bytes.Buffer
	command.Stdout = &output
	command.Stderr = io.MultiWriter(&words, progress)
	err := command.Run()
	dir := lastLine(output.String())
	if err == nil && filepath.IsAbs(dir) {
		return dir, nil
	}
	if err == nil {
		err = fmt.Errorf("%s printed no directory", finder)
	}
	return "", fmt.Errorf("%w: %s (%w)", ErrPrograms, lastLine(words.String()), err)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
