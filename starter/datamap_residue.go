package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"steward/internal/console"
	"steward/internal/datamap"
	"steward/internal/erasure/residue"
	"steward/internal/failure"
)

// residueResult is what datamap residue prints.
type residueResult struct {
	// Sought is how many identifiers were looked for.
	Sought int `json:"sought"`
	// Weak is how many were not, since too many people share such.
	Weak int `json:"weak"`
	// Findings are where they are. Those elsewhere belong to another customer, who decides about them.
	Findings []residueFinding `json:"findings"`
}

// residueFinding is one column that holds some.
type residueFinding struct {
	// Table is the table, or the partition, as schema.table.
	Table string `json:"table"`
	// Column is the column of it.
	Column string `json:"column"`
	// Rows is how many rows hold one of the identifiers there.
	Rows int64 `json:"rows"`
	// Elsewhere says that those rows are of another customer, who decides about them.
	Elsewhere bool `json:"elsewhere"`
	// Decided says that the data map retains that column on a basis that the policy publishes.
	Decided bool `json:"decided"`
}

func newDataMapResidue(a *app) *cobra.Command {
	var name, account string

	var pace int64

	command := &cobra.Command{
		Use: "residue", Short: "Look for somebody in every text of a database",
		Long: "Reads all text, JSON and array columns of an app database once, whatever the data map says about them, and names the\n" +
			"columns that hold one of the given identifiers. They are read from standard input, one \"type value\" a line (email,\n" +
			"phone, visitor, user), and are written nowhere. What many people share, such as a short number, is not looked for; bytea\n" +
			"columns and large objects are not looked into. With --account, rows of other accounts are told apart: the same address\n" +
			"there is of another customer's data. Anything found exits with 5, what is of another customer or retained by the map alone\n" +
			"with 0.",
		Example: "  steward datamap residue # and on standard input: email ada@example.com\n" +
			"  steward datamap residue --account 4711 --json",
		Args: args(noIdentity),
		RunE: func(command *cobra.Command, _ []string) error {
			sought, err := readSought(os.Stdin, account)
			if err != nil {
				return err
			}

			return a.residue(command.Context(), name, sought, pace)
		},
	}

	command.Flags().StringVar(&name, "database", "", "the app database, by its name in the policy; not needed if there is one")
	command.Flags().StringVar(&account, "account", "", "the account in whose data the person was erased")
	command.Flags().Int64Var(&pace, "bytes-per-second", 0, "read no faster than this on average; 0 is as fast as it goes")

	return command
}

// readSought reads identifiers. Its errors repeat none of them.
func readSought(from io.Reader, account string) (sought []residue.Sought, err error) {
	known := []datamap.Identity{datamap.Email, datamap.Phone, datamap.Visitor, datamap.User}
	lines := bufio.NewScanner(from)

	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}

		kind, value, _ := strings.Cut(line, " ")
		value = strings.TrimSpace(value)

		if !slices.Contains(known, datamap.Identity(kind)) || value == "" {
			return nil, failure.New(failure.UsageWrong, fmt.Sprintf("reading line %d of standard input (want: email ada@example.com)", number))
		}

		sought = append(sought, residue.Sought{Account: account, Identity: datamap.Identity(kind), Value: value})
	}

	if err := lines.Err(); err != nil || len(sought) == 0 {
		return nil, failure.New(failure.UsageWrong, "reading identifiers from standard input, one \"type value\" a line")
	}

	return sought, nil
}

func (a *app) residue(ctx context.Context, name string, sought []residue.Sought, pace int64) error {
	read, err := a.loadMap(nil)
	if err != nil {
		return err
	}

	database, err := appDatabase(read.rules, name)
	if err != nil {
		return err
	}

	schema, db, err := a.liveSchema(ctx, read.settings, database)
	if err != nil {
		return err
	}

	decided := read.decided.Database(database.Name)
	if decided == nil {
		return failure.New(failure.UnknownDatabase, "looking for "+database.Name+" in the data map")
	}

	rows := map[residueFinding]int64{}
	pass := residue.Pass{
		Decided: *decided, Schema: schema, BytesPerSecond: pace,
		Done: func(_ context.Context, found []residue.Finding, _ residue.Cursor) error {
			for _, one := range found {
				rows[residueFinding{Table: one.Table, Column: one.Column, Elsewhere: one.Elsewhere, Decided: one.Decided}] += one.Rows
			}

			return nil
		},
	}

	if err := pass.Run(ctx, db, sought, residue.Cursor{}); err != nil {
		return err
	}

	result := residueResult{Findings: []residueFinding{}}

	for _, one := range sought {
		if residue.Unique(one.Identity, one.Value) {
			result.Sought++
		} else {
			result.Weak++
		}
	}

	for found := range maps.Keys(rows) {
		found.Rows = rows[found]
		result.Findings = append(result.Findings, found)
	}

	return a.showResidue(result)
}

func (a *app) showResidue(result residueResult) error {
	slices.SortFunc(result.Findings, func(x, y residueFinding) int {
		return cmp.Or(cmp.Compare(x.Table, y.Table), cmp.Compare(x.Column, y.Column), cmp.Compare(y.Rows, x.Rows))
	})

	left := slices.ContainsFunc(result.Findings, func(found residueFinding) bool { return !found.Elsewhere && !found.Decided })

	if err := a.printResidue(result); err != nil {
		return err
	}

	if left {
		return failure.New(failure.ResidueFound, "looking for what is left in the texts")
	}

	return nil
}

func (a *app) printResidue(result residueResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{Head: []string{"TABLE", "COLUMN", "ROWS", "WHOSE"}, Empty: "nothing was found"}

	for _, found := range result.Findings {
		whose, tone := "nobody else's", console.Bad
		if found.Elsewhere {
			whose, tone = "another customer's", console.Neutral
		}

		if found.Decided {
			whose, tone = "retained by decision", console.Neutral
		}

		table.Rows = append(table.Rows, console.Row{Cells: []console.Cell{
			{Text: found.Table}, {Text: found.Column}, {Text: strconv.FormatInt(found.Rows, 10)}, {Text: whose, Tone: tone},
		}})
	}

	if err := a.console.Table(table); err != nil {
		return err
	}

	return a.console.Say("%d identifiers were looked for; %d are shared by too many people to be", result.Sought, result.Weak)
}
