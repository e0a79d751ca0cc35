package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"

	"go.temporal.io/api/serviceerror"

	"steward/internal/failure"
	"steward/internal/policy"
)

// Problem is an error as people and programs read it.
type Problem struct {
	// Code is the stable name of what went wrong (docs/cli.md).
	Code failure.Code `json:"code"`
	// Message says what was being done and what went wrong. Its text may change.
	Message string `json:"message"`
	// Hint says what to do.
	Hint string `json:"hint"`
	// Next is the command to run next, empty where there is none.
	Next string `json:"next,omitempty"`
	// Exit is the exit code of the process.
	Exit failure.Exit `json:"exit"`
	// Faults lists every fault of a policy that cannot be used.
	Faults []Fault `json:"faults,omitempty"`
}

// Fault is one thing that is wrong in a policy file.
type Fault struct {
	// Line and column are counted from 1; 0 where the whole file is meant.
	Line int `json:"line"`
	// Column is counted in characters.
	Column int `json:"column"`
	// Key is the path of the key, such as promises.backups.keep.
	Key string `json:"key,omitempty"`
	// Message says what is wrong.
	Message string `json:"message"`
	// Remedy says what to do.
	Remedy string `json:"remedy"`
}

// Explain turns an error into what is shown of it. Texts of drivers are left
// out, since they may hold data; what a network, a file or the policy says is
// shown, since it holds none.
func Explain(err error) Problem {
	row := failure.Lookup(failure.CodeOf(err))
	problem := Problem{Code: row.Code, Message: row.Text, Hint: row.Hint, Exit: row.Exit}

	if doing := failure.Safe(err); doing != row.Text {
		problem.Message = doing + ": " + row.Text
	}

	if invalid, ok := errors.AsType[*policy.Problems](err); ok {
		problem.Message = invalid.Error()
		problem.Faults = faults(invalid)

		return problem
	}

	if reason := harmless(err); reason != "" {
		problem.Message += " (" + reason + ")"
	}

	return problem
}

func faults(invalid *policy.Problems) []Fault {
	found := make([]Fault, len(invalid.List))
	for i, each := range invalid.List {
		found[i] = Fault{
			Line: each.Line, Column: each.Column, Key: each.Path, Message: each.Message, Remedy: each.Remedy,
		}
	}

	return found
}

// teller is an error of Steward's own API: what it tells is meant for who asked.
type teller interface {
	error
	Tell() string
}

// harmless is the part of an error's chain that tells an operator what is wrong
// with a machine, and can hold nobody's data.
func harmless(err error) string {
	var (
		refused *net.OpError
		lookup  *net.DNSError
		file    *fs.PathError
		answer  serviceerror.ServiceError // Temporal is given no personal data, so it can tell none
		told    teller
	)

	switch {
	case errors.As(err, &lookup):
		return lookup.Error()
	case errors.As(err, &refused):
		return refused.Error()
	case errors.As(err, &file):
		return file.Error()
	case errors.As(err, &answer):
		return answer.Error()
	case errors.As(err, &told):
		return told.Tell()
	default:
		return ""
	}
}

// Report writes a problem to the standard error: lines for people, one JSON
// object for programs.
func (c *Console) Report(problem Problem) {
	if c.JSON {
		text, err := json.Marshal(problem)
		if err != nil { // every field is a text or a number
			text = []byte(`{"code":"internal"}`)
		}

		fmt.Fprintln(c.Err, string(text))

		return
	}

	message := Plain(problem.Message)
	fmt.Fprintf(c.Err, "error: %s [%s]\n", message, problem.Code)

	if problem.Hint != "" && !strings.Contains(message, problem.Hint) {
		fmt.Fprintf(c.Err, "hint: %s\n", Plain(problem.Hint))
	}
}
