package system_test

import (
	"testing"

	"steward/dev/harness"
	"steward/internal/faults"
)

// phaseOf says in which part of an act the newest of its calls is.
func phaseOf(of act, calls []harness.Call) string {
	switch of {
	case actBackup, actCopy:
		return phaseOfBackup(calls)
	case actFiles, actBigFile:
		return phaseOfFiles(calls)
	case actPrune, actException, actFilesPrune:
		for _, call := range calls {
			if call.Process == "backup" && call.Name == "DELETE" {
				return string(of) + ": removing"
			}
		}
		return string(of) + ": looking"
	default:
		return string(of)
	}
}

func phaseOfBackup(calls []harness.Call) string {
	phase := "opening"
	for _, call := range calls {
		switch {
		case call.Process == "core":
			continue // the sequencer goes by its own clock
		case call.Name == "start pg_dump":
			phase = "dump"
		case call.Name == "end pg_dump":
			phase = "behind the dump"
		case call.Name == "start pg_dumpall":
			phase = "globals"
		case call.Name == "end pg_dumpall":
			phase = "manifest"
		case call.Process == "drill" && call.Name == "start pg_restore":
			phase = "restore"
		case call.Process == "drill" && call.Name == "end pg_restore":
			phase = "comparison"
		case call.Process == "drill" && (phase == "manifest" || phase == "opening"):
			phase = "fetch"
		case call.Process == "backup" && phase == "comparison":
			phase = "behind the drill" // where it is copied, or taken anew
		}
	}
	return phase
}

func phaseOfFiles(calls []harness.Call) string {
	phase := "files: opening"
	for _, call := range calls {
		switch {
		case call.Process == "drill":
			phase = "files: proving"
		case call.Process == "backup" && call.Kind == faults.HTTP && call.Name != "GET":
			phase = "files: storing"
		case call.Process == "backup" && call.Kind == faults.HTTP && phase == "files: opening":
			phase = "files: looking"
		}
	}
	return phase
}

// TestAStrikeIsCountedInThePhaseInWhichItFell lets the calls of an act come one after
// the other.
func TestAStrikeIsCountedInThePhaseInWhichItFell(t *testing.T) {
	t.Parallel()
	call := func(process string, kind faults.Kind, name string) harness.Call {
		return harness.Call{Process: process, Call: faults.Call{Kind: kind, Name: name}}
	}
	seen := map[act][]harness.Call{}
	for _, each := range []struct {
		act  act
		call harness.Call
		want string
	}{
		{actBackup, call("backup", faults.SQL, "query"), "opening"},
		{actBackup, call("backup", faults.Process, "start pg_dump"), "dump"},
		{actBackup, call("core", faults.HTTP, "DELETE"), "dump"},
		{actBackup, call("backup", faults.Process, "end pg_dump"), "behind the dump"},
		{actBackup, call("backup", faults.Process, "start pg_dumpall"), "globals"},
		{actBackup, call("backup", faults.Process, "end pg_dumpall"), "manifest"},
		{actBackup, call("drill", faults.HTTP, "GET"), "fetch"},
		{actBackup, call("drill", faults.Process, "start pg_restore"), "restore"},
		{actBackup, call("drill", faults.Process, "end pg_restore"), "comparison"},
		{actBackup, call("backup", faults.HTTP, "POST"), "behind the drill"},
		{actFiles, call("backup", faults.SQL, "query"), "files: opening"},
		{actFiles, call("backup", faults.HTTP, "GET"), "files: looking"},
		{actFiles, call("backup", faults.HTTP, "POST"), "files: storing"},
		{actFiles, call("drill", faults.HTTP, "GET"), "files: proving"},
		{actPrune, call("backup", faults.HTTP, "GET"), "prune: looking"},
		{actPrune, call("backup", faults.HTTP, "DELETE"), "prune: removing"},
		{actSetup, call("core", faults.HTTP, "GET"), "setup"},
	} {
		seen[each.act] = append(seen[each.act], each.call)
		if got := phaseOf(each.act, seen[each.act]); got != each.want {
			t.Errorf("at %s %s of %s: %q, want %q", each.call.Process, each.call.Name, each.act, got, each.want)
		}
	}
}
