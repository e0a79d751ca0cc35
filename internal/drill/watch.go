package drill

import (
	"context"
	"time"

	"steward/internal/failure"
	"steward/internal/faults"
)

// AtWork is told to Progress in the place of bytes, and says that the drill cluster is
// busy with a statement that shows no count, such as one that builds an index.
const AtWork = -1

// lookEvery is how often the cluster is asked what it is doing: many times in the
// half an hour after which a drill without progress is given up.
const lookEvery = time.Minute

// watched runs work and tells, while it runs, whether the cluster is busy with it.
// The goroutine that looks ends before watched returns.
func (s *scratch) watched(ctx context.Context, every time.Duration, work func(context.Context) error) error {
	looking, stop := context.WithCancel(ctx)
	ended := make(chan struct{})

	go func() {
		defer close(ended)

		s.watch(looking, every)
	}()

	err := work(ctx)

	stop()
	<-ended

	return err
}

// watch looks until ctx ends. These looks are no steps of the work: any of them
// may be lost, and they are not counted among the outside calls.
func (s *scratch) watch(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()

	uncounted := faults.Without(ctx)

	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}

		if busy, err := s.busy(uncounted); err == nil && busy {
			s.report("", AtWork)
		}
	}
}

// busy reports whether a backend works in the scratch database. One that waits
// for a lock, or for what its client sends next, does not; and who reads ahead looks
// around for as long as the restore goes on, whether that moves or not.
func (s *scratch) busy(ctx context.Context) (bool, error) {
	var busy bool

	err := s.admin.QueryRow(ctx, `select exists (select from pg_stat_activity
		where datname = $1 and state = 'active' and coalesce(wait_event_type, '') not in ('Lock', 'Client')
		and application_name <> $2)`, s.name, s.name+aheadSuffix).Scan(&busy)

	return busy, failure.Wrap(failure.Unavailable, "looking what the drill cluster does", err)
}
