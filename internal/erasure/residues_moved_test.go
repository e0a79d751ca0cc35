package erasure_test

import (
	"testing"

	"steward/internal/datamap"
	"steward/internal/erasure"
	"steward/internal/ids"
)

// stopped is a person of whom a night found two rows, in a case that it stopped; and how many ranges that night read.
func (b *bench) stopped(t *testing.T) (id string, ranges int) {
	t.Helper()
	b.written(t)
	b.eraser.Residues = b.night()
	id = b.person(t, erasure.Identities{datamap.Email: {"ada@example.com"}})

	_, err := b.night().Run(t.Context(), ids.New("ngt"), func(string, int64) { ranges++ })
	must(t, err)

	_, err = b.judge.Residue(t.Context())
	must(t, err)
	b.found(t, id, erasure.Blocked, []string{"residue/app public.notes.body"})

	return id, ranges
}

// meanwhile makes another pass, and does something after its n-th range.
func (b *bench) meanwhile(t *testing.T, n int, do func()) {
	t.Helper()

	_, err := b.night().Run(t.Context(), ids.New("ngt"), func(string, int64) {
		n--
		if n == 0 {
			do()
		}
	})
	must(t, err)
}

// A case that is tried again while a pass is under way keeps what is left of it: it does not go on unseen.
func TestACaseThatIsTriedAgainByNightKeepsWhatIsLeft(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	ada, _ := b.stopped(t)

	b.meanwhile(t, 1, func() {
		b.retried(t, ada)
		b.until(t, ada, erasure.Executing)
	})
	b.found(t, ada, erasure.Executing, []string{"residue/app public.notes.body"})
	b.until(t, ada, erasure.Blocked)
	b.found(t, ada, erasure.Blocked, []string{"residue/app public.notes.body"})
}

// What was removed after the pass had read it, and seen to be gone, stops nobody any more.
func TestWhatWasRemovedDuringAPassBlocksNobody(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	ada, ranges := b.stopped(t)

	b.meanwhile(t, ranges, func() {
		_, err := b.small.db.Exec(t.Context(), `update notes set body = '' where id in (7, 30)`)
		must(t, err)
		b.retried(t, ada)
		b.until(t, ada, erasure.Waiting)
	})

	_, err := b.judge.Residue(t.Context())
	must(t, err)
	b.found(t, ada, erasure.Waiting, nil)
}

// A table that has another name is not clean: nobody has looked through it.
func TestATableThatWasRenamedIsNotClean(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	ada, _ := b.stopped(t)

	_, err := b.small.db.Exec(t.Context(), `alter table notes rename to letters`)
	must(t, err)
	b.retried(t, ada)
	b.until(t, ada, erasure.Blocked)
	b.found(t, ada, erasure.Blocked, []string{"residue/app public.notes.body"})
}
