package requesttest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// Generator makes values for schemas, the same ones for the same seed.
type Generator struct {
	Document *Document
	Random   *rand.Rand
	// Now is around when the times lie that it makes.
	Now time.Time

	// seen are ids that answers gave, the newest last: requests that name what is
	// there find out more than those that name nothing.
	seen  []string
	pools map[string][]string
}

// examples is how many texts are made for one pattern: making one is slow.
const examples = 64

// maxSeen is how many ids are remembered.
const maxSeen = 200

// See remembers an id that an answer gave.
func (g *Generator) See(id string) {
	if id != "" && id != "." && !slices.Contains(g.seen, id) {
		g.seen = append(g.seen, id)
		g.seen = g.seen[max(0, len(g.seen)-maxSeen):]
	}
}

// Seen gives one of those that fit the schema, or makes a text.
func (g *Generator) Seen(schema *Schema) string {
	if g.Random.IntN(4) > 0 {
		var fit []string

		for _, id := range g.seen {
			if g.Document.Validate(schema, id, false) == nil {
				fit = append(fit, id)
			}
		}

		if len(fit) > 0 {
			return fit[g.Random.IntN(len(fit))]
		}
	}

	return plainText(g.Value(schema))
}

// maxMade bounds what is made where the document allows more: long texts and lists are
// what the hostile requests have.
const maxMade = 40

// Value makes a value that the schema allows.
func (g *Generator) Value(schema *Schema) any {
	schema = g.Document.resolve(schema)

	if len(schema.Enum) > 0 {
		return schema.Enum[g.Random.IntN(len(schema.Enum))]
	}

	kind := "object"
	if len(schema.Type) > 0 {
		kind = schema.Type[g.Random.IntN(len(schema.Type))]
	}

	switch kind {
	case "null":
		return nil
	case "boolean":
		return g.Random.IntN(2) == 0
	case "integer", "number":
		return g.number(schema)
	case "string":
		return g.Text(schema)
	case "array":
		return g.items(schema)
	default:
		return g.object(schema)
	}
}

func (g *Generator) number(schema *Schema) float64 {
	low, high := -1000.0, 1000.0
	if schema.Minimum != nil {
		low, high = *schema.Minimum, max(high, *schema.Minimum)
	}

	if schema.Maximum != nil {
		high, low = *schema.Maximum, min(low, *schema.Maximum)
	}

	switch g.Random.IntN(4) {
	case 0:
		return low
	case 1:
		return high
	}

	return float64(int64(low) + g.Random.Int64N(int64(high-low)+1))
}

// Text makes a text that the schema allows.
func (g *Generator) Text(schema *Schema) string {
	switch schema.Format {
	case "date-time":
		return g.time().Format(time.RFC3339Nano)
	case "date":
		return g.time().Format(time.DateOnly)
	case "uri", "uri-reference":
		return "https://hooks.example.com/" + g.letters(1, 12)
	case "uuid":
		return "6f1c9a3e-8b0d-4c57-9a3e-8b0d4c576f1c"
	case "email":
		return g.letters(1, 12) + "@example.com"
	}

	if schema.Pattern != "" {
		return g.matching(schema)
	}

	low, high := 0, maxMade
	if schema.MinLength != nil {
		low, high = *schema.MinLength, max(high, *schema.MinLength)
	}

	if schema.MaxLength != nil {
		high = min(high, *schema.MaxLength)
	}

	// Ids are what most texts of an API are: those that are there, or small numbers,
	// which soon are.
	switch g.Random.IntN(6) {
	case 0, 1:
		if id := strconv.Itoa(g.Random.IntN(1000)); schema.text(id) == nil {
			return id
		}
	case 2:
		if len(g.seen) > 0 {
			if id := g.seen[g.Random.IntN(len(g.seen))]; schema.text(id) == nil {
				return id
			}
		}
	case 3:
		return strings.Repeat("é", low+g.Random.IntN(high-low+1))
	}

	return g.letters(low, high)
}

func (g *Generator) time() time.Time {
	const year = 365 * 24 * int64(time.Hour)

	// What is reported has mostly happened.
	at := g.Now.Add(-time.Duration(g.Random.Int64N(year)))
	if g.Random.IntN(8) == 0 {
		at = g.Now.Add(time.Duration(g.Random.Int64N(year)))
	}

	if g.Random.IntN(2) == 0 {
		at = at.In(time.FixedZone("", (g.Random.IntN(28)-14)*3600))
	}

	return at
}

func (g *Generator) letters(low, high int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

	text := make([]byte, low+g.Random.IntN(high-low+1))
	for i := range text {
		text[i] = alphabet[g.Random.IntN(len(alphabet))]
	}

	return string(text)
}

// matching takes a text from the pool of the pattern.
func (g *Generator) matching(schema *Schema) string {
	pool, known := g.pools[schema.Pattern]
	if !known {
		made := rapid.StringMatching(schema.Pattern)

		for i := range examples {
			if text := made.Example(i); schema.text(text) == nil {
				pool = append(pool, text)
			}
		}

		if g.pools == nil {
			g.pools = map[string][]string{}
		}

		g.pools[schema.Pattern] = pool
	}

	if len(pool) == 0 {
		return ""
	}

	return pool[g.Random.IntN(len(pool))]
}

func (g *Generator) items(schema *Schema) []any {
	low, high := 0, 5
	if schema.MinItems != nil {
		low, high = *schema.MinItems, max(high, *schema.MinItems)
	}

	if schema.MaxItems != nil {
		high = min(high, *schema.MaxItems)
	}

	made := []any{}

	for range low + g.Random.IntN(high-low+1) {
		if value := g.Value(schema.Items); !schema.UniqueItems || !slices.Contains(made, value) {
			made = append(made, value)
		}
	}

	return made
}

func (g *Generator) object(schema *Schema) map[string]any {
	made := map[string]any{}

	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		if slices.Contains(schema.Required, name) || g.Random.IntN(2) == 0 {
			made[name] = g.Value(schema.Properties[name])
		}
	}

	return made
}
