package replay

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"filippo.io/age"

	"steward/internal/archive"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/manifest"
	"steward/internal/sealed"
	"steward/internal/store"
)

// Records writes, opens and removes replay records. It is safe for concurrent use, one call at a time
// for each erasure.
type Records struct {
	// Bucket is storage.replay of the policy.
	Bucket *gcs.Bucket
	// Catalogue says where each record lies.
	Catalogue Catalogue
	// Key is the replay key.
	Key *Key
}

// Write stores the record of an erasure before its tombstone, and says in the catalogue where it
// is. A crash in between leaves an object that the next try finds: one of the same content
// is kept, any other is replaced, since no tombstone stands on it yet. After the tombstone nothing is
// written any more: a call for the same content gives back what is there, any other fails with PlanChanged.
func (r Records) Write(ctx context.Context, facts Facts, frozen store.Frozen) (Stored, error) {
	header, err := r.Key.header(facts)
	if err != nil {
		return Stored{}, err
	}

	said, err := r.Key.write(ctx, io.Discard, header, frozen)
	if err != nil {
		return Stored{}, err
	}

	known, err := r.Catalogue.Find(ctx, header.Erasure)
	if err == nil && known.GoneAt.IsZero() && known.Content == said.content && known.Plan == facts.PlanSHA256 {
		return known, nil
	}

	if err != nil && !failure.Is(err, failure.ObjectNotFound) {
		return Stored{}, err
	}

	if err := r.Catalogue.Open(ctx, header.Erasure); err != nil {
		return Stored{}, err
	}

	stored, err := r.put(ctx, header, frozen, said)
	if err != nil {
		return Stored{}, err
	}

	stored.Plan, stored.WrittenAt = facts.PlanSHA256, facts.At.UTC()

	return stored, r.Catalogue.Keep(ctx, header.Erasure, stored)
}

// put stores the record in place of whatever has its name.
func (r Records) put(ctx context.Context, header Header, frozen store.Frozen, said written) (Stored, error) {
	name := Object(header.Erasure)
	options := gcs.PutOptions{ContentType: "application/octet-stream", Expect: said.keys}

	there, err := r.Bucket.Stat(ctx, name)
	if err == nil {
		options.Replace = there.Generation
	} else if !failure.Is(err, failure.ObjectNotFound) {
		return Stored{}, failure.Wrap(failure.Unavailable, "looking for a replay record", err)
	}

	var again written

	object, err := sealed.Put(ctx, r.Bucket, name, "replay record", options, func(ctx context.Context, to io.Writer) error {
		writer, err := archive.NewWriter(to, []age.Recipient{r.Key.current.Recipient()})
		if err != nil {
			return err
		}

		if again, err = r.Key.write(ctx, writer, header, frozen); err != nil {
			return err
		}

		return writer.Close()
	})
	if err != nil {
		return Stored{}, failure.Wrap(failure.Unavailable, "storing a replay record", err)
	}

	if again != said {
		return Stored{}, failure.New(failure.PlanChanged, "storing a replay record (its keys changed meanwhile)")
	}

	return Stored{
		Object: name, Generation: object.Generation, Bytes: object.Size, SHA256: object.SHA256, Content: said.content, Keys: said.keys,
	}, nil
}

// header is all of a record but for its keys; what identifies a person is hashed here.
func (k *Key) header(facts Facts) (Header, error) {
	header := Header{
		Format: Format, Erasure: facts.Subject.Erasure, Key: k.Name(), Kind: facts.Subject.Kind, Account: facts.Subject.Account,
		Plan: facts.PlanSHA256, Map: facts.Plan.Map, Schema: facts.Plan.Schema, Steps: facts.Plan.Steps, Pseudonym: hexOf(facts.Pseudonym),
	}

	matcher, err := k.Matcher(header.Key)
	if err != nil {
		return header, err
	}

	for kind, values := range facts.Subject.Identities {
		if header.Identities == nil {
			header.Identities = map[string][]string{}
		}

		hashes := make([]string, 0, len(values))
		for _, value := range values {
			hashes = append(hashes, matcher.Hash(kind, value))
		}

		slices.Sort(hashes)
		header.Identities[kind] = slices.Compact(hashes)
	}

	return header, nil
}

// Open reads the record of an erasure. It fails with ObjectNotFound where there is none (any more), with
// ReplayInvalid or ArchiveInvalid where what lies there is not what was written, and with DecryptFailed where no key
// that is held here opens it.
func (r Records) Open(ctx context.Context, erasure string) (Record, error) {
	known, err := r.Catalogue.Find(ctx, erasure)
	if err != nil {
		return Record{}, err
	}

	if !known.GoneAt.IsZero() {
		return Record{}, failure.New(failure.ObjectNotFound, "opening a replay record (it went with the subject's last copy)")
	}

	reader := sealed.Reader{Bucket: r.Bucket, Identities: r.Key.identities()}
	pinned := manifest.Stored{
		Bucket: r.Bucket.Name(), Object: known.Object, Generation: known.Generation, Bytes: known.Bytes, SHA256: known.SHA256,
	}

	opened, err := reader.Decrypted(ctx, pinned, "replay record")
	if err != nil {
		return Record{}, failure.Wrap(failure.Unavailable, "opening a replay record", err)
	}

	record, err := r.Key.read(ctx, opened)
	if err := errors.Join(err, opened.Close()); err != nil {
		return Record{}, failure.Wrap(failure.Unavailable, "reading a replay record", err)
	}

	if record.Content != known.Content || record.Erasure != erasure {
		return Record{}, invalid("it is not the one in the catalogue")
	}

	return record, nil
}

// Delete removes the record of an erasure in every generation, proves that no listing shows it any
// more, and says so in the catalogue: once the subject is gone everywhere, or when the erasure is cancelled before
// its tombstone. A crash before the catalogue says so leaves nothing in the bucket; the next
// call proves it again. It fails as gcs.Bucket.Remove does. Without a record it only proves that there is none.
func (r Records) Delete(ctx context.Context, erasure string, asOf time.Time) error {
	if err := r.Bucket.Remove(ctx, Object(erasure)); err != nil {
		return failure.Wrap(failure.Unavailable, "removing a replay record", err)
	}

	return r.Catalogue.Gone(ctx, erasure, asOf)
}
