package prune

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// hashFormat is the first line of what is hashed; another format is another hash.
const hashFormat = "steward-prune/1"

// Effects are what the plan does, one line each, in byte order: what is deleted,
// held and released, which backups are recorded as gone, which exceptions begin
// and end. What only stays, waits or is reported has no line, and neither has any
// time, so that the list is the same as long as the same would be done.
func (p Plan) Effects() []string {
	var lines []string

	for _, verdict := range p.Backups {
		if verdict.Action != Keep {
			lines = append(lines, fmt.Sprintf("backup %s %s", verdict.Action, verdict.Backup))
		}

		if verdict.Ends != "" {
			lines = append(lines, fmt.Sprintf("backup end %s", verdict.Backup))
		}
	}

	for _, decision := range p.Objects {
		if decision.Hold != "" {
			lines = append(lines, fmt.Sprintf("hold %s %s %d", decision.Hold, decision.Name, decision.Generation))
		}

		if decision.Action == Delete {
			lines = append(lines, fmt.Sprintf("delete %s %d", decision.Name, decision.Generation))
		}
	}

	slices.Sort(lines)

	return lines
}

// Hash names the plan: the hex SHA-256 of the rule and the effects. Whoever saw a
// plan and names its hash means exactly these effects under this rule.
func (p Plan) Hash() string {
	stop := "honour-ceiling"
	if p.Rule.KeepLastDrilled {
		stop = "keep-last-drilled"
	}

	lines := append([]string{hashFormat, fmt.Sprintf("rule %s %s %s", p.Rule.Keep, p.Rule.Zone, stop)}, p.Effects()...)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n") + "\n"))

	return hex.EncodeToString(sum[:])
}

// Within reports whether the plan does nothing that is not among the effects.
func (p Plan) Within(effects []string) bool {
	for _, line := range p.Effects() {
		if !slices.Contains(effects, line) {
			return false
		}
	}

	return true
}
