package removal

import (
	"context"
	"time"

	"steward/internal/catalogue"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// Records is what is known of one bucket of backups: the catalogue's own rows for
// the first location, those of its copies for another (copycatalogue.Shelf). Each
// method means what the function of that name in package catalogue says.
//
//nolint:interfacebloat,revive // each method is one of the catalogue's functions, and is explained there
type Records interface {
	List(ctx context.Context, q postgres.Queryer) ([]catalogue.Backup, error)
	Exceptions(ctx context.Context, q postgres.Queryer) (map[string]catalogue.Exception, error)
	EveryAnnounced(ctx context.Context, q postgres.Queryer) ([]catalogue.Announced, error)
	EveryObject(ctx context.Context, q postgres.Queryer, id string) ([]catalogue.Object, error)
	RecordPruned(ctx context.Context, q postgres.Queryer, id string, at time.Time, reason string) error
	RecordOrphanGone(ctx context.Context, q postgres.Queryer, name string, at time.Time) error
	RecordBack(ctx context.Context, q postgres.Queryer, name string) error
	RecordMissing(ctx context.Context, q postgres.Queryer, one catalogue.Finding, at time.Time) (bool, error)
	RecordOverdue(
		ctx context.Context, q postgres.Queryer, one catalogue.Finding, due time.Time, cause string, at time.Time,
	) (bool, error)
	RecordException(ctx context.Context, q postgres.Queryer, one catalogue.Exception) (bool, error)
	EndException(ctx context.Context, q postgres.Queryer, one catalogue.Exception) (bool, error)
	RecordHonoured(ctx context.Context, q postgres.Queryer, one catalogue.Exception) (bool, error)
	RecordReleased(ctx context.Context, q postgres.Queryer, id string, at time.Time) error
}

// first are the records of the first location: the catalogue itself.
type first struct{}

func (first) List(ctx context.Context, q postgres.Queryer) ([]catalogue.Backup, error) {
	return catalogue.List(ctx, q)
}

func (first) Exceptions(ctx context.Context, q postgres.Queryer) (map[string]catalogue.Exception, error) {
	return catalogue.Exceptions(ctx, q)
}

func (first) EveryAnnounced(ctx context.Context, q postgres.Queryer) ([]catalogue.Announced, error) {
	return catalogue.EveryAnnounced(ctx, q)
}

func (first) EveryObject(ctx context.Context, q postgres.Queryer, id string) ([]catalogue.Object, error) {
	return catalogue.EveryObject(ctx, q, id)
}

func (first) RecordPruned(ctx context.Context, q postgres.Queryer, id string, at time.Time, reason string) error {
	return catalogue.RecordPruned(ctx, q, id, at, reason)
}

func (first) RecordOrphanGone(ctx context.Context, q postgres.Queryer, name string, at time.Time) error {
	return catalogue.RecordOrphanGone(ctx, q, name, at)
}

func (first) RecordBack(ctx context.Context, q postgres.Queryer, name string) error {
	return catalogue.RecordBack(ctx, q, name)
}

func (first) RecordMissing(ctx context.Context, q postgres.Queryer, one catalogue.Finding, at time.Time) (bool, error) {
	return catalogue.RecordMissing(ctx, q, one, at)
}

func (first) RecordOverdue(
	ctx context.Context, q postgres.Queryer, one catalogue.Finding, due time.Time, cause string, at time.Time,
) (bool, error) {
	return catalogue.RecordOverdue(ctx, q, one, due, cause, at)
}

func (first) RecordException(ctx context.Context, q postgres.Queryer, one catalogue.Exception) (bool, error) {
	return catalogue.RecordException(ctx, q, one)
}

func (first) EndException(ctx context.Context, q postgres.Queryer, one catalogue.Exception) (bool, error) {
	return catalogue.EndException(ctx, q, one)
}

func (first) RecordHonoured(ctx context.Context, q postgres.Queryer, one catalogue.Exception) (bool, error) {
	return catalogue.RecordHonoured(ctx, q, one)
}

func (first) RecordReleased(ctx context.Context, q postgres.Queryer, id string, at time.Time) error {
	return catalogue.RecordReleased(ctx, q, id, at)
}

// ofCopies are the kinds of evidence about a copy, by those about the original: a
// reader of the ledger must not take the end of the one for that of the other.
func ofCopies(kind ledger.Kind) ledger.Kind {
	kinds := map[ledger.Kind]ledger.Kind{
		ledger.BackupPruned: ledger.CopyPruned, ledger.BackupSwept: ledger.CopySwept, ledger.BackupOverdue: ledger.CopyOverdue,
		ledger.BackupMissing: ledger.CopyMissing, ledger.BackupExcepted: ledger.CopyExcepted,
		ledger.BackupExceptionEnded: ledger.CopyExceptionEnded, ledger.BackupCeilingHonoured: ledger.CopyCeilingHonoured,
	}

	return kinds[kind]
}

// bucket is how evidence about a copy calls the bucket; it is empty for the first
// location, which has one only.
func (j *work) bucket() string {
	if j.Location == "" {
		return ""
	}

	return ledger.BucketName(j.Bucket.Name())
}

// say writes evidence about what this remover works on.
func (j *work) say(ctx context.Context, tx postgres.Tx, kind ledger.Kind, body ledger.Body) error {
	if j.Location != "" {
		kind = ofCopies(kind)
	}

	_, err := ledger.Append(ctx, tx, kind, j.at, body)

	return err
}
