package requesttest

import (
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// Validate says what is wrong with a value that encoding/json read; nil if nothing.
// Strict refuses members that no schema names even where the schema allows them: what
// we answer must be documented, though callers are to ignore what they do not know.
func (d *Document) Validate(schema *Schema, value any, strict bool) error {
	schema = d.resolve(schema)
	if schema == nil {
		return nil
	}

	if len(schema.Type) > 0 && !slices.ContainsFunc(schema.Type, func(name string) bool { return isType(name, value) }) {
		return fmt.Errorf("it is %T, not %v", value, schema.Type)
	}

	if len(schema.Enum) > 0 && !slices.ContainsFunc(schema.Enum, func(one any) bool { return reflect.DeepEqual(one, value) }) {
		return fmt.Errorf("it is none of %v", schema.Enum)
	}

	switch value := value.(type) {
	case string:
		return schema.text(value)
	case float64:
		return schema.number(value)
	case []any:
		return d.list(schema, value, strict)
	case map[string]any:
		return d.object(schema, value, strict)
	}

	return nil
}

func isType(name string, value any) bool {
	switch value := value.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case float64:
		return name == "number" || name == "integer" && value == math.Trunc(value)
	case []any:
		return name == "array"
	default:
		return name == "object"
	}
}

// patterns are compiled once.
type patterns struct{ known sync.Map }

func (p *patterns) get(text string) *regexp.Regexp {
	if found, there := p.known.Load(text); there {
		if made, ok := found.(*regexp.Regexp); ok {
			return made
		}
	}

	made := regexp.MustCompile(text)
	p.known.Store(text, made)

	return made
}

//nolint:gochecknoglobals // a cache of what never changes
var compiled patterns

func (s *Schema) text(value string) error {
	length := utf8.RuneCountInString(value)

	switch {
	case s.MinLength != nil && length < *s.MinLength:
		return fmt.Errorf("%d characters, at least %d", length, *s.MinLength)
	case s.MaxLength != nil && length > *s.MaxLength:
		return fmt.Errorf("%d characters, at most %d", length, *s.MaxLength)
	case s.Pattern != "" && !compiled.get(s.Pattern).MatchString(value):
		return fmt.Errorf("it does not match %s", s.Pattern)
	case !isFormat(s.Format, value):
		return fmt.Errorf("it is no %s", s.Format)
	}

	return nil
}

func isFormat(format, value string) bool {
	var err error

	switch format {
	case "date-time":
		_, err = time.Parse(time.RFC3339Nano, value)
	case "date":
		_, err = time.Parse(time.DateOnly, value)
	case "uri", "uri-reference":
		_, err = url.Parse(value)
	case "ip", "ipv4", "ipv6":
		_, err = netip.ParseAddr(value)
	}

	return err == nil
}

func (s *Schema) number(value float64) error {
	switch {
	case s.Minimum != nil && value < *s.Minimum:
		return fmt.Errorf("%v, at least %v", value, *s.Minimum)
	case s.Maximum != nil && value > *s.Maximum:
		return fmt.Errorf("%v, at most %v", value, *s.Maximum)
	case s.Format == "int64" && math.Abs(value) >= 1<<63, s.Format == "int32" && math.Abs(value) >= 1<<31:
		return fmt.Errorf("%v is no %s", value, s.Format)
	}

	return nil
}

func (d *Document) list(schema *Schema, values []any, strict bool) error {
	if schema.MinItems != nil && len(values) < *schema.MinItems || schema.MaxItems != nil && len(values) > *schema.MaxItems {
		return fmt.Errorf("%d items", len(values))
	}

	for i, value := range values {
		if schema.UniqueItems && slices.ContainsFunc(values[:i], func(other any) bool { return reflect.DeepEqual(other, value) }) {
			return fmt.Errorf("item %d stands twice", i)
		}

		if err := d.Validate(schema.Items, value, strict); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}

	return nil
}

func (d *Document) object(schema *Schema, members map[string]any, strict bool) error {
	for _, name := range schema.Required {
		if _, there := members[name]; !there {
			return fmt.Errorf("%s is missing", name)
		}
	}

	for name, value := range members {
		member, known := schema.Properties[name]
		if known {
			if err := d.Validate(member, value, strict); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}

			continue
		}

		if schema.AdditionalProperties == false || strict && len(schema.Properties) > 0 && schema.AdditionalProperties != true {
			return fmt.Errorf("%s is not known", name)
		}
	}

	return nil
}
