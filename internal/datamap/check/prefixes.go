package check

import (
	"slices"

	"steward/internal/datamap"
	"steward/internal/policy"
)

// prefixes looks for those in buckets of Steward's own: below them lies what proves, not what belongs to an account.
func prefixes(decided *datamap.Map, rules *policy.Policy) (all []Finding) {
	own := rules.OwnBuckets()

	for _, database := range decided.Databases {
		for _, prefix := range database.Prefixes {
			if slices.Contains(own, prefix.Bucket) {
				all = append(all, Finding{
					Database: database.Name, Line: prefix.Place.Line, Severity: Wrong,
					What: "the prefix is in " + prefix.Bucket + ", a bucket of Steward's own", Remedy: "name the app's bucket, or take it out of prefixes",
				})
			}
		}
	}

	return all
}
