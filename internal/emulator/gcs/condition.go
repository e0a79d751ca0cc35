package gcs

import (
	"net/http"
	"net/url"
	"strconv"
)

// conditions are the preconditions of one request; nil means not given.
type conditions struct {
	GenerationMatch        *int64 `json:"generation_match,omitempty"`
	GenerationNotMatch     *int64 `json:"generation_not_match,omitempty"`
	MetagenerationMatch    *int64 `json:"metageneration_match,omitempty"`
	MetagenerationNotMatch *int64 `json:"metageneration_not_match,omitempty"`
}

// queryConditions reads ifGenerationMatch and its kin; source selects the ifSource… form of a rewrite.
func queryConditions(query url.Values, source bool) (conditions, error) {
	prefix := "if"
	if source {
		prefix = "ifSource"
	}
	return readConditions(func(name string) string { return query.Get(prefix + name) },
		"GenerationMatch", "GenerationNotMatch", "MetagenerationMatch", "MetagenerationNotMatch")
}

// headerConditions reads the XML API's form.
func headerConditions(header http.Header) (conditions, error) {
	return readConditions(func(name string) string { return header.Get("x-goog-if-" + name) },
		"generation-match", "generation-not-match", "metageneration-match", "metageneration-not-match")
}

func readConditions(get func(string) string, names ...string) (conditions, error) {
	var c conditions
	for i, field := range []**int64{
		&c.GenerationMatch, &c.GenerationNotMatch, &c.MetagenerationMatch, &c.MetagenerationNotMatch,
	} {
		text := get(names[i])
		if text == "" {
			continue
		}
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return c, invalid("The value %q of a precondition is not a number.", text)
		}
		*field = &value
	}
	return c, nil
}

// check compares with v, which is nil when there is no such object: generation 0 then matches.
// A failed "not match" answers 304 to a read and 412 to a write.
func (c conditions) check(v *version, read bool) error {
	var generation, metageneration int64
	if v != nil {
		generation, metageneration = v.Generation, v.Metageneration
	}
	return c.compare(generation, metageneration, read)
}

func (c conditions) compare(generation, metageneration int64, read bool) error {
	if c.GenerationMatch != nil && *c.GenerationMatch != generation ||
		c.MetagenerationMatch != nil && *c.MetagenerationMatch != metageneration {
		return conditionNotMet()
	}
	if c.GenerationNotMatch != nil && *c.GenerationNotMatch == generation ||
		c.MetagenerationNotMatch != nil && *c.MetagenerationNotMatch == metageneration {
		if read {
			return notModified()
		}
		return conditionNotMet()
	}
	return nil
}
