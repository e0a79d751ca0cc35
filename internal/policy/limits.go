package policy

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"steward/internal/calendar"
)

// Limits hold backups back for the sake of what they are taken from. A limit that
// is not stated is none.
type Limits struct {
	// Bandwidth is how many bytes a second a backup hands to its upload at most.
	Bandwidth int64
	// Nice lowers the priority of pg_dump on the worker's machine, 0 to 19.
	Nice int
	// Brake pauses a dump while its source has too much to do.
	Brake *Brake
}

// Brake says when a dump, or an erasure, pauses.
type Brake struct {
	// ReplicationLag is how far the slowest replica may be behind. Exact.
	ReplicationLag calendar.Duration
	// LoadQuery is a SELECT of one boolean or number: true or above 0 pauses.
	LoadQuery string
}

func limitsShape() shape[Limits] {
	return shape[Limits]{
		optional(leaf("bandwidth", "How fast a backup is uploaded at most, on average.",
			bandwidthKind(), func(l *Limits) *int64 { return &l.Bandwidth })),
		optional(leaf("nice", "How much lower the priority of pg_dump is on the worker's machine; its disk accesses come last.",
			niceKind(), func(l *Limits) *int { return &l.Nice })),
		maybe("brake", "Pauses a dump while its source has too much to do, for half of the time to its deadline and 2h at most.",
			brakeShape(), func(l *Limits) **Brake { return &l.Brake }),
	}
}

func brakeShape() shape[Brake] {
	return shape[Brake]{
		optional(exact("replication_lag", "How far the slowest replica of the database may be behind.",
			func(b *Brake) *calendar.Duration { return &b.ReplicationLag })),
		optional(leaf("load_query",
			"Pauses while its answer is true or above 0; asked by the login that does the work, read only, within 5 seconds.",
			selectKind(), func(b *Brake) *string { return &b.LoadQuery })),
	}
}

// leastBandwidth is what one chunk of an upload needs to be sent well within its
// own time limits: 8 MiB in 10 minutes, and some more.
const leastBandwidth = 64 << 10

// The units of a bandwidth: decimal as networks are sold, binary as buffers are.
const (
	kilo, kibi = 1e3, 1 << 10
	mega, mebi = 1e6, 1 << 20
	giga, gibi = 1e9, 1 << 30
)

// bytesPer gives the bytes of a unit, 0 for none.
func bytesPer(unit string) int64 {
	switch unit {
	case "kB":
		return kilo
	case "KiB":
		return kibi
	case "MB":
		return mega
	case "MiB":
		return mebi
	case "GB":
		return giga
	case "GiB":
		return gibi
	default:
		return 0
	}
}

func bandwidthKind() kind[int64] {
	expression := regexp.MustCompile(`^([1-9][0-9]{0,5})(kB|KiB|MB|MiB|GB|GiB)/s$`)
	return kind[int64]{Form: "a number of bytes a second, such as 20MiB/s or 500kB/s", Parse: func(text string) (int64, error) {
		parts := expression.FindStringSubmatch(text)
		if parts == nil {
			return 0, fmt.Errorf("%q is no number of bytes a second", masked(text))
		}
		count, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no number of bytes a second", masked(text))
		}
		bytes := count * bytesPer(parts[2])
		if bytes < leastBandwidth {
			return 0, errors.New("less than 64KiB/s is too slow for an upload to keep its own time limits")
		}
		return bytes, nil
	}}
}

func niceKind() kind[int] {
	const nicest = 19
	return kind[int]{Form: "a number from 0 to 19", Unquoted: ast.IntegerType, Parse: func(text string) (int, error) {
		nice, err := strconv.Atoi(text)
		if err != nil || nice < 0 || nice > nicest || strconv.Itoa(nice) != text {
			return 0, fmt.Errorf("%q is no number from 0 to 19", masked(text))
		}
		return nice, nil
	}}
}

func selectKind() kind[string] {
	inner := textKind()
	return kind[string]{Form: "one SELECT of one value, without a semicolon", Parse: func(text string) (string, error) {
		if !strings.HasPrefix(strings.ToLower(text), "select ") || strings.Contains(text, ";") {
			return "", errors.New("it must begin with select, and have no semicolon")
		}
		return inner.Parse(text)
	}}
}

// sentence says what holds backups back, empty without limits.
func (l *Limits) sentence() string {
	if l == nil {
		return ""
	}
	var parts []string
	if l.Bandwidth > 0 {
		parts = append(parts, fmt.Sprintf("it uploads %d bytes a second at most", l.Bandwidth))
	}
	if l.Nice > 0 {
		parts = append(parts, fmt.Sprintf("its dump yields to others (nice %d)", l.Nice))
	}
	if l.Brake != nil && !l.Brake.ReplicationLag.IsZero() {
		parts = append(parts, fmt.Sprintf("it pauses while a replica is more than %s behind", l.Brake.ReplicationLag.Words()))
	}
	if l.Brake != nil && l.Brake.LoadQuery != "" {
		parts = append(parts, "it pauses while the load query asks for it")
	}
	if len(parts) == 0 {
		return ""
	}
	return " A backup is held back: " + strings.Join(parts, ", ") + "."
}

// checkBrakes refuses a brake that never brakes.
func (r *reader) checkBrakes(p Promises) {
	if limits := p.Backups.Limits; limits != nil {
		r.checkBrake("promises.backups.limits.brake", limits.Brake)
	}
	if p.Erasure != nil {
		r.checkBrake("promises.erasure.brake", p.Erasure.Brake)
	}
}

func (r *reader) checkBrake(where string, brake *Brake) {
	r.refuse(brake != nil && brake.LoadQuery == "" && brake.ReplicationLag.IsZero(), []string{where},
		"add replication_lag or load_query, or leave the brake out", "the brake says nothing of when to pause")
}
