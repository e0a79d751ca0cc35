//nolint:mnd,gosec // an invented world is made of arbitrary numbers and words; conversions mix bits on purpose
package demoapp

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/jackc/pgx/v5"
)

const (
	// Bucket is the bucket that the rows of app.files refer to.
	Bucket = "demo-app-uploads"
	// largeObjects is how many accounts, from the first, have a file from the time of large objects.
	largeObjects = 3
	// firstLargeObject is fixed, because a number that the server chooses would differ between two fills.
	firstLargeObject = 7_700_001
)

// Object is a file that a row of app.files says is in Cloud Storage. Fill writes the row; who runs the demo uploads it.
type Object struct {
	// Bucket and Name are where it belongs.
	Bucket, Name string
	// ContentType is its MIME type.
	ContentType string
	// Content is all of it.
	Content []byte
}

// Thumbnails yields an object for each account that no row names: the app makes them beside what rows name.
func Thumbnails(size Size) iter.Seq[Object] {
	return func(yield func(Object) bool) {
		for _, a := range newPlan(size).accounts {
			name, content := fmt.Sprintf("accounts/%d/thumbnail", a.id), fmt.Appendf(nil, "a small picture of account %d", a.id)
			if !yield(Object{Bucket: Bucket, Name: name, ContentType: "image/png", Content: content}) {
				return
			}
		}
	}
}

// Objects yields every object that the rows of a world of this size refer to.
func Objects(size Size) iter.Seq[Object] {
	return func(yield func(Object) bool) {
		p := newPlan(size)
		for i := range p.accounts {
			f := p.cloudFile(&p.accounts[i])
			if !yield(Object{Bucket: Bucket, Name: f.object, ContentType: f.contentType, Content: f.content}) {
				return
			}
		}
	}
}

// file is one row of app.files; object or largeObject say that the content is elsewhere.
type file struct {
	name, contentType, object string
	largeObject               int64
	content                   []byte
}

func (p *plan) rowFile(a *account) file {
	g := p.rng("row file", a.id)
	f := file{name: fmt.Sprintf("scan %d «%s».txt", a.id, pick(g, topics)), contentType: "text/plain"}
	f.content = fileContent(g)
	if a.id == largeAccount {
		f.name, f.content = canaryFileName, append(f.content, canaryFileContent...)
	}
	return f
}

func (p *plan) cloudFile(a *account) file {
	g := p.rng("cloud file", a.id)
	f := file{name: fmt.Sprintf("logo-%d.png", a.id), contentType: "image/png", content: fileContent(g)}
	if a.id == largeAccount {
		f.name, f.content = canaryObjectName, append(f.content, canaryObject...)
	}
	f.object = fmt.Sprintf("accounts/%d/%s", a.id, uuid(g))
	return f
}

func (p *plan) oldFile(a *account) file {
	g := p.rng("old file", a.id)
	f := file{name: "import.csv", contentType: "text/csv", largeObject: firstLargeObject + a.id - 1}
	f.content = []byte(paragraphs(g, 300_000))
	if a.id == largeAccount {
		f.content = append(f.content, canaryLargeObject...)
	}
	return f
}

// fileContent is a picture's worth of bytes that do not compress, between some that do.
func fileContent(g *rand.Rand) []byte {
	content := []byte("\x89PNG\r\n\x1a\n\x00" + paragraphs(g, 200+g.IntN(2000)))
	for range 200 + g.IntN(3000) {
		content = append(content, byte(g.Uint32()))
	}
	return content
}

func writeFiles(p *plan, a *account, r *rows) error {
	files := []file{p.rowFile(a), p.cloudFile(a)}
	if a.id <= largeObjects {
		files = append(files, p.oldFile(a))
	}
	g := p.rng("files", a.id)
	for _, f := range files {
		sum := sha256.Sum256(f.content)
		r.plain(uuid(g))
		r.int(a.id)
		r.int(a.user(g))
		r.text(f.name)
		r.plain(f.contentType)
		r.int(int64(len(f.content)))
		r.bytes(sum[:])
		writePlace(f, r)
		r.time(p.since(g, *a))
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}

// writePlace writes the four columns of which one place is given.
func writePlace(f file, r *rows) {
	if f.object == "" && f.largeObject == 0 {
		r.bytes(f.content)
	} else {
		r.null()
	}
	if f.object == "" {
		r.null()
		r.null()
	} else {
		r.plain(Bucket)
		r.plain(f.object)
	}
	if f.largeObject == 0 {
		r.null()
	} else {
		r.int(f.largeObject)
	}
}

func makeLargeObjects(ctx context.Context, tx pgx.Tx, p *plan) error {
	for i := range p.accounts[:min(largeObjects, len(p.accounts))] {
		f := p.oldFile(&p.accounts[i])
		if _, err := tx.Exec(ctx, `SELECT lo_from_bytea($1::oid, $2::bytea)`, f.largeObject, f.content); err != nil {
			return fmt.Errorf("making a large object: %w", err)
		}
		if _, err := tx.Exec(ctx, fmt.Sprintf(`ALTER LARGE OBJECT %d OWNER TO app_owner`, f.largeObject)); err != nil {
			return fmt.Errorf("giving a large object to the app's owner: %w", err)
		}
		if _, err := tx.Exec(ctx, fmt.Sprintf(`GRANT SELECT ON LARGE OBJECT %d TO app_rw`, f.largeObject)); err != nil {
			return fmt.Errorf("granting a large object: %w", err)
		}
	}
	return nil
}
