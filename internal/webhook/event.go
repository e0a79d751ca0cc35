package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/postgres"
)

// Type names a kind of event.
type Type string

// The types of events.
const (
	// PromiseAtRisk and PromiseBroken: an audit found it, or it stays so for a day more.
	PromiseAtRisk Type = "promise.at_risk"
	PromiseBroken Type = "promise.broken"
	// TaskOverdue: something only a person can do is late.
	TaskOverdue Type = "task.overdue"
	// ErasureAnswered: everything was carried out and verified, and has its first certificate.
	ErasureAnswered Type = "erasure.answered"
	// ErasureDone: the subject is gone everywhere, and the final certificate is there.
	ErasureDone Type = "erasure.done"
	// ErasureBlocked: it stopped until a person has mended something.
	ErasureBlocked Type = "erasure.blocked"
	// ErasureCancelled: it was stopped before anything was erased.
	ErasureCancelled Type = "erasure.cancelled"
)

// Types are all types, in the order of the docs. Each is emitted somewhere: nobody can
// subscribe to what never comes.
func Types() []Type {
	return []Type{
		PromiseAtRisk, PromiseBroken, TaskOverdue, ErasureAnswered, ErasureDone, ErasureBlocked, ErasureCancelled,
	}
}

// Data is what an event says. The types of this package are all there are, so that a
// reviewer of this file sees everything that leaves the house.
type Data interface {
	// kind is the type of the event.
	kind() Type
}

// Promise is the data of PromiseAtRisk and PromiseBroken.
type Promise struct {
	// Promise and Item name what it is about, as in the policy.
	Promise string `json:"promise"`
	Item    string `json:"item,omitempty"`
	// State is "at_risk" or "broken".
	State string `json:"state"`
	// Since is when an audit first found this state.
	Since time.Time `json:"since"`
}

func (p Promise) kind() Type {
	if p.State == "broken" {
		return PromiseBroken
	}

	return PromiseAtRisk
}

// Task is the data of TaskOverdue.
type Task struct {
	// Task is its opaque id, Kind its kind as a code.
	Task string `json:"task"`
	Kind string `json:"kind"`
	// Due is when it was due.
	Due time.Time `json:"due"`
}

func (Task) kind() Type { return TaskOverdue }

// Erasure is the data of the events of an erasure. Of a person it says nothing but what
// concerns the case: the account that a person is in is not the one that is erased.
type Erasure struct {
	// Happened is the type: what became of the case.
	Happened Type `json:"-"`
	// Erasure is the opaque id of the case, Cause that of the task or act that asked for it.
	Erasure string `json:"erasure"`
	Cause   string `json:"cause"`
	// Kind is "account" or "person".
	Kind string `json:"kind"`
	// Account is the id of the account that is erased, as the API shows it; empty for a person.
	Account string `json:"account,omitempty"`
	// Stage is the one that the case has come to.
	Stage string `json:"stage"`
	// Code is why a blocked one is, StoppedIn the stage in which it stopped.
	Code      failure.Code `json:"code,omitempty"`
	StoppedIn string       `json:"stopped_in,omitempty"`
	// RequestedAt is when the case was opened.
	RequestedAt time.Time `json:"requested_at"`
	// GoneBy is when nothing can be left anywhere; zero while nobody can say.
	GoneBy time.Time `json:"gone_by,omitzero"`
}

func (e Erasure) kind() Type { return e.Happened }

// Event is something that happened.
type Event struct {
	// Cause is the identity of the effect: a second event of the same cause is the
	// first one.
	Cause string
	// Data is what it says.
	Data Data
	// At is when it happened.
	At time.Time
}

// ErrNobody says that no enabled endpoint wants an event.
var ErrNobody = errors.New("no enabled webhook endpoint wants this event")

// body is what is sent, in the form that Standard Webhooks recommends.
type body struct {
	Type      Type      `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      Data      `json:"data"`
}

// Emit records an event in the caller's transaction and queues it for every endpoint
// that wants it: it is sent once that has committed, and a crash before leaves nothing
// of it. It gives the id of the event, that of the first one where the cause had one
// already. It fails with ErrNobody where no enabled endpoint wants it: nothing is
// recorded then, and whoever must be heard knows. The rows last until keep has passed.
func Emit(ctx context.Context, q postgres.Queryer, event Event, keep time.Duration) (string, error) {
	endpoints, err := wanting(ctx, q, event.Data.kind())
	if err != nil {
		return "", err
	}

	if len(endpoints) == 0 {
		return "", ErrNobody
	}

	written, err := json.Marshal(body{Type: event.Data.kind(), Timestamp: event.At.UTC(), Data: event.Data})
	if err != nil {
		return "", failure.Wrap(failure.Internal, "writing an event", err)
	}

	id, ends := ids.New(eventPrefix), event.At.Add(keep)

	rows, err := q.Exec(ctx, `insert into webhook_events (id, type, cause, body, at, ends_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (cause) do nothing`, id, string(event.Data.kind()), event.Cause, string(written), event.At, ends)
	if err != nil {
		return "", failure.Wrap(failure.Unavailable, "recording an event", err)
	}

	if rows == 0 {
		return first(ctx, q, event.Cause)
	}

	for _, endpoint := range endpoints {
		_, err := q.Exec(ctx, `insert into webhook_deliveries (id, event, endpoint, created_at, next_at, ends_at)
			values ($1, $2, $3, $4, $4, $5)`,
			ids.New(deliveryPrefix), id, endpoint, event.At, ends)
		if err != nil {
			return "", failure.Wrap(failure.Unavailable, "queuing a delivery", err)
		}
	}

	return id, nil
}

// The prefixes of ids.
const (
	endpointPrefix = "whe"
	eventPrefix    = "whv"
	deliveryPrefix = "whd"
)

// wanting are the endpoints that want a type now.
func wanting(ctx context.Context, q postgres.Queryer, kind Type) ([]string, error) {
	rows, err := q.Query(ctx, `select id from webhook_endpoints
		where disabled_at is null and (types = '{}' or $1 = any (types)) order by id`, string(kind))
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for webhook endpoints", err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowTo[string])

	return found, failure.Wrap(failure.Unavailable, "reading webhook endpoints", err)
}

// first is the event of a cause.
func first(ctx context.Context, q postgres.Queryer, cause string) (id string, err error) {
	err = q.QueryRow(ctx, `select id from webhook_events where cause = $1`, cause).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", failure.New(failure.Unavailable, "looking for an event of the same cause")
	}

	return id, failure.Wrap(failure.Unavailable, "looking for an event of the same cause", err)
}
