package gcs

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// maxComponents is how many objects one compose takes (json_api/v1/objects/compose).
const maxComponents = 32

// composeRequest is the body of a compose.
type composeRequest struct {
	Destination         document
	DeleteSourceObjects bool
	SourceObjects       []struct {
		Name                string
		Generation          int64Text
		ObjectPreconditions struct{ IfGenerationMatch *int64Text }
	}
}

// composeObject joins objects of one bucket. The bytes are copied under the store's lock, which is simple
// and blocks others meanwhile; parallel composite uploads are not a use of this emulator.
func composeObject(c *call) error {
	body, err := readDocument(c.r.Body)
	if err != nil {
		return err
	}
	var asked composeRequest
	if err := decodeInto(body, &asked); err != nil {
		return err
	}
	switch {
	case asked.DeleteSourceObjects:
		return unsupported("compose with deleteSourceObjects")
	case len(asked.SourceObjects) == 0 || len(asked.SourceObjects) > maxComponents:
		return invalid("Compose takes 1 to %d source objects.", maxComponents)
	}
	wanted, err := queryConditions(c.query, false)
	if err != nil {
		return err
	}
	var reply document
	err = c.inBucket(func(s *store, b *bucket, now time.Time) error {
		if err := wanted.check(b.live(c.objectName()), false); err != nil {
			return err
		}
		reply, err = c.compose(s, b, asked, now)
		return err
	})
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, reply)
}

func (c *call) compose(s *store, b *bucket, asked composeRequest, now time.Time) (document, error) {
	var readers []io.Reader
	var files []*os.File
	defer func() {
		for _, file := range files {
			_ = file.Close() //nolint:errcheck // it was only read
		}
	}()
	components := int64(0)
	for _, source := range asked.SourceObjects {
		v := b.find(source.Name, int64(source.Generation))
		if v == nil {
			return nil, notFound("source object")
		}
		if want := source.ObjectPreconditions.IfGenerationMatch; want != nil && int64(*want) != v.Generation {
			return nil, conditionNotMet()
		}
		file, err := os.Open(s.disk.content(v.Content))
		if err != nil {
			return nil, fmt.Errorf("opening a component: %w", err)
		}
		files, readers = append(files, file), append(readers, file)
		components += max(1, v.Components)
	}
	content, sum, err := s.storeContent(io.MultiReader(readers...))
	if err != nil {
		return nil, err
	}
	if err := declare(asked.Destination, nil).verify(sum); err != nil {
		return nil, errors.Join(err, s.disk.remove(s.disk.content(content)))
	}
	made := sum.version(content, asked.Destination)
	made.MD5, made.Components = nil, components // a composed object has no MD5
	created, err := s.create(b, c.objectName(), made, now)
	if err != nil {
		return nil, errors.Join(err, s.disk.remove(s.disk.content(content)))
	}
	return b.objectResource(c.objectName(), created), nil
}
