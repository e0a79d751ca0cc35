package standing

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Dayless are the cases that wait while a store cannot say by when their subject is gone, for one reason.
type Dayless struct {
	// Cases counts them.
	Cases int64
	// Since is since when the one waits that has waited the longest; zero where there is none.
	Since time.Time
}

// Other stands for each reason that is not one of the codes of a store that cannot say.
const Other failure.Code = "other"

// Reasons is the closed table of why a store cannot say. What nothing connects with stands in the policy, which calls it not
// built (`steward policy explain`); the others are Mendable.
func Reasons() []failure.Code { return append([]failure.Code{failure.NoConnector}, Mendable()...) }

// Mendable are those that a person can mend today, so that an alarm about them can end.
func Mendable() []failure.Code {
	return []failure.Code{failure.CopyUndeclared, failure.CopyWithoutAge, failure.KeptBeyond, failure.StoreGone, Other}
}

// UnsaidSince is since when the case waits that has waited the longest while a store that a person can mend cannot say by
// when its subject is gone; zero where there is none.
func (s *Standing) UnsaidSince() (since time.Time) {
	for _, reason := range Mendable() {
		if waits := s.Dayless[reason]; waits.Cases > 0 && (since.IsZero() || waits.Since.Before(since)) {
			since = waits.Since
		}
	}

	return since
}

// dayless reads why cases that wait have no day. A case with several reasons counts for each; one of which no store says why
// counts as Other.
func dayless(ctx context.Context, q postgres.Queryer) (map[failure.Code]Dayless, error) {
	found := map[failure.Code]Dayless{}
	for _, reason := range Reasons() {
		found[reason] = Dayless{}
	}

	//nolint:rowserrcheck // ForEachRow returns it
	rows, err := q.Query(ctx, `select code, count(*) as cases, min(staged_at) as since from (
			select distinct e.id, e.staged_at, case when c.code = any($1) then c.code else $2 end as code
			from erasures as e left join lateral (
				select case when s.outcome = 'failed' then s.code else s.gone_code end as code
				from erasure_stores as s where s.erasure = e.id and (s.outcome = 'failed' or s.gone_code <> '')) as c on true
			where e.stage = 'waiting' and e.ended_at is null and e.gone_by is null) as reasons
		group by code`, Reasons(), Other)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking why erasures have no day", err)
	}

	var (
		code  failure.Code
		waits Dayless
	)

	_, err = pgx.ForEachRow(rows, []any{&code, &waits.Cases, &waits.Since}, func() error {
		waits.Since = waits.Since.UTC()
		found[code] = waits

		return nil
	})

	return found, failure.Wrap(failure.Unavailable, "reading why erasures have no day", err)
}
