package environment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// ErrBuild is returned when a program does not compile; the compiler's words were printed.
var ErrBuild = errors.New("it does not compile")

// target is one program and where it comes from.
type target struct {
	name string
	// module is the directory of its go.mod, below the clone.
	module string
	// source is its package, below the module.
	source string
	// ships is true for programs that leave this machine: they know their commit.
	ships bool
}

// devModule is the directory of what never ships.
const devModule = "dev"

func targets() []target {
	return []target{
		{name: programSteward, module: ".", source: "./starter", ships: true},
		{name: programWorker, module: ".", source: "./worker", ships: true},
		{name: programAPI, module: ".", source: "./api", ships: true},
		{name: programGCS, module: devModule, source: "./cmd/gcsemulator"},
		{name: programMail, module: devModule, source: "./cmd/smtpsink"},
		{name: programTemporal, module: devModule, source: "./cmd/temporal"},
	}
}

// build compiles what has changed. Go's own cache decides that; a program whose
// sources are the same keeps its bytes, and so nothing is restarted for it.
func (e *Environment) build(ctx context.Context, only Only) error {
	commit := e.commit(ctx)
	for _, one := range targets() {
		if !only.builds(one.name) {
			continue
		}
		if _, err := os.Stat(e.program(one.name)); errors.Is(err, os.ErrNotExist) && one.name == programTemporal {
			e.out.Linef("%-15s compiling the Temporal server: the first time takes some minutes, later seconds", "build")
		}
		err := e.out.Step(ctx, "build", func(ctx context.Context) (string, error) {
			return e.compile(ctx, one, commit)
		})
		if err != nil {
			return fmt.Errorf("compiling %s: %w", one.name, err)
		}
	}
	return nil
}

func (e *Environment) compile(ctx context.Context, one target, commit string) (string, error) {
	before := head(e.program(one.name))
	args := []string{"build", "-C", e.dir.Clone() + "/" + one.module, "-o", e.program(one.name)}
	if one.ships {
		args = append(args, "-trimpath", "-ldflags", "-X main.commit="+commit)
	}
	command := exec.CommandContext(ctx, "go", append(args, one.source)...)
	var words bytes.Buffer
	command.Stdout, command.Stderr = &words, &words
	if err := command.Run(); err != nil {
		e.out.Linef("%s", strings.TrimSpace(words.String()))
		if strings.Contains(words.String(), syscall.ENOSPC.Error()) {
			return "", fmt.Errorf("%w: make room at %s and in the folders of go env GOCACHE and TMPDIR, then run make up again",
				ErrFull, e.dir.Path())
		}
		return "", fmt.Errorf("%w (%w)", ErrBuild, err)
	}
	if bytes.Equal(head(e.program(one.name)), before) {
		return "", nil
	}
	return one.name + " compiled", nil
}

// headBytes of a Go program hold its build ID, which is a hash of its content.
const headBytes = 64 << 10

// head is the beginning of a program, nil when it is missing. Its time would not
// do: the go command touches a program that it finds up to date.
func head(path string) []byte {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	text, readErr := io.ReadAll(io.LimitReader(file, headBytes))
	if err := errors.Join(readErr, file.Close()); err != nil {
		return nil
	}
	return text
}

// commit names the sources for the programs that ship, as the Makefile does.
func (e *Environment) commit(ctx context.Context) string {
	command := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=12")
	command.Dir = e.dir.Clone()
	out, err := command.Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
