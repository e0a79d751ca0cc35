package evidence

import (
	"context"
	"time"

	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// decided asks the evidence that cannot be taken back, tombstones and certificates, and not how the cases say that they
// stand. What has a final certificate is only counted; a file is opened for what is still open.
const decided = `with open as (
		select t.committed_at, f.issued_at, case when f.file::json #> '{certificate,gone_by,blockers}' is null
			then (f.file::json #>> '{certificate,gone_by,at}')::timestamptz end as gone_by -- with blockers that is no promise
		from erasure_tombstones as t left join erasure_certificates as f on f.erasure = t.erasure and f.kind = 'first'
		where not exists (select from erasure_certificates as c where c.erasure = t.erasure and c.kind = 'final'))
	select (select count(*) from erasure_tombstones), (select count(*) from erasure_certificates where kind = 'final'),
		(select max(issued_at) from erasure_certificates),
		count(*) filter (where issued_at is null), min(committed_at) filter (where issued_at is null),
		count(*) filter (where issued_at is not null and gone_by is null),
		min(committed_at) filter (where issued_at is not null and gone_by is null), min(gone_by),
		(select count(distinct r.erasure) from erasure_remainders as r join erasure_certificates as c on c.erasure = r.erasure)
	from open`

// erasures reads what is known of the erasures that were decided for good. It fails with Unavailable.
func erasures(ctx context.Context, q postgres.Queryer) (promise.ErasureEvidence, error) {
	var (
		found                                  promise.ErasureEvidence
		certified, unanswered, dayless, goneBy *time.Time
	)

	err := q.QueryRow(ctx, decided).Scan(&found.Decided, &found.Finished, &certified, &found.Unanswered, &unanswered,
		&found.Dayless, &dayless, &goneBy, &found.Found)
	if err != nil {
		return promise.ErasureEvidence{}, failure.Wrap(failure.Unavailable, "reading the evidence of erasures", err)
	}

	found.CertifiedAt, found.UnansweredSince = postgres.Instant(certified), postgres.Instant(unanswered)
	found.DaylessSince, found.GoneBy = postgres.Instant(dayless), postgres.Instant(goneBy)

	return found, nil
}
