package prune

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	// hashFormat is the first line of what is hashed; another format is another hash.
	// The first one had no causes, nothing of what is missing or absent, and not the
	// databases of the policy.
	hashFormat = "steward-prune/2"
	// agreement is what stands before a hash that is shown to people: whoever agreed
	// to a plan of another format agreed to something else.
	agreement = "2-"
)

// Effects are what the plan does, one line each, in byte order: what is deleted,
// held and released, which backups are recorded as gone, which exceptions begin
// and end and why, what is recorded as missing or as absent. What only stays or
// waits has no line, and neither has any time, so that the list is the same as
// long as the same would be done.
func (p Plan) Effects() []string {
	var lines []string

	for _, verdict := range p.Backups {
		lines = append(lines, verdict.effects()...)
	}

	for _, decision := range p.Objects {
		if decision.Hold != "" {
			lines = append(lines, fmt.Sprintf("hold %s %s %d", decision.Hold, decision.Name, decision.Generation))
		}

		switch decision.Action {
		case Delete:
			lines = append(lines, deletes(decision.Name)+strconv.FormatInt(decision.Generation, 10))
		case Missing:
			lines = append(lines, fmt.Sprintf("missing %s %d", decision.Name, decision.Generation))
		case Keep, Except, Release, Wait, Foreign:
		}
	}

	for _, announced := range p.Absent {
		lines = append(lines, isAbsent+announced.Name)
	}

	slices.Sort(lines)

	return lines
}

// The beginnings of lines that Within has to know again.
const (
	isAbsent = "absent "
	honours  = "backup honour "
)

// deletes begins the lines on the generations of one object.
func deletes(name string) string { return "delete " + name + " " }

func (v Verdict) effects() (lines []string) {
	if v.Action != Keep {
		lines = append(lines, fmt.Sprintf("backup %s %s", v.Action, v.Backup))
	}

	if v.Ends != "" {
		lines = append(lines, fmt.Sprintf("backup end %s %s", v.Backup, v.Ends))
	}

	if v.Honours != "" {
		lines = append(lines, honours+v.Backup+" "+string(v.Honours))
	}

	return lines
}

// Hash names the plan: the hex SHA-256 of the rule and the effects. Whoever saw a
// plan and names its hash means exactly these effects under this rule.
func (p Plan) Hash() string {
	stop := "honour-ceiling"
	if p.Rule.KeepLastDrilled {
		stop = "keep-last-drilled"
	}

	if p.Rule.Left {
		stop += " left"
	}

	databases := slices.Sorted(slices.Values(p.Rule.Databases))
	lines := append([]string{
		hashFormat, fmt.Sprintf("rule %s %s %s %s", p.Rule.Keep, p.Rule.Zone, stop, strings.Join(databases, ",")),
	}, p.Effects()...)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n") + "\n"))

	return hex.EncodeToString(sum[:])
}

// Agreement is the hash as it is shown to people, and as they give it back: with
// the version of what it covers.
func (p Plan) Agreement() string { return agreement + p.Hash() }

// Errors of Agreed.
var (
	// ErrOlderHash is an agreement to a plan as an earlier Steward showed it.
	ErrOlderHash = errors.New("the hash is of an older form, which covered less than a plan shows now")
	// ErrNoHash is a text that no Steward ever showed as a hash.
	ErrNoHash = errors.New("this is not the hash of a plan")
)

// Agreed reads the hash of a plan out of what a person gives back. It fails with
// ErrOlderHash or ErrNoHash.
func Agreed(text string) (hash string, err error) {
	bare := regexp.MustCompile(`^[0-9a-f]{64}$`)

	hash, versioned := strings.CutPrefix(text, agreement)

	switch {
	case !bare.MatchString(hash):
		return "", ErrNoHash
	case !versioned:
		return "", ErrOlderHash
	default:
		return hash, nil
	}
}

// Within reports whether the plan does nothing that is not among the effects, or
// that is not what an earlier try of them leads to: what it deleted and did not
// record is absent, and of two backups that go the other one is now the newest.
func (p Plan) Within(effects []string) bool {
	for _, line := range p.Effects() {
		if !slices.Contains(effects, line) && !follows(line, effects) {
			return false
		}
	}

	return true
}

// follows reports whether an effect is one that others lead to.
func follows(line string, effects []string) bool {
	if name, absent := strings.CutPrefix(line, isAbsent); absent {
		return slices.ContainsFunc(effects, func(effect string) bool { return strings.HasPrefix(effect, deletes(name)) })
	}

	if honoured, newest := strings.CutPrefix(line, honours); newest {
		backup, _, _ := strings.Cut(honoured, " ")

		return slices.Contains(effects, "backup delete "+backup)
	}

	return false
}
