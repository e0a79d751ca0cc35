package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"steward/internal/datamap"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/policy"
)

// appBuckets are the buckets of the app that its data map and the policy name, and so hold what people work with.
type appBuckets struct {
	// of are those of the database that was restored, and of the files that the policy has backed up.
	of []string
	// others are those of other databases.
	others []string
	// open says that rows of the database name buckets too, which nobody knows before they are read.
	open bool
}

// bucketsOf lists them for a database of the map.
func bucketsOf(read *datamap.Map, database string, rules *policy.Policy) (known appBuckets) {
	for _, files := range rules.Promises.Backups.Files {
		known.of = append(known.of, files.Bucket)
	}

	for _, each := range read.Databases {
		into := &known.others
		if each.Name == database {
			into = &known.of
		}

		for _, prefix := range each.Prefixes {
			*into = append(*into, prefix.Bucket)
		}

		for _, object := range each.Objects {
			if object.FixedBucket != "" {
				*into = append(*into, object.FixedBucket)
			}

			known.open = known.open || each.Name == database && object.Bucket != ""
		}
	}

	slices.Sort(known.of)
	known.of = slices.Compact(known.of)

	return known
}

// unnamed are those of the database into which nobody looks, since no restored bucket was named for them.
func (b appBuckets) unnamed(restored map[string]string) []string {
	return slices.DeleteFunc(append([]string{}, b.of...), func(name string) bool { return restored[name] != "" })
}

// pairsOf reads flags of the form APP=RESTORED. Each bucket of the app is named once.
func pairsOf(flags []string) (map[string]string, error) {
	read := map[string]string{}

	for _, flag := range flags {
		app, into, _ := strings.Cut(flag, "=")

		switch {
		case app == "" || into == "":
			return nil, unfit(flag, "name both buckets: --bucket APP=RESTORED")
		case read[app] != "":
			return nil, unfit(flag, app+" is named twice")
		}

		read[app] = into
	}

	return read, nil
}

// refuse refuses restored buckets, by those of the app, in which nothing may be erased again: one that people work with, one of
// Steward's own, one that two were restored into. It also refuses a bucket that the app does not have, which would be a
// misspelt one that was restored and in which nobody looks.
func (b appBuckets) refuse(restored map[string]string, own []string) error {
	from := map[string]string{}

	for _, app := range slices.Sorted(maps.Keys(restored)) {
		into := restored[app]

		switch {
		case !slices.Contains(b.of, app) && !b.open:
			return unfit(app+"="+into, "neither the data map of this database nor the files of the policy name "+app)
		case slices.Contains(own, into):
			return unfit(app+"="+into, into+" is one of Steward's own")
		case slices.Contains(b.of, into) || slices.Contains(b.others, into) || restored[into] != "":
			return unfit(app+"="+into, into+" is one that the app works with: restore into another")
		case from[into] != "":
			return unfit(app+"="+into, from[into]+" was restored into the same: restore each into one of its own")
		}

		from[into] = app
	}

	return nil
}

func unfit(flag, why string) error {
	return failure.New(failure.ConfigInvalid, "looking at --bucket "+flag+" ("+why+")")
}

// present refuses a restored bucket that is not there, before anything is erased.
func present(ctx context.Context, storage *gcs.Client, restored map[string]string) error {
	for _, name := range slices.Sorted(maps.Values(restored)) {
		if _, err := storage.Bucket(name).Settings(ctx); err != nil {
			return failure.Wrap(failure.Unavailable, "looking at the restored bucket "+name, err)
		}
	}

	return nil
}

// withBuckets is the hash of a list that is also done in restored buckets; without any it is that of the list.
func withBuckets(hash string, restored map[string]string) string {
	if len(restored) == 0 {
		return hash
	}

	lines := []string{hash}
	for _, app := range slices.Sorted(maps.Keys(restored)) {
		lines = append(lines, fmt.Sprintf("%q %q", app, restored[app]))
	}

	return hashOf(lines)
}
