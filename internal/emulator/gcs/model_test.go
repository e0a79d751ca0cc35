package gcs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	"pgregory.net/rapid"

	"steward/internal/emulator/gcs/gcstest"
)

// model is what the emulator should hold, in the simplest words: a list of versions.
type model struct {
	versioning bool
	soft       time.Duration
	versions   []modelVersion
}

type modelVersion struct {
	name       string
	generation int64
	content    string
	state      byte // 'l'ive, 'n'oncurrent, 's'oft-deleted
	ends       time.Time
}

func (m *model) live(name string) *modelVersion {
	for i := range m.versions {
		if m.versions[i].name == name && m.versions[i].state == 'l' {
			return &m.versions[i]
		}
	}
	return nil
}

// end moves a version to where it goes when it is replaced or deleted.
func (m *model) end(v *modelVersion, toNoncurrent bool, now time.Time) {
	switch {
	case toNoncurrent:
		v.state = 'n'
	case m.soft > 0:
		v.state, v.ends = 's', now.Add(m.soft)
	default:
		m.versions = slices.DeleteFunc(m.versions, func(o modelVersion) bool { return o.generation == v.generation })
	}
}

func (m *model) tick(now time.Time) {
	m.versions = slices.DeleteFunc(m.versions, func(v modelVersion) bool { return v.state == 's' && !now.Before(v.ends) })
}

func (m *model) list(states string) []string {
	var out []string
	for _, v := range m.versions {
		if slices.Contains([]byte(states), v.state) {
			out = append(out, fmt.Sprintf("%s#%d", v.name, v.generation))
		}
	}
	slices.Sort(out)
	return out
}

// TestRandomOperations compares the emulator with the model after each of a random sequence of operations,
// restarts and steps of the clock among them.
func TestRandomOperations(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		clock := gcstest.NewClock(epoch)
		server := gcstest.Start(t, clock) // of this sequence: a restart reads all state
		m := &model{versioning: rapid.Bool().Draw(r, "versioning")}
		if rapid.Bool().Draw(r, "softDelete") {
			m.soft = 7 * day
		}
		b := server.Client(t).Bucket("model")
		attrs := &storage.BucketAttrs{
			VersioningEnabled: m.versioning, SoftDeletePolicy: &storage.SoftDeletePolicy{RetentionDuration: m.soft},
		}
		if err := b.Create(t.Context(), "project", attrs); err != nil {
			r.Fatal(err)
		}
		run := &modelRun{ctx: t.Context(), m: m, b: b, clock: clock}
		r.Repeat(map[string]func(*rapid.T){
			"write": run.write, "create only": run.createOnly, "delete": run.remove,
			"delete generation": run.removeGeneration, "restore": run.restore,
			"time passes": func(r *rapid.T) { clock.Advance(time.Duration(rapid.IntRange(0, 100).Draw(r, "hours")) * time.Hour) },
			"restart":     func(*rapid.T) { server.Restart(t) },
			"":            run.compare,
		})
	})
}

type modelRun struct {
	ctx   context.Context // of one test
	m     *model
	b     *storage.BucketHandle
	clock *gcstest.Clock
}

func (run *modelRun) name(r *rapid.T) string {
	return rapid.SampledFrom([]string{"a", "b", "b/c"}).Draw(r, "name")
}

// store writes and, if it succeeded, moves the model on.
func (run *modelRun) store(r *rapid.T, o *storage.ObjectHandle) error {
	content := rapid.StringN(0, 20, -1).Draw(r, "content")
	w := o.NewWriter(run.ctx)
	if _, err := w.Write([]byte(content)); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	if old := run.m.live(o.ObjectName()); old != nil {
		run.m.end(old, run.m.versioning, run.clock.Now())
	}
	run.m.versions = append(run.m.versions, modelVersion{
		name: o.ObjectName(), generation: w.Attrs().Generation, content: content, state: 'l',
	})
	return nil
}

func (run *modelRun) write(r *rapid.T) {
	if err := run.store(r, run.b.Object(run.name(r))); err != nil {
		r.Fatal(err)
	}
}

func (run *modelRun) createOnly(r *rapid.T) {
	o := run.b.Object(run.name(r))
	exists := run.m.live(o.ObjectName()) != nil
	if err := run.store(r, o.If(storage.Conditions{DoesNotExist: true})); (err != nil) != exists {
		r.Fatalf("exists %v: %v", exists, err)
	}
}

func (run *modelRun) remove(r *rapid.T) {
	name := run.name(r)
	err := run.b.Object(name).Delete(run.ctx)
	v := run.m.live(name)
	if (v == nil) != (err != nil) {
		r.Fatalf("delete %s: %v", name, err)
	}
	if v != nil {
		run.m.end(v, run.m.versioning, run.clock.Now())
	}
}

// pick draws any version that the model knows, whatever its state.
func (run *modelRun) pick(r *rapid.T) *modelVersion {
	run.m.tick(run.clock.Now())
	if len(run.m.versions) == 0 {
		r.Skip("no version")
	}
	return &run.m.versions[rapid.IntRange(0, len(run.m.versions)-1).Draw(r, "version")]
}

func (run *modelRun) removeGeneration(r *rapid.T) {
	v := run.pick(r)
	err := run.b.Object(v.name).Generation(v.generation).Delete(run.ctx)
	if (v.state == 's') != (err != nil) {
		r.Fatalf("delete of %c: %v", v.state, err)
	}
	if err == nil {
		run.m.end(v, false, run.clock.Now())
	}
}

func (run *modelRun) restore(r *rapid.T) {
	v := *run.pick(r)
	got, err := run.b.Object(v.name).Generation(v.generation).Restore(run.ctx, &storage.RestoreOptions{})
	if (v.state == 's') != (err == nil) {
		r.Fatalf("restore of %c: %v", v.state, err)
	}
	if err != nil {
		return
	}
	if old := run.m.live(v.name); old != nil {
		run.m.end(old, run.m.versioning, run.clock.Now())
	}
	run.m.versions = append(run.m.versions, modelVersion{name: v.name, generation: got.Generation, content: v.content, state: 'l'})
}

func (run *modelRun) compare(r *rapid.T) {
	run.m.tick(run.clock.Now())
	for states, q := range map[string]*storage.Query{"l": nil, "ln": {Versions: true}, "s": {SoftDeleted: true}} {
		if got, want := run.listed(r, q), run.m.list(states); !slices.Equal(got, want) {
			r.Fatalf("%s: got %v, want %v", states, got, want)
		}
	}
	if len(run.m.versions) > 0 {
		run.read(r, run.m.versions[rapid.IntRange(0, len(run.m.versions)-1).Draw(r, "read")])
	}
}

// read compares the content of one version; a soft-deleted one must not be readable.
func (run *modelRun) read(r *rapid.T, v modelVersion) {
	reader, err := run.b.Object(v.name).Generation(v.generation).NewReader(run.ctx)
	if (err != nil) != (v.state == 's') {
		r.Fatalf("reading a version in state %c: %v", v.state, err)
	}
	if err != nil {
		return
	}
	got, err := io.ReadAll(reader)
	if err := errors.Join(err, reader.Close()); err != nil || string(got) != v.content {
		r.Fatalf("content %q, want %q: %v", got, v.content, err)
	}
}

func (run *modelRun) listed(r *rapid.T, q *storage.Query) []string {
	var out []string
	objects := run.b.Objects(run.ctx, q)
	for {
		attrs, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			slices.Sort(out)
			return out
		}
		if err != nil {
			r.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s#%d", attrs.Name, attrs.Generation))
	}
}
