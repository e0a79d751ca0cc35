package cputime_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"

	"steward/dev/internal/cputime"
)

// busy makes a shell whose child works until its input ends, and does that for some tenths of a second.
const busy = `sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; read x'; :`

func TestAFamilyIsMoreThanItsParent(t *testing.T) {
	t.Parallel()
	parent := exec.CommandContext(t.Context(), "sh", "-c", busy)
	in, err := parent.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("done\n"))); err != nil {
		t.Fatal(err)
	}
	alone, aloneErr := cputime.Of(parent.Process.Pid, true)
	family, familyErr := cputime.OfFamily(parent.Process.Pid)
	if err := errors.Join(aloneErr, familyErr, in.Close(), parent.Wait()); err != nil {
		t.Fatal(err)
	}
	if family <= alone {
		t.Errorf("the family used %v s, its parent alone %v", family, alone)
	}
	if _, err := cputime.OfFamily(parent.Process.Pid); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if own, err := cputime.Of(os.Getpid(), false); err != nil || own < 0 {
		t.Errorf("%v, %v", own, err)
	}
}
