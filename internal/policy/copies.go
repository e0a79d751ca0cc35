package policy

import (
	"fmt"
	"strings"
)

// Copy is another location in which every proven backup of a database lies too.
type Copy struct {
	// Name is its name in the catalogue, in evidence and in statuses.
	Name string
	// Bucket is where the copies lie.
	Bucket string
	// Location is where that bucket lies, such as EUROPE-WEST4; empty where the other
	// buckets lie.
	Location string
	// KMSKey is the bucket's default key; empty where the service's own does. The
	// key of the other buckets cannot serve in another location.
	KMSKey string
}

// Item is what the promise calls the copies of one database here: a status of their
// own, such as copies/far/app.
func (c Copy) Item(database string) string { return "copies/" + c.Name + "/" + database }

func copiesShape() shape[Copy] {
	return shape[Copy]{
		leaf("name", "Its name in the catalogue, in evidence and in statuses.", nameKind(), func(c *Copy) *string { return &c.Name }),
		leaf("bucket", "Where the copies lie. No other bucket of this policy.", bucketKind(), func(c *Copy) *string { return &c.Bucket }),
		optional(leaf("location", "Where that bucket lies; without it where the other buckets lie.",
			placeKind(), func(c *Copy) *string { return &c.Location })),
		optional(leaf("kms_key", "The bucket's default key in Cloud KMS, in its own location. Without it, the service's own.",
			kmsKeyKind(), func(c *Copy) *string { return &c.KMSKey })),
	}
}

func placeKind() kind[string] {
	return patternKind("a location of Cloud Storage, such as EU or EUROPE-WEST4", `[A-Za-z0-9-]{1,40}`)
}

// checkCopies refuses copies that would lie where something else does, or whose
// statuses could not be told apart.
func (r *reader) checkCopies(p *Policy) {
	const path = "promises.backups.copies"
	names, buckets := map[string]bool{}, map[string]bool{}
	for _, own := range p.Storage.Buckets() {
		buckets[own] = true
	}
	for _, files := range p.Promises.Backups.Files {
		buckets[files.Bucket] = true
	}
	for i, other := range p.Promises.Backups.Copies {
		here := fmt.Sprintf("%s[%d]", path, i)
		r.refuse(names[other.Name], []string{here + ".name"}, "give each location a name of its own", "two locations have the same name")
		r.refuse(other.Bucket != "" && buckets[other.Bucket], []string{here + ".bucket"}, "name a bucket of its own",
			"the bucket is one that the policy names already: a copy there would be none, or lie among other things")
		names[other.Name], buckets[other.Bucket] = true, true
	}
}

// copied says where else backups lie, empty for nowhere.
func (b Backups) copied() string {
	if len(b.Copies) == 0 {
		return ""
	}
	places := make([]string, 0, len(b.Copies))
	for _, other := range b.Copies {
		place := other.Name + " in " + other.Bucket
		if other.Location != "" {
			place += ", " + other.Location
		}
		places = append(places, place)
	}
	return fmt.Sprintf(" Each drilled backup of a database is copied to %s, within the same time and with the same end.",
		strings.Join(places, " and to "))
}
