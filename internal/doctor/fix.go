package doctor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/guard"
)

// Outcome is what became of one finding.
type Outcome string

// The outcomes.
const (
	// Planned: it will be mended.
	Planned Outcome = "planned"
	// Mended: it was mended.
	Mended Outcome = "mended"
	// Left: nobody said yes, so it stays as it is.
	Left Outcome = "left"
	// Person: no program can mend it.
	Person Outcome = "by hand"
)

// Mend is one drift of a bucket and what becomes of it.
type Mend struct {
	guard.Finding

	// Bucket is the bucket's name.
	Bucket string `json:"bucket"`
	// Outcome is planned, mended, left or "by hand".
	Outcome Outcome `json:"outcome"`
}

// Plan is what would be mended, in the buckets as they were when it was made. It
// holds drift only: whether a warning is in order is a person's decision.
type Plan struct {
	// Mends are in the order of the buckets and of the guard's rules.
	Mends []Mend

	have map[string]gcs.Settings // by bucket
}

// Asks reports whether somebody has to say yes to something.
func (p Plan) Asks() bool {
	return slices.ContainsFunc(p.Mends, func(one Mend) bool { return one.Care == guard.Asks })
}

// Does are those that Mend changes, without what asks unless somebody said yes.
func (p Plan) Does(yes bool) []Mend {
	return slices.DeleteFunc(slices.Clone(p.Mends), func(one Mend) bool {
		return one.Outcome != Planned || one.Care == guard.Asks && !yes
	})
}

// SHA256 is the hex hash of what Does gives: each bucket with the change that is made.
func (p Plan) SHA256(yes bool) string {
	sum := sha256.New()
	for _, one := range p.Does(yes) {
		fmt.Fprintf(sum, "%s %s %s\n", one.Bucket, one.Key, one.Mend)
	}

	return hex.EncodeToString(sum.Sum(nil))
}

// Plan reads the settings of every bucket, and changes nothing. A bucket that is
// not there is passed over: setup makes it. It fails as reading settings does.
func (d *Doctor) Plan(ctx context.Context) (Plan, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Config.Patience().Of(patience))
	defer cancel()

	plan := Plan{have: map[string]gcs.Settings{}}

	for _, wanted := range d.Buckets {
		have, err := d.Storage.Bucket(wanted.Name).Settings(ctx)
		if failure.Is(err, failure.ObjectNotFound) {
			continue
		}

		if err != nil {
			return plan, err
		}

		plan.have[wanted.Name] = have

		for _, finding := range guard.Drifts(guard.Check(wanted, have)) {
			mend := Mend{Bucket: wanted.Name, Finding: finding, Outcome: Planned}
			if finding.Care == guard.ByHand {
				mend.Outcome = Person
			}

			plan.Mends = append(plan.Mends, mend)
		}
	}

	return plan, nil
}

// Mend does what the plan says, without what asks unless somebody said yes, and
// gives what became of each finding. Each bucket is changed in one request, and
// only if it still is what the plan saw: it fails with BucketChanged otherwise, and
// what was not reached stays planned. A crash in between leaves some buckets
// mended; the next plan holds the others.
func (d *Doctor) Mend(ctx context.Context, plan Plan, yes bool) ([]Mend, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Config.Patience().Of(patience))
	defer cancel()

	mends := slices.Clone(plan.Mends)

	for i := range mends {
		if mends[i].Care == guard.Asks && !yes {
			mends[i].Outcome = Left
		}
	}

	for _, wanted := range d.Buckets {
		if err := d.mend(ctx, wanted, plan.have[wanted.Name], mends); err != nil {
			return mends, err
		}
	}

	return mends, nil
}

// mend changes one bucket by those of the mends that are planned for it, and
// notes in them that it did.
func (d *Doctor) mend(ctx context.Context, wanted guard.Bucket, have gcs.Settings, mends []Mend) error {
	var (
		keys []guard.Key
		of   []*Mend
	)

	for i := range mends {
		if one := &mends[i]; one.Bucket == wanted.Name && one.Outcome == Planned {
			keys, of = append(keys, one.Key), append(of, one)
		}
	}

	if len(keys) == 0 {
		return nil
	}

	if err := d.Storage.Bucket(wanted.Name).Update(ctx, have, guard.Mended(wanted, have, keys...)); err != nil {
		return err
	}

	for _, one := range of {
		one.Outcome = Mended
	}

	return nil
}
