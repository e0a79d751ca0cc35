package gcs

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"time"
)

// object is all versions of one name, in one durable record: an overwrite, which ends one version and
// begins another, is therefore one atomic rename.
type object struct {
	Name     string     `json:"name"`
	Versions []*version `json:"versions"` // ascending by generation
}

// version is one generation. A version in the store is never changed in place: a change is a copy.
type version struct {
	Generation     int64     `json:"generation"`
	Metageneration int64     `json:"metageneration"`
	Created        time.Time `json:"created"`
	Updated        time.Time `json:"updated"`
	// Content names a file under content/; several versions may share it (rewrite, restore).
	Content    string `json:"content"`
	Size       int64  `json:"size"` // bytes
	CRC32C     uint32 `json:"crc32c"`
	MD5        []byte `json:"md5,omitempty"`        // absent for a composed object
	Components int64  `json:"components,omitempty"` // parts of a composed object
	// Fields holds what the writer may set: contentType, metadata, holds, retention and so on.
	Fields document `json:"fields"`
	// HoldReleased restarts the retention period (cloud.google.com/storage/docs/object-holds).
	HoldReleased time.Time `json:"hold_released,omitzero"`
	Noncurrent   time.Time `json:"noncurrent,omitzero"`
	SoftDeleted  time.Time `json:"soft_deleted,omitzero"`
	HardDelete   time.Time `json:"hard_delete,omitzero"`
}

func (v *version) live() bool { return v.Noncurrent.IsZero() && v.SoftDeleted.IsZero() }

// readable reports whether content and metadata can be had by generation.
func (v *version) readable() bool { return v.SoftDeleted.IsZero() }

// live returns the live version of name, or nil.
func (b *bucket) live(name string) *version {
	o := b.objects[name]
	if o == nil {
		return nil
	}
	if last := o.Versions[len(o.Versions)-1]; last.live() {
		return last
	}
	for _, v := range o.Versions {
		if v.live() {
			return v
		}
	}
	return nil
}

// find returns the live version for generation 0 and that readable generation otherwise, or nil.
func (b *bucket) find(name string, generation int64) *version {
	if generation == 0 {
		return b.live(name)
	}
	v := b.version(name, generation)
	if v == nil || !v.readable() {
		return nil
	}
	return v
}

func (b *bucket) version(name string, generation int64) *version {
	if o := b.objects[name]; o != nil {
		for _, v := range o.Versions {
			if v.Generation == generation {
				return v
			}
		}
	}
	return nil
}

// replaced returns the versions of name with old exchanged for replacement; nil old adds, nil replacement removes.
func (b *bucket) replaced(name string, old, replacement *version) []*version {
	var out []*version
	if o := b.objects[name]; o != nil {
		out = slices.Clone(o.Versions)
	}
	if old != nil {
		out = slices.DeleteFunc(out, func(v *version) bool { return v == old })
	}
	if replacement != nil {
		out = append(out, replacement)
	}
	slices.SortFunc(out, func(a, b *version) int { return int(a.Generation - b.Generation) })
	return out
}

// objectResource is the version as the API shows it.
func (b *bucket) objectResource(name string, v *version) document {
	out := merged(v.Fields, nil)
	out["kind"] = "storage#object"
	out["id"] = b.Name + "/" + name + "/" + strconv.FormatInt(v.Generation, 10)
	out["bucket"] = b.Name
	out["name"] = name
	out["generation"] = strconv.FormatInt(v.Generation, 10)
	out["metageneration"] = strconv.FormatInt(v.Metageneration, 10)
	out["size"] = strconv.FormatInt(v.Size, 10)
	out["crc32c"] = encodeCRC(v.CRC32C)
	if v.MD5 != nil {
		out["md5Hash"] = base64.StdEncoding.EncodeToString(v.MD5)
	}
	if v.Components > 0 {
		out["componentCount"] = v.Components
	}
	out["etag"] = etag(v.Generation, v.Metageneration)
	if out.text("storageClass") == "" {
		out["storageClass"] = "STANDARD"
	}
	b.times(out, v)
	return out
}

func (b *bucket) times(out document, v *version) {
	out["timeCreated"] = stamp(v.Created)
	out["timeFinalized"] = stamp(v.Created)
	out["updated"] = stamp(v.Updated)
	out["timeStorageClassUpdated"] = stamp(v.Created)
	if !v.Noncurrent.IsZero() {
		out["timeDeleted"] = stamp(v.Noncurrent)
	}
	if !v.SoftDeleted.IsZero() {
		out["softDeleteTime"] = stamp(v.SoftDeleted)
		out["hardDeleteTime"] = stamp(v.HardDelete)
	}
	if until := b.retainedUntil(v); !until.IsZero() {
		out["retentionExpirationTime"] = stamp(until)
	}
}

func encodeCRC(sum uint32) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}
