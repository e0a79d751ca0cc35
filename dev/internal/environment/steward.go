package environment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"steward/dev/internal/devkeys"
	"steward/dev/internal/state"
)

// ErrSteward is returned when a steward command fails; the text is its own.
var ErrSteward = errors.New("bin/steward failed")

// upSetup migrates, registers search attributes, makes buckets and schedules.
func (e *Environment) upSetup(ctx context.Context) (string, error) {
	_, err := e.steward(ctx, "setup")
	if err != nil {
		return "", err
	}
	return "", nil
}

// steward runs a command of bin/steward as the operator of this machine and gives
// what it printed.
func (e *Environment) steward(ctx context.Context, args ...string) (string, error) {
	vars, err := e.Vars()
	if err != nil {
		return "", err
	}
	vars = append(vars, state.Var{Name: "STEWARD_KEYS_DIR", Value: filepath.Join(e.dir.Path("keys"), devkeys.Core)})
	command := exec.CommandContext(ctx, e.program(programSteward), args...)
	command.Dir = e.dir.Clone()
	command.Env = append(e.plain(), state.Environ(vars)...)
	var out, words bytes.Buffer
	command.Stdout, command.Stderr = &out, &words
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: steward %s: %s (%w)",
			ErrSteward, strings.Join(args, " "), strings.TrimSpace(words.String()), err)
	}
	return out.String(), nil
}
