package task

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/access"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/postgres"
)

// Task is one thing that a person must do. Times are in UTC.
type Task struct {
	// ID is opaque.
	ID   string
	Kind Kind
	// Subject is the opaque id of what it is about.
	Subject string
	// Role is whose task it is.
	Role access.Role
	// OpenedBy is the opaque id of who asked, or "steward".
	OpenedBy        string
	OpenedAt, DueAt time.Time
	// DoneAt is zero while it is open; DoneBy is the opaque id of who did it.
	DoneAt  time.Time
	DoneBy  string
	Outcome string
}

// Open reports whether nobody has done it yet.
func (t Task) Open() bool { return t.DoneAt.IsZero() }

// Overdue reports whether it is open past its time.
func (t Task) Overdue(asOf time.Time) bool { return t.Open() && asOf.After(t.DueAt) }

// Opening says what is to be done and who asks.
type Opening struct {
	Kind Kind
	// Subject is the opaque id of what it is about.
	Subject string
	// By is the opaque id of who asks, or "steward".
	By string
	// At is when.
	At time.Time
}

const columns = `id, kind, subject, role, opened_by, opened_at, due_at, done_at, done_by, outcome`

// Open makes a task, or finds the open one of the same kind and subject; fresh says
// which. It fails with UsageWrong for a kind that the table does not have. A crash
// before the caller's commit leaves nothing.
func Open(ctx context.Context, q postgres.Queryer, asked Opening) (opened Task, fresh bool, err error) {
	row, known := FindKind(asked.Kind)
	if !known {
		return Task{}, false, failure.New(failure.UsageWrong, "opening a task of an unknown kind")
	}

	opened, fresh, err = openOnce(ctx, q, asked, row)
	if failure.Is(err, failure.TaskUnknown) {
		// Somebody finished the open one between the two statements: now there is room.
		opened, fresh, err = openOnce(ctx, q, asked, row)
	}

	return opened, fresh, err
}

// openOnce fails with TaskUnknown where the open task was finished while it looked.
func openOnce(ctx context.Context, q postgres.Queryer, asked Opening, row KindRow) (opened Task, fresh bool, err error) {
	made, err := q.Exec(ctx, `insert into tasks (id, kind, subject, role, opened_at, opened_by, due_at)
		values ($1, $2, $3, $4, $5, $6, $7) on conflict (kind, subject) where done_at is null do nothing`,
		ids.New("tsk"), string(asked.Kind), asked.Subject, string(row.Role), asked.At, asked.By, asked.At.Add(row.Within))
	if err != nil {
		return Task{}, false, failure.Wrap(failure.Unavailable, "opening a task", err)
	}

	opened, err = one(ctx, q, `where kind = $1 and subject = $2 and done_at is null`, string(asked.Kind), asked.Subject)

	return opened, made > 0, err
}

// Get reads one task. It fails with TaskUnknown.
func Get(ctx context.Context, q postgres.Queryer, id string) (Task, error) {
	return one(ctx, q, `where id = $1`, id)
}

// OpenOf is the open task of a kind about a subject; false if there is none.
func OpenOf(ctx context.Context, q postgres.Queryer, kind Kind, subject string) (Task, bool, error) {
	found, err := list(ctx, q, `where kind = $1 and subject = $2 and done_at is null`, string(kind), subject)
	if err != nil || len(found) == 0 {
		return Task{}, false, err
	}

	return found[0], true, nil
}

func one(ctx context.Context, q postgres.Queryer, where string, args ...any) (Task, error) {
	found, err := list(ctx, q, where, args...)
	if err == nil && len(found) == 0 {
		err = failure.New(failure.TaskUnknown, "looking for a task")
	}

	if err != nil {
		return Task{}, err
	}

	return found[0], nil
}

func list(ctx context.Context, q postgres.Queryer, where string, args ...any) ([]Task, error) {
	rows, err := q.Query(ctx, "select "+columns+" from tasks "+where, args...)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading tasks", err)
	}

	found, err := pgx.CollectRows(rows, scan)

	return found, failure.Wrap(failure.Unavailable, "reading tasks", err)
}

func scan(row pgx.CollectableRow) (Task, error) {
	var (
		t    Task
		done *time.Time
	)

	err := row.Scan(&t.ID, &t.Kind, &t.Subject, &t.Role, &t.OpenedBy, &t.OpenedAt, &t.DueAt, &done, &t.DoneBy, &t.Outcome)
	t.OpenedAt, t.DueAt = t.OpenedAt.UTC(), t.DueAt.UTC()

	if done != nil {
		t.DoneAt = done.UTC()
	}

	return t, err
}
