package fileremoval_test

import (
	"fmt"
	"testing"

	emulator "steward/internal/emulator/gcs"
	"steward/internal/failure"
	"steward/internal/filestest"
)

// However much came back, none of it is kept until the end of the listing: what a page
// shows is dealt with before the next is read.
func TestWhatCameBackGoesPageByPage(t *testing.T) {
	t.Parallel()

	const back = 1001 // one more than a page

	b := filestest.New(t)
	own := b.Storage.Client(t).Bucket(b.Bucket.Name())

	for i := range back {
		writer := own.Object(fmt.Sprintf("uploads/contents/back-%04d", i)).NewWriter(t.Context())
		writer.ChunkSize = 0 // one request
		check(t, writer.Close())
	}

	// They were proven gone an hour ago; their time is not over by more than the tolerance.
	_, err := b.Steward.Exec(t.Context(), `insert into file_contents (id, fileset, source, object, claimed_by, first_at, newest_at, doomed_at, gone_at)
		select 'cnt_' || translate(lpad(n::text, 26, '0'), '0189', 'abcd'), 'uploads', null, 'uploads/contents/back-' || to_char(n, 'FM0000'), 'att_x', $1, $1, $1, $1
		from generate_series(0, $2::int - 1) as n`, b.Clock.Now(), back)
	check(t, err)

	// Refused at once, so that each is one request and nothing of the listing moves.
	_, err = b.Storage.InjectFault(emulator.Fault{Operation: emulator.OpObjectDelete, Mode: emulator.ModeForbidden, Count: emulator.Forever})
	check(t, err)

	var listed, swept, sweptBefore int64

	b.Remover.Progress = func(phase string, done int64) {
		switch phase {
		case "listing":
			listed, sweptBefore = done, swept
		case "sweeping":
			swept = done
		}
	}

	if _, err := b.Remover.Prune(t.Context(), b.Clock.Now()); !failure.Is(err, failure.Unauthorised) {
		t.Error(err)
	}

	if listed != back || swept != back || sweptBefore < back-1 {
		t.Errorf("%d listed, %d swept, of them %d before the last was listed", listed, swept, sweptBefore)
	}

	if left := len(b.Names(t, "uploads/contents/")); left != back {
		t.Errorf("%d are left", left)
	}
}
