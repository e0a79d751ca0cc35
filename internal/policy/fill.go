package policy

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// placeholder is what stands in the tracked policy.yaml for a public key that
// each installation makes for itself.
var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// Placeholder is a name that Fill replaces, and what it stands for.
type Placeholder struct {
	// Name is written ${NAME} in the file.
	Name string
	// Meaning says what to put there.
	Meaning string
}

// Placeholders returns every placeholder that a policy file may hold.
func Placeholders() []Placeholder {
	return []Placeholder{
		{"MANIFEST_KEY", "public key of the key that signs manifests, held by the backup role"},
		{"LEDGER_KEY", "public key of the key that signs checkpoints, held by the core role"},
		{"CERTIFICATE_KEY", "public key of the key that signs certificates of erasures, held by the core role"},
		{"DRILL_RECIPIENT", "public key of the identity that decrypts for drills, held by the drill role"},
		{"ESCROW_RECIPIENT", "public key of the identity that is kept offline"},
	}
}

// Fill replaces each ${NAME} in a policy file. It returns an error, and
// nothing else, when the file holds an unknown placeholder, when a value is
// missing, is not used or cannot stand in quotes on one line.
func Fill(src []byte, values map[string]string) ([]byte, error) {
	var known, faults []string
	for _, p := range Placeholders() {
		known = append(known, p.Name)
	}
	used := map[string]bool{}
	filled := placeholder.ReplaceAllStringFunc(string(src), func(found string) string {
		name := found[2 : len(found)-1]
		value, given := values[name]
		switch {
		case !slices.Contains(known, name):
			faults = append(faults, fmt.Sprintf("placeholder ${%s} is unknown; known are %s", masked(name), strings.Join(known, ", ")))
		case !given:
			faults = append(faults, fmt.Sprintf("placeholder ${%s} has no value", name))
		case value == "" || strings.ContainsAny(value, "\"\\\n\r\x00${}"):
			faults = append(faults, fmt.Sprintf("the value of ${%s} is empty or cannot stand in quotes", name))
		}
		used[name] = true
		return value
	})
	for name := range values {
		if !used[name] {
			faults = append(faults, fmt.Sprintf("value %s has no placeholder in the file", masked(name)))
		}
	}
	if len(faults) > 0 {
		sort.Strings(faults)
		return nil, fmt.Errorf("filling in the policy: %s", strings.Join(faults, "; "))
	}
	return []byte(filled), nil
}
