package gcs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
)

// grease writes JSON as a server of tomorrow might: members in another order each time, and members that
// nobody knows. A client that depends on either breaks here first. Seeded, so that a run can be repeated.
type grease struct {
	mu     sync.Mutex // guards random
	random *rand.Rand
}

func newGrease(seed uint64) *grease {
	return &grease{random: rand.New(rand.NewPCG(seed, seed))} //nolint:gosec // a test's order, not a secret
}

// owned are members whose content belongs to the user; a member added there would be a lie.
var owned = []string{"metadata", "labels"}

// encode writes doc. Values that do not come from JSON are a programming error and show up as null.
func (g *grease) encode(doc document) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out bytes.Buffer
	g.value(&out, "", map[string]any(doc))
	return out.Bytes()
}

func (g *grease) value(out *bytes.Buffer, name string, value any) {
	switch v := value.(type) {
	case document:
		g.object(out, name, v)
	case map[string]any:
		g.object(out, name, v)
	case []any:
		g.list(out, name, v)
	default:
		raw, err := json.Marshal(v)
		if err != nil {
			raw = []byte("null")
		}
		out.Write(raw)
	}
}

func (g *grease) object(out *bytes.Buffer, name string, members map[string]any) {
	keys := make([]string, 0, len(members)+1)
	for key := range members {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	unknown := ""
	if !slices.Contains(owned, name) {
		unknown = fmt.Sprintf("xGrease%04x", g.random.Uint32N(1<<16))
		keys = append(keys, unknown)
	}
	g.random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	out.WriteByte('{')
	for i, key := range keys {
		if i > 0 {
			out.WriteByte(',')
		}
		g.value(out, "", key)
		out.WriteByte(':')
		if key == unknown {
			g.unknown(out)
			continue
		}
		g.value(out, key, members[key])
	}
	out.WriteByte('}')
}

func (g *grease) list(out *bytes.Buffer, name string, items []any) {
	out.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			out.WriteByte(',')
		}
		g.value(out, name, item)
	}
	out.WriteByte(']')
}

// unknown writes a value of any kind that no client can expect.
func (g *grease) unknown(out *bytes.Buffer) {
	shapes := []string{`"new"`, `17`, `true`, `null`, `[]`, `{"a":[1,{"b":"c"}]}`, `-0.5`}
	out.WriteString(shapes[g.random.IntN(len(shapes))])
}
