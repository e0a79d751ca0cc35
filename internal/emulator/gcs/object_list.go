package gcs

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// listing is one request for a page of objects.
type listing struct {
	prefix, delimiter     string
	startOffset           string // inclusive
	endOffset             string // exclusive
	versions, softDeleted bool
	limit                 int
	after                 pageToken

	items    []any
	prefixes []any
	next     string
	last     pageToken
	common   string // common prefix that was counted last
}

// listObjects answers names in byte order, versions of a name by generation. Soft-deleted versions are
// listed alone, and only when asked for.
func listObjects(c *call) error {
	err := c.refuseParameters("matchGlob", "filter", "includeTrailingDelimiter", "includeFoldersAsPrefixes")
	if err != nil {
		return err
	}
	l := listing{
		prefix: c.query.Get("prefix"), delimiter: c.query.Get("delimiter"),
		startOffset: c.query.Get("startOffset"), endOffset: c.query.Get("endOffset"),
		versions: c.flag("versions"), softDeleted: c.flag("softDeleted"),
	}
	if l.versions && l.softDeleted {
		return invalid("versions and softDeleted cannot both be true.")
	}
	if l.limit, err = c.pageSize(); err != nil {
		return err
	}
	if l.after, err = decodeToken(c.query.Get("pageToken")); err != nil {
		return err
	}
	err = c.inBucket(func(_ *store, b *bucket, _ time.Time) error {
		l.collect(b)
		return nil
	})
	if err != nil {
		return err
	}
	reply := answer("objects")
	reply["items"] = l.items
	if len(l.prefixes) > 0 {
		reply["prefixes"] = l.prefixes
	}
	if l.next != "" {
		reply["nextPageToken"] = l.next
	}
	return c.reply(http.StatusOK, reply)
}

func (l *listing) collect(b *bucket) {
	var names []string
	for name := range maps.Keys(b.objects) {
		if l.covers(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range b.objects[name].Versions {
			if !l.wants(v) || (name == l.after.Name && v.Generation <= l.after.Generation) {
				continue
			}
			if !l.add(b, name, v) {
				return
			}
		}
	}
}

func (l *listing) covers(name string) bool {
	return strings.HasPrefix(name, l.prefix) && name >= l.startOffset &&
		(l.endOffset == "" || name < l.endOffset) && name >= l.after.Name &&
		(l.after.Prefix == "" || !strings.HasPrefix(name, l.after.Prefix))
}

func (l *listing) wants(v *version) bool {
	switch {
	case l.softDeleted:
		return !v.SoftDeleted.IsZero()
	case l.versions:
		return v.readable()
	default:
		return v.live()
	}
}

// add puts one version, or the common prefix that it falls under, on the page; false when the page is full.
func (l *listing) add(b *bucket, name string, v *version) bool {
	common := l.commonPrefix(name)
	if common != "" && common == l.common {
		return true
	}
	if len(l.items)+len(l.prefixes) == l.limit {
		l.next = l.last.encode()
		return false
	}
	if common != "" {
		l.common = common
		l.prefixes = append(l.prefixes, common)
		l.last = pageToken{Name: name, Generation: v.Generation, Prefix: common}
		return true
	}
	l.items = append(l.items, b.objectResource(name, v))
	l.last = pageToken{Name: name, Generation: v.Generation}
	return true
}

// commonPrefix is the part of name up to the first delimiter after the prefix; "" when there is none.
func (l *listing) commonPrefix(name string) string {
	if l.delimiter == "" {
		return ""
	}
	rest := name[len(l.prefix):]
	at := strings.Index(rest, l.delimiter)
	if at < 0 {
		return ""
	}
	return name[:len(l.prefix)+at+len(l.delimiter)]
}
