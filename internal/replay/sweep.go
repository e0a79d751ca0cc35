package replay

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/postgres"
)

// sweepPage is how many names are compared with the catalogue at once, as many as a page of a listing has.
const sweepPage = 1000

// Swept is what a look through the bucket found: counts of names.
type Swept struct {
	// Strays are those that no record has and whose erasure has ended. Sweep has removed them.
	Strays int
	// Unknown are those of which nobody knows the erasure. They stay, and a person decides.
	Unknown int
}

// Look goes through all of the bucket, page by page, and changes nothing. It fails with what the listing or the database fails with.
func (r Records) Look(ctx context.Context, asOf time.Time) (Swept, error) {
	return r.look(ctx, asOf, sweepPage)
}

func (r Records) look(ctx context.Context, asOf time.Time, page int) (Swept, error) {
	return r.through(ctx, sweep{of: r.Catalogue, asOf: asOf, size: page, do: func(context.Context, string) error { return nil }})
}

// Sweep does the same and removes the strays, each with the proof that no listing shows it any more: what a crash left
// between an object and its row, or a cancellation whose removal failed for good. A crash leaves some of them to the next
// call. It fails with ReplayUnknown where there is something of which nobody knows the erasure, and with why one could not
// be removed once the others were.
func (r Records) Sweep(ctx context.Context, asOf time.Time) (Swept, error) {
	found, err := r.through(ctx, sweep{of: r.Catalogue, asOf: asOf, size: sweepPage, do: r.Bucket.Remove})
	if err == nil && found.Unknown > 0 {
		err = failure.New(failure.ReplayUnknown, "looking through the bucket of replay records")
	}

	return found, err
}

// through lists the bucket, and has each page of names judged.
func (r Records) through(ctx context.Context, s sweep) (Swept, error) {
	for object, err := range r.Bucket.List(ctx, "", gcs.ListOptions{Versions: true}) {
		if err != nil {
			return s.found, failure.Wrap(failure.Unavailable, "listing the bucket of replay records", err)
		}

		if err := s.see(ctx, object); err != nil {
			return s.found, err
		}
	}

	if err := s.judge(ctx); err != nil {
		return s.found, err
	}

	return s.found, failure.Wrap(failure.Unavailable, "removing objects that are no replay records", s.undone)
}

// sweep is one look through the bucket: it holds a page of names, and counts.
type sweep struct {
	of   Catalogue
	asOf time.Time
	size int
	// do is what is done to a stray; undone is why it could not be, of all of them.
	do     func(ctx context.Context, name string) error
	undone error
	page   []Lying
	found  Swept
}

// see takes one generation of an object, in the order of names.
func (s *sweep) see(ctx context.Context, object gcs.Object) error {
	if last := len(s.page) - 1; last >= 0 && s.page[last].Name == object.Name {
		if s.page[last].At.Before(object.Created) {
			s.page[last].At = object.Created
		}

		return nil
	}

	if len(s.page) == s.size {
		if err := s.judge(ctx); err != nil {
			return err
		}
	}

	s.page = append(s.page, Lying{Name: object.Name, At: object.Created})

	return nil
}

// judge ends a page.
func (s *sweep) judge(ctx context.Context) error {
	if err := s.of.know(ctx, s.page); err != nil {
		return err
	}

	for _, each := range s.page {
		switch each.Fate(s.asOf) {
		case Goes:
			s.found.Strays++
			s.undone = errors.Join(s.undone, s.do(ctx, each.Name))
		case Unknown:
			s.found.Unknown++
		case Stays:
		}
	}

	s.page = s.page[:0]

	return nil
}

// know adds what the steward database holds of some objects.
func (c Catalogue) know(ctx context.Context, page []Lying) error {
	names, ids := make([]string, 0, len(page)), make([]string, 0, len(page))

	for _, each := range page {
		id := strings.TrimSuffix(strings.TrimPrefix(each.Name, "erasures/"), "/replay")
		if Object(id) != each.Name {
			id = "" // no name of a record
		}

		names, ids = append(names, each.Name), append(ids, id)
	}

	//nolint:rowserrcheck // ForEachRow returns it
	rows, err := c.DB.Query(ctx, `select r.erasure is not null and r.gone_at is null, r.gone_at is not null, e.id is not null, e.ended_at
		from unnest($1::text[], $2::text[]) with ordinality as o (name, id, n)
		left join replay_records as r on r.object = o.name left join erasures as e on e.id = o.id order by o.n`, names, ids)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "looking for the records of objects", err)
	}

	at := 0

	var (
		recorded, gone, known bool
		ended                 *time.Time
	)

	_, err = pgx.ForEachRow(rows, []any{&recorded, &gone, &known, &ended}, func() error {
		page[at].Recorded, page[at].Gone, page[at].Case, page[at].EndedAt = recorded, gone, known, postgres.Instant(ended)
		at++

		return nil
	})

	return failure.Wrap(failure.Unavailable, "looking for the records of objects", err)
}
