package fileremoval

import (
	"context"
	"fmt"
	"slices"

	"steward/internal/filecatalogue"
	"steward/internal/gcs"
)

// pageSize is how many objects of the listing, or of the catalogue, are compared at
// once.
const pageSize = 1000

// comparison is catalogue and bucket side by side, both in the order of names, a
// page at a time, so that its size does not depend on how many files there are, nor
// on how many are missing or came back.
type comparison struct {
	*work

	// gaveUp reports whether no more of what came back is tried to be removed.
	gaveUp func(context.Context) bool
}

// compare reconciles catalogue and bucket both ways: what the bucket has no more is
// recorded, what appeared after it was proven gone is swept, what nobody announced
// is counted. It ends with a fresh decision, which knows what was recorded.
func (w *work) compare(ctx context.Context) error {
	c := &comparison{work: w, gaveUp: w.inTurn()}
	if err := c.listing(ctx); err != nil {
		return err
	}

	if err := c.wholes(ctx); err != nil {
		return err
	}

	if !w.Enforce || w.result.Missing == 0 {
		return nil
	}

	return w.read(ctx)
}

// listing goes through the bucket's listing.
func (c *comparison) listing(ctx context.Context) error {
	var (
		page []gcs.Object
		from string
		seen int64
	)

	for object, err := range c.Bucket.List(ctx, "", gcs.ListOptions{Versions: true}) {
		if err != nil {
			return fmt.Errorf("listing the bucket of files: %w", err)
		}

		if len(page) >= pageSize && page[len(page)-1].Name != object.Name { // a name's generations stay together
			if from, err = c.page(ctx, page, from, page[len(page)-1].Name); err != nil {
				return err
			}

			page = page[:0]
		}

		page = append(page, object)
		seen++
		c.report("listing", seen)
	}

	_, err := c.page(ctx, page, from, "")

	return err
}

// page compares one page of the listing with the catalogue from one name to another,
// which is empty for the last page. The catalogue is asked after the listing: an
// object is announced before its upload. What came back goes at once, so that nothing of
// it has to be kept until the end; it is of no page that is still to come.
func (c *comparison) page(ctx context.Context, page []gcs.Object, from, until string) (string, error) {
	names, live := make([]string, len(page)), make(map[string]int64, len(page))

	for i, object := range page {
		names[i] = object.Name
		if object.Deleted.IsZero() {
			live[object.Name] = object.Generation
		}
	}

	known, err := filecatalogue.Announced(ctx, c.Steward, names)
	if err != nil {
		return until, err
	}

	for _, object := range page {
		one, announced := known[object.Name]

		switch {
		case !announced:
			c.result.Foreign++
		case one.Gone && c.Enforce:
			c.failed(c.sweep(ctx, returned{one, object.Generation}, c.gaveUp))
		}
	}

	return until, c.absent(ctx, live, from, until)
}

// absent finds the contents that should be in this part of the listing and are not,
// and records them page by page: a crash leaves the rest to the next prune.
func (c *comparison) absent(ctx context.Context, live map[string]int64, from, until string) error {
	for {
		wanted, err := filecatalogue.Wanted(ctx, c.Steward, from, until, pageSize)
		if err != nil || len(wanted) == 0 {
			return err
		}

		from = wanted[len(wanted)-1].Object
		unseen := slices.DeleteFunc(wanted, func(one filecatalogue.Content) bool { return live[one.Object] == one.Generation })

		missing, err := c.unlisted(ctx, unseen)
		if err != nil {
			return err
		}

		if err := c.lose(ctx, c.contentsLost(missing)); err != nil {
			return err
		}
	}
}

// unlisted gives those of the contents, at most a page in the order of their names,
// that a second listing lacks too: one may have been stored after its part was listed.
func (c *comparison) unlisted(ctx context.Context, wanted []filecatalogue.Content) ([]filecatalogue.Content, error) {
	if len(wanted) == 0 {
		return nil, nil
	}

	first, last := wanted[0].Object, wanted[len(wanted)-1].Object

	unseen := make(map[string]int64, len(wanted))
	for _, content := range wanted {
		unseen[content.Object] = content.Generation
	}

	for object, err := range c.Bucket.List(ctx, common(first, last), gcs.ListOptions{From: first}) {
		if err != nil {
			return nil, fmt.Errorf("looking for what the listing lacks: %w", err)
		}

		if object.Name > last {
			break
		}

		if unseen[object.Name] == object.Generation {
			delete(unseen, object.Name)
		}
	}

	return slices.DeleteFunc(wanted, func(one filecatalogue.Content) bool {
		_, still := unseen[one.Object]

		return !still
	}), nil
}

// common is the longest prefix of both names, so that the service lists little more
// than what lies between them.
func common(first, last string) string {
	n := 0
	for n < min(len(first), len(last)) && first[n] == last[n] {
		n++
	}

	return first[:n]
}

// wholes looks for the list and the manifest of each day that stays. Of a day that
// goes anyway nothing is missing: an earlier try took it.
func (c *comparison) wholes(ctx context.Context) error {
	var lost []loss

	wanted, err := filecatalogue.Whole(ctx, c.Steward)
	if err != nil {
		return err
	}

	goes := map[string]bool{}
	for _, decision := range c.decisions {
		goes[decision.ID] = decision.Delete && decision.Ends == ""
	}

	for _, one := range wanted {
		if goes[one.Backup] {
			continue
		}

		there, err := c.there(ctx, one.Name, one.Generation)
		if err != nil {
			return err
		}

		if !there {
			lost = append(lost, loss{one, span{one.Files, one.Backup, one.Backup}})
		}
	}

	return c.lose(ctx, lost)
}

// there reports whether the bucket can give exactly this generation.
func (c *comparison) there(ctx context.Context, name string, generation int64) (bool, error) {
	for object, err := range c.Bucket.List(ctx, name, gcs.ListOptions{}) {
		if err != nil {
			return false, fmt.Errorf("looking for what the listing lacks: %w", err)
		}

		if object.Name == name {
			return object.Generation == generation, nil
		}
	}

	return false, nil
}
