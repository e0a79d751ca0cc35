package check

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"steward/internal/datamap"
	"steward/internal/erasure/pseudonym"
	"steward/internal/erasure/route"
	"steward/internal/liveschema"
)

// overwrites checks that the columns of rows that stay can hold what they are made.
func (c *checker) overwrites(table route.Table) {
	decided := c.decided.Table(table.Name)

	for _, column := range decided.Columns {
		live, found := table.Live.Column(column.Name)
		if !found || column.Decision != datamap.Erase || column.Strategy == datamap.WithRow {
			continue
		}

		if reason, remedy := c.refused(table.Live, live, column); reason != "" {
			c.wrong(table.Name, []string{column.Name}, column.Place,
				fmt.Sprintf("column %s cannot be made %s: %s", column.Name, words(column), reason), remedy)

			continue
		}

		if live.Checked && !slices.Contains(decided.Known.Checks, column.Name) {
			c.wrong(table.Name, []string{column.Name}, column.Place,
				fmt.Sprintf("a check names column %s, and nobody says that it accepts %s", column.Name, words(column)),
				fmt.Sprintf("look at the check; add known: {checks: [%s]} if it does", column.Name))
		}
	}
}

// words says what a column is made.
func words(column datamap.Column) string {
	switch column.Strategy {
	case datamap.Null:
		return "null"
	case datamap.Fixed:
		return "a fixed value"
	default:
		return "a keyed hash"
	}
}

// other is what remains where no strategy of this kind fits.
const other = "choose another strategy, or let the rows go (rows: delete)"

// refused says why a column cannot hold what it is made, and what to do; empty if it can.
func (c *checker) refused(table liveschema.Table, live liveschema.Column, column datamap.Column) (reason, remedy string) {
	switch {
	case live.Generated:
		return "it is computed from other columns", "write its name only: it changes with them"
	case live.Identity:
		return "it is the number of the row", other
	case c.named[table.Name][column.Name]:
		return "keys of other rows name it", other
	case slices.Contains(table.PartitionBy, column.Name):
		return "it decides in which partition a row lies", other
	case column.Strategy == datamap.Null && live.NotNull:
		return "it must not be null", `write fixed: or keyed_hash: instead of "null": true`
	case column.Strategy != datamap.Null && inKey(table, column.Name):
		return "it is part of a key to another table", `write "null": true, or let the rows go (rows: delete)`
	case column.Strategy == datamap.Null && inFullKey(table, column.Name):
		return "its key may hold null in all columns only (MATCH FULL)", other
	default:
		return refusedValue(table, live, column)
	}
}

// refusedValue says why a column cannot hold the value by itself.
func refusedValue(table liveschema.Table, live liveschema.Column, column datamap.Column) (reason, remedy string) {
	switch {
	case column.Strategy == datamap.Fixed && clashes(table, table.UniqueOver, column.Name):
		return "a unique key has it, and two rows would be the same", "write keyed_hash: instead of fixed:"
	case column.Strategy == datamap.Null && clashes(table, table.NullsAlike, column.Name):
		return "a unique key has it, to which nulls are the same", "write keyed_hash:, or make the key anew without NULLS NOT DISTINCT"
	case column.Strategy == datamap.Fixed && passing(live.Base, column.Value):
		return "the value is another one at another time", "write a date that stays, such as 2000-01-01"
	case column.Strategy == datamap.KeyedHash && live.Category != "S":
		return fmt.Sprintf("it is %s, and a hash is text", live.Type), other
	case live.Length > 0 && length(column) > live.Length:
		return fmt.Sprintf("it holds %d characters, and the value has %d", live.Length, length(column)),
			"write a shorter value, or let the column hold more"
	case column.Strategy == datamap.Fixed && !reads(live.Base, column.Value):
		return fmt.Sprintf("the value is no %s", live.Base), "write a value of that type"
	}

	return "", ""
}

func inKey(table liveschema.Table, column string) bool {
	return slices.ContainsFunc(table.Keys, func(key liveschema.ForeignKey) bool { return slices.Contains(key.Columns, column) })
}

func inFullKey(table liveschema.Table, column string) bool {
	return slices.ContainsFunc(table.Keys, func(key liveschema.ForeignKey) bool {
		return key.MatchFull && len(key.Columns) > 1 && slices.Contains(key.Columns, column)
	})
}

// clashes tells whether two rows that get the same value may break a unique index: not if the rest of it is
// different for any two rows by itself.
func clashes(table liveschema.Table, uniques [][]string, column string) bool {
	return slices.ContainsFunc(uniques, func(over []string) bool {
		if !slices.Contains(over, column) {
			return false
		}

		rest := slices.DeleteFunc(slices.Clone(over), func(name string) bool { return name == column })

		return !slices.ContainsFunc(append([][]string{table.Primary}, table.Unique...), func(key []string) bool {
			return len(key) > 0 && !slices.ContainsFunc(key, func(name string) bool { return !slices.Contains(rest, name) })
		})
	})
}

// length is how many characters a column has afterwards.
func length(column datamap.Column) int {
	switch {
	case column.Strategy == datamap.Fixed:
		return utf8.RuneCountInString(column.Value)
	case column.Strategy == datamap.KeyedHash && column.Value != "":
		return pseudonym.Length + utf8.RuneCountInString(column.Value) - len(datamap.HashMark)
	case column.Strategy == datamap.KeyedHash:
		return pseudonym.Length
	default:
		return 0
	}
}

// passingWords are what PostgreSQL reads as a time that depends on when it reads them (section 8.5.1.4 of its manual).
var passingWords = regexp.MustCompile(`(?i)\b(now|today|tomorrow|yesterday)\b`)

// passing tells whether a value of a type of dates or times, of ranges and lists of them too, says something else tomorrow: an
// erasure would never come to an end, since it compares with what is there.
func passing(base, value string) bool {
	times := []string{"date", "time", "tsr", "tsm", "tst"} // with the ranges of them, and not tsvector

	return slices.ContainsFunc(times, func(begin string) bool { return strings.HasPrefix(base, begin) }) && passingWords.MatchString(value)
}

// uuidText is how a UUID is usually written; PostgreSQL reads a few other forms, which a map can do without.
var uuidText = regexp.MustCompile(`^(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// reads tells whether a value is one of a type, as far as that can be told here: of other types the
// database says so when the plan is made, before anything is done.
func reads(base, value string) bool {
	const smallBits, intBits, bigBits = 16, 32, 64

	integer := func(bits int) bool { _, err := strconv.ParseInt(value, 10, bits); return err == nil }

	switch base {
	case "smallint":
		return integer(smallBits)
	case "integer":
		return integer(intBits)
	case "bigint":
		return integer(bigBits)
	case "numeric", "real", "double precision":
		_, err := strconv.ParseFloat(value, bigBits)

		return err == nil
	case "boolean":
		return slices.Contains([]string{"true", "false", "t", "f", "yes", "no", "on", "off", "1", "0"}, strings.ToLower(value))
	case "uuid":
		return uuidText.MatchString(value)
	case "json", "jsonb":
		return json.Valid([]byte(value))
	case "inet":
		_, address := netip.ParseAddr(value)
		_, network := netip.ParsePrefix(value)

		return address == nil || network == nil
	default:
		return !strings.HasSuffix(base, "[]") || strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}")
	}
}
