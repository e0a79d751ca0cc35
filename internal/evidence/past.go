package evidence

import (
	"context"
	"iter"
	"strconv"
	"strings"

	"steward/internal/failure"
	"steward/internal/ledger"
)

// past is the mirror as it was when the ledger had size entries, though the
// sequencer went on since: what lies between size and live is left out. What
// lies beyond live stays in sight, since no honest sequencer writes it: the
// mirror is written after the database.
type past struct {
	ledger.Mirror

	size, live int64
	names      []string // of everything, in byte order
	latest     []byte   // the pointer, nil if there is none
}

// asOf looks at the mirror, and only then asks the database how far the ledger
// is now: so everything that a sequencer wrote meanwhile is known to be young.
func (v Verifier) asOf(ctx context.Context, size int64) (*past, error) {
	then := &past{Mirror: v.Mirror, size: size}

	for name, err := range v.Mirror.List(ctx, "", "") {
		if err != nil {
			return nil, failure.Wrap(failure.Unavailable, "listing the ledger's mirror", err)
		}

		then.names = append(then.names, name)
	}

	latest, _, err := v.Mirror.Get(ctx, ledger.LatestName)
	if err != nil && !failure.Is(err, failure.ObjectNotFound) {
		return nil, failure.Wrap(failure.Unavailable, "reading the ledger's mirror", err)
	}

	head, err := ledger.ReadHead(ctx, v.Steward)
	then.latest, then.live = latest, head.Size

	return then, err
}

// List implements ledger.Mirror.
func (p *past) List(_ context.Context, prefix, from string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, name := range p.names {
			if strings.HasPrefix(name, prefix) && name >= from && !p.young(name) && !yield(name, nil) {
				return
			}
		}
	}
}

// Get implements ledger.Mirror. The pointer to the newest checkpoint is what it
// was: the checkpoint of the size at hand.
func (p *past) Get(ctx context.Context, name string) ([]byte, ledger.Generation, error) {
	switch {
	case name != ledger.LatestName:
		return p.Mirror.Get(ctx, name)
	case p.latest == nil || p.size == 0 && p.younger(sizeIn(p.latest)):
		return nil, ledger.NoObject, failure.New(failure.ObjectNotFound, "reading the newest checkpoint")
	case p.younger(sizeIn(p.latest)):
		return p.Mirror.Get(ctx, ledger.CheckpointName(p.size))
	default:
		return p.latest, ledger.NoObject, nil
	}
}

// young reports whether the object was written after the snapshot.
func (p *past) young(name string) bool {
	if _, to, ok := ledger.ParseSegmentName(name); ok {
		return p.younger(to)
	}

	size, ok := ledger.ParseCheckpointName(name)

	return ok && p.younger(size)
}

func (p *past) younger(size int64) bool { return size > p.size && size <= p.live }

// sizeIn reads the size that a checkpoint states, -1 if it states none. It
// decides only what to look at; what is looked at has its signature checked.
func sizeIn(checkpoint []byte) int64 {
	_, rest, _ := strings.Cut(string(checkpoint), "\n")
	line, _, _ := strings.Cut(rest, "\n")

	size, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		return -1
	}

	return size
}
