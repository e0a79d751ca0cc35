package filedrill

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"crypto/sha256"
	"slices"

	"steward/internal/fileprogress"
)

const (
	// sampleShare is the part of all files that is read again: one in a hundred.
	sampleShare = 100
	// leastSample is read again at least, if there are so many.
	leastSample = 20
	// mostSample bounds the memory of the sample to some 5 MiB; of a million files it is
	// one in a hundred.
	mostSample = 10_000
)

// sample chooses files that were proven before, each as likely as any other: those
// whose hash with the seed is smallest. The same manifest chooses the same files,
// so that a drill that is tried again reads the same.
type sample struct {
	seed  string
	size  int
	picks picks
}

type pick struct {
	hash  [sha256.Size]byte
	proof proof
}

func newSample(count int64, seed string) sample {
	share := (count + sampleShare - 1) / sampleShare

	return sample{seed: seed, size: int(min(mostSample, max(leastSample, share)))}
}

// offer considers one file.
func (s *sample) offer(file proof) {
	next := pick{hash: sha256.Sum256([]byte(s.seed + file.content.ID)), proof: file}

	switch {
	case len(s.picks) < s.size:
		heap.Push(&s.picks, next)
	case bytes.Compare(next.hash[:], s.picks[0].hash[:]) < 0:
		s.picks[0] = next
		heap.Fix(&s.picks, 0)
	}
}

// resample reads the chosen files again, in the order of their objects.
func (r *run) resample(ctx context.Context) error {
	r.meter.Begin(fileprogress.Sample)

	proofs := make([]proof, len(r.sample.picks))
	for i, each := range r.sample.picks {
		proofs[i] = each.proof
	}

	slices.SortFunc(proofs, func(a, b proof) int { return cmp.Compare(a.content.Object, b.content.Object) })

	for some := range slices.Chunk(proofs, batchSize) {
		proven, err := r.proveAll(ctx, some)
		if err != nil {
			return err
		}

		r.done.sampled += proven
		r.meter.Add(0, proven)
	}

	return nil
}

// picks are a heap whose first has the greatest hash.
type picks []pick

// Len implements heap.Interface.
func (p *picks) Len() int { return len(*p) }

// Less implements heap.Interface.
func (p *picks) Less(i, j int) bool { return bytes.Compare((*p)[i].hash[:], (*p)[j].hash[:]) > 0 }

// Swap implements heap.Interface.
func (p *picks) Swap(i, j int) { (*p)[i], (*p)[j] = (*p)[j], (*p)[i] }

// Push implements heap.Interface.
func (p *picks) Push(x any) {
	if each, ok := x.(pick); ok { // nothing else is pushed
		*p = append(*p, each)
	}
}

// Pop implements heap.Interface.
func (p *picks) Pop() any {
	last := (*p)[len(*p)-1]
	*p = (*p)[:len(*p)-1]

	return last
}
