package fileprune_test

import (
	"testing"

	"steward/internal/fileprune"
)

// A set that left the policy goes at its time, its newest proven manifest too, and
// not before; the other sets keep theirs. The contents follow.
func TestASetThatLeftThePolicyGetsNoException(t *testing.T) {
	t.Parallel()

	held := []fileprune.Manifest{
		{ID: "a", Files: "x", OpenedAt: start(), SnapshotAt: start(), Drilled: true},
		{ID: "b", Files: "y", OpenedAt: start(), SnapshotAt: start(), Drilled: true},
	}
	content := []fileprune.Content{{ID: "c", FirstAt: start(), NewestAt: start()}}

	with := rule(t, true)
	with.Left = func(files string) bool { return files == "x" }

	early := fileprune.Manifests(held, with, start().Add(7*day-1))
	if letter(early[0])+letter(early[1]) != "kk" {
		t.Errorf("too early: %+v", early)
	}

	due := fileprune.Manifests(held, with, start().Add(7*day))
	if letter(due[0])+letter(due[1]) != "dx" {
		t.Errorf("at the time: %+v", due)
	}

	excepted := fileprune.Excepted(held, with, start().Add(7*day))
	if _, stays := excepted["x"]; stays || !excepted["y"].Equal(start()) {
		t.Errorf("%v", excepted)
	}

	if got := fileprune.Contents(content, nil, fileprune.Beyond{At: excepted["x"]}, with, start().Add(7*day)); letter(got[0]) != "d" {
		t.Errorf("%+v", got)
	}
}
