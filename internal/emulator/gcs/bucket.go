package gcs

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// defaultSoftDelete is what a bucket gets when its creator says nothing
	// (cloud.google.com/storage/docs/soft-delete).
	defaultSoftDelete = 7 * 24 * time.Hour
	// minSoftDelete and maxSoftDelete bound a policy that is not off.
	minSoftDelete = 7 * 24 * time.Hour
	maxSoftDelete = 90 * 24 * time.Hour
	// maxRetention is 100 years, the longest retention policy (cloud.google.com/storage/docs/bucket-lock).
	maxRetention = 100 * 365 * 24 * time.Hour
)

// bucketName is the documented rule without the dotted (domain) form's own checks.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$`)

// bucket is one bucket. Everything but objects is its durable record.
type bucket struct {
	Name           string    `json:"name"`
	Project        string    `json:"project"`
	Created        time.Time `json:"created"`
	Updated        time.Time `json:"updated"`
	Generation     int64     `json:"generation"`
	Metageneration int64     `json:"metageneration"`
	// Fields is the resource as its owner set it, with the policies' effective times added.
	Fields document `json:"fields"`

	config  bucketConfig
	objects map[string]*object
	// lasting says that no version is soft-deleted; false where nobody has looked yet.
	lasting bool
}

// bucketConfig is the typed view of the attributes that the emulator acts on.
type bucketConfig struct {
	Versioning            struct{ Enabled bool }
	DefaultEventBasedHold bool
	SoftDeletePolicy      *softDeletePolicy
	RetentionPolicy       *retentionPolicy
	ObjectRetention       struct{ Mode string }
	Lifecycle             struct{ Rule []lifecycleRule }
	Encryption            struct{ DefaultKmsKeyName string }
	StorageClass          string
	IamConfiguration      struct{ PublicAccessPrevention string }
}

type softDeletePolicy struct{ RetentionDurationSeconds int64Text }

func (p *softDeletePolicy) duration() time.Duration {
	if p == nil {
		return 0
	}
	return time.Duration(p.RetentionDurationSeconds) * time.Second
}

type retentionPolicy struct {
	RetentionPeriod int64Text
	IsLocked        bool
}

func (p *retentionPolicy) duration() time.Duration {
	if p == nil {
		return 0
	}
	return time.Duration(p.RetentionPeriod) * time.Second
}

// configure decodes and checks fields. It refuses what the real service refuses and what the emulator
// could only pretend to honour.
func configure(fields document) (bucketConfig, error) {
	var config bucketConfig
	if err := decodeInto(fields, &config); err != nil {
		return config, err
	}
	if d := config.SoftDeletePolicy.duration(); d != 0 && (d < minSoftDelete || d > maxSoftDelete) {
		return config, invalid("Soft delete retention must be 0 or between 7 and 90 days.")
	}
	if p := config.RetentionPolicy; p != nil && (p.duration() <= 0 || p.duration() > maxRetention) {
		return config, invalid("Retention period must be between 1 second and 100 years.")
	}
	switch config.IamConfiguration.PublicAccessPrevention {
	case "", "inherited", "unspecified", "enforced":
	default:
		return config, invalid("Invalid value for publicAccessPrevention.")
	}
	return config, checkLifecycle(fields, config.Lifecycle.Rule)
}

// withDefaults adds what the service adds at creation.
func withDefaults(fields document, now time.Time) document {
	out := merged(fields, nil)
	out["location"] = strings.ToUpper(out.text("location"))
	if out["location"] == "" {
		out["location"] = "US"
	}
	if out.text("storageClass") == "" {
		out["storageClass"] = "STANDARD"
	}
	if _, set := out["softDeletePolicy"]; !set {
		seconds := strconv.FormatInt(int64(defaultSoftDelete/time.Second), 10)
		out["softDeletePolicy"] = map[string]any{"retentionDurationSeconds": seconds}
	}
	return stampPolicies(nil, out, now)
}

// stampPolicies sets effectiveTime on a policy that differs from before.
func stampPolicies(before, after document, now time.Time) document {
	out := merged(after, nil)
	for policy, member := range map[string]string{
		"softDeletePolicy": "retentionDurationSeconds", "retentionPolicy": "retentionPeriod",
	} {
		current, ok := out[policy].(map[string]any)
		if !ok {
			continue
		}
		previous, _ := before[policy].(map[string]any) //nolint:errcheck // absent before: the policy is new
		if previous != nil && previous[member] == current[member] && current["effectiveTime"] != nil {
			continue
		}
		out[policy] = map[string]any(merged(current, document{"effectiveTime": stamp(now)}))
	}
	return out
}

// resource is the bucket as the API shows it.
func (b *bucket) resource() document {
	out := merged(b.Fields, nil)
	out["kind"] = "storage#bucket"
	out["id"] = b.Name
	out["name"] = b.Name
	out["projectNumber"] = "1"
	out["timeCreated"] = stamp(b.Created)
	out["updated"] = stamp(b.Updated)
	out["generation"] = strconv.FormatInt(b.Generation, 10)
	out["metageneration"] = strconv.FormatInt(b.Metageneration, 10)
	out["etag"] = etag(b.Generation, b.Metageneration)
	out["locationType"] = "multi-region"
	return out
}

// stamp is the API's time format.
func stamp(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.000000Z07:00")
}

func etag(generation, metageneration int64) string {
	return "E" + strconv.FormatInt(generation, 36) + "." + strconv.FormatInt(metageneration, 36)
}
