// Package measure counts the shape of Go code: how long its files and functions are, how much of it is documented, how
// it makes errors and how it is tested. It reads syntax only, so it is fast and needs nothing to compile.
package measure

import "slices"

// Figures is the shape of one module. Tests count in the three test figures only; generated code and testdata never.
type Figures struct {
	Files         int    `json:"files"`
	Packages      int    `json:"packages"`
	FileLines     Spread `json:"lines_per_file"`     // all lines, blanks and comments included
	FuncLines     Spread `json:"lines_per_function"` // from the word func to the closing brace
	Funcs         int    `json:"functions"`
	LongFuncs     int    `json:"functions_over_70"`
	Exported      int    `json:"exported"` // functions, methods of exported types, types
	Documented    int    `json:"exported_with_doc"`
	PackageDocs   int    `json:"packages_with_doc"`
	Errors        int    `json:"error_constructions"` // errors.New, fmt.Errorf, failure.New, failure.Wrap
	Wrapped       int    `json:"errors_with_w"`       // fmt.Errorf with %w
	Typed         int    `json:"errors_typed"`        // failure.New and failure.Wrap: one table, one code each
	Todos         int    `json:"todos"`
	Nolints       int    `json:"nolints"`
	Tests         int    `json:"tests"` // func TestX; its subtests are not counted
	Fuzzers       int    `json:"fuzz_targets"`
	Examples      int    `json:"examples"`            // runnable ones: with an Output comment
	DirectDeps    int    `json:"direct_dependencies"` // of go.mod
	CodeLines     int    `json:"code_lines"`          // neither blank nor only a // comment
	TestCodeLines int    `json:"test_code_lines"`
}

// Spread describes many lengths by three of them.
type Spread struct {
	P50 int `json:"p50"`
	P95 int `json:"p95"`
	Max int `json:"max"`
}

const (
	median   = 50
	almost   = 95
	percent  = 100
	maxLines = 70 // longest function of the house
)

// SpreadOf takes the nearest rank: the value that at least so many per cent of all values do not exceed.
// It sorts values in place. No values give zeros.
func SpreadOf(values []int) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	slices.Sort(values)
	rank := func(p int) int { return values[(len(values)*p+percent-1)/percent-1] }
	return Spread{P50: rank(median), P95: rank(almost), Max: values[len(values)-1]}
}

// Share returns part of whole in per cent, rounded down, so that 100 means all. Nothing of nothing is all of it.
func Share(part, whole int) int {
	if whole == 0 {
		return percent
	}
	return part * percent / whole
}
