package system_test

import (
	"slices"
	"testing"

	"steward/internal/emulator/gcs"
)

// cell is one operation of the storage stand-in with one fault.
type cell struct {
	operation gcs.Operation
	mode      gcs.Mode
}

// act is a part of a day that a strike falls into.
type act string

// The acts.
const (
	actBackup     act = "backup"
	actCopy       act = "backup and copy" // in the world that has another location
	actPrune      act = "prune"
	actException  act = "prune of the last one" // which stays, under a hold
	actFiles      act = "files"
	actBigFile    act = "files, one of them big" // of several chunks
	actFilesPrune act = "prune of files"
	actSetup      act = "setup"        // what `steward setup` does about a bucket
	actMend       act = "doctor --fix" // what that does about a bucket
)

// reach says in which acts the product asks for an operation of the storage; if in
// none, why no call of the product can.
type reach struct {
	operation gcs.Operation
	acts      []act
	never     string
}

// reaches is about every operation that the stand-in has.
func reaches() []reach {
	return []reach{
		{operation: gcs.OpBucketInsert, acts: []act{actSetup}},
		{operation: gcs.OpBucketGet, acts: []act{actBackup, actFiles}},
		{operation: gcs.OpBucketList, never: "the policy names the buckets; nothing lists them"},
		{operation: gcs.OpBucketPatch, acts: []act{actMend}},
		{operation: gcs.OpBucketDelete, never: "Steward deletes no bucket"},
		{operation: gcs.OpBucketLock, never: "to lock a retention cannot be taken back: that is left to a person"},
		{operation: gcs.OpObjectInsert, acts: []act{actBackup, actFiles}},
		{operation: gcs.OpUploadStart, acts: []act{actBigFile}},
		{operation: gcs.OpUploadChunk, acts: []act{actBigFile}},
		{operation: gcs.OpUploadFinish, acts: []act{actBigFile}},
		{operation: gcs.OpUploadCancel, never: "Google's client ends an upload by ending its requests; it never asks for a cancel"},
		{operation: gcs.OpObjectGet, acts: []act{actBackup, actFiles}}, // by the seal of what they told the ledger
		{operation: gcs.OpObjectMedia, acts: []act{actBackup, actFiles}},
		{operation: gcs.OpObjectList, acts: []act{actPrune, actFilesPrune, actFiles}},
		{operation: gcs.OpObjectPatch, acts: []act{actException}},
		{operation: gcs.OpObjectDelete, acts: []act{actPrune, actFilesPrune}},
		{operation: gcs.OpObjectRestore, never: "what was deleted is never brought back"},
		{operation: gcs.OpObjectRewrite, acts: []act{actCopy}},
		{operation: gcs.OpObjectCompose, never: "an object is uploaded whole"},
	}
}

// actsOf are the acts in which an operation is reached; none for one that never is.
func actsOf(operation gcs.Operation) []act {
	for _, one := range reaches() {
		if one.operation == operation {
			return one.acts
		}
	}
	return nil
}

// cells are those that the product can reach, in a stable order. A part, from 0 to
// slicesOfPoints-1, has a tenth of them, with every operation and every fault in some.
func cells(part int) []cell {
	var found []cell
	at := 0
	for _, one := range reaches() {
		if len(one.acts) == 0 {
			continue
		}
		for i, mode := range gcs.Modes() {
			if (at+i)%slicesOfPoints == part {
				found = append(found, cell{one.operation, mode})
			}
		}
		at++
	}
	return found
}

// TestEveryCellIsReachedOrSaysWhyNot compares the table with the stand-in: an operation
// that is new there has to be thought about here. The ten parts have all cells, each once.
func TestEveryCellIsReachedOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	var told []gcs.Operation
	reached := 0
	for _, one := range reaches() {
		told = append(told, one.operation)
		if (one.never == "") == (len(one.acts) == 0) {
			t.Errorf("%s must have acts, or a reason why it has none", one.operation)
		}
		if len(one.acts) > 0 {
			reached++
		}
	}
	if want := gcs.Operations(); !slices.Equal(told, want) {
		t.Errorf("the table has %v, the stand-in %v", told, want)
	}
	seen := map[cell]int{}
	for part := range slicesOfPoints {
		for _, one := range cells(part) {
			seen[one]++
		}
	}
	if len(seen) != reached*len(gcs.Modes()) {
		t.Errorf("%d cells in the parts, want %d", len(seen), reached*len(gcs.Modes()))
	}
	for one, times := range seen {
		if times != 1 {
			t.Errorf("%v is in %d parts", one, times)
		}
	}
}
