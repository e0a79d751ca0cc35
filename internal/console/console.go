// Package console is how the steward command speaks: tables for people, JSON
// for programs, progress for whoever watches, and errors with a code, a hint and
// the next command. Results go to the standard output, everything else to the
// standard error. The text for people may change with any release; the JSON is
// the contract of docs/cli-json.md.
package console

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// Console is where one command speaks. It is not safe for concurrent use.
type Console struct {
	// Out takes results, Err everything else.
	Out, Err io.Writer
	// JSON says that a program reads: no table, no colour, no progress lines.
	JSON bool
	// Colour says that Out shows colours.
	Colour bool
	// Live says that Err is a terminal, on which a line can be written anew.
	Live bool
	// In is where a person can answer a question; nil where nobody reads it.
	In io.Reader
	// Zone is the reader's; times are shown in it with their offset.
	Zone *time.Location
}

// Open makes the console of a process. Colour needs a terminal and an empty
// NO_COLOR (https://no-color.org); env is os.Getenv.
func Open(out, err io.Writer, env func(string) string) *Console {
	dumb := env("TERM") == "dumb"

	var person io.Reader
	if terminal(err) && term.IsTerminal(int(os.Stdin.Fd())) {
		person = os.Stdin
	}

	return &Console{
		Out: out, Err: err, In: person,
		Colour: terminal(out) && env("NO_COLOR") == "" && !dumb,
		Live:   terminal(err) && !dumb,
		Zone:   time.Local, //nolint:gosmopolitan // the one place where the reader's own zone is meant
	}
}

func terminal(w io.Writer) bool {
	file, ok := w.(*os.File)

	return ok && term.IsTerminal(int(file.Fd()))
}

// Ask puts a question to the person at the terminal. Only a clear yes is one: no
// answer, another answer and a program that reads are all no.
func (c *Console) Ask(question string) bool {
	if c.In == nil || c.JSON {
		return false
	}

	fmt.Fprint(c.Err, Plain(question)+" [y/N] ")

	answer, err := bufio.NewReader(c.In).ReadString('\n')
	if err != nil {
		return false
	}

	answer = strings.ToLower(strings.TrimSpace(answer))

	return answer == "y" || answer == "yes"
}

// Document writes one result as indented JSON.
func (c *Console) Document(result any) error {
	text, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}

	return c.write(append(text, '\n'))
}

// Line writes one result of many as JSON on one line.
func (c *Console) Line(result any) error {
	text, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}

	return c.write(append(text, '\n'))
}

// Say writes a line for people to the standard output.
func (c *Console) Say(format string, args ...any) error {
	return c.write([]byte(Plain(fmt.Sprintf(format, args...)) + "\n"))
}

func (c *Console) write(text []byte) error {
	if _, err := c.Out.Write(text); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}

	return nil
}

// Notef tells people something beside the result; programs are spared.
func (c *Console) Notef(format string, args ...any) {
	if !c.JSON {
		fmt.Fprintln(c.Err, Plain(fmt.Sprintf(format, args...)))
	}
}
