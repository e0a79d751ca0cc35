// Package deparsed brings expressions that PostgreSQL has written out of its own
// trees into one form, so that two of them can be compared.
//
// Dump and restore do not keep such text. PostgreSQL stores a tree; a dump holds
// the tree as text; a restore parses that text, and the tree that it gets may be
// another one of the same meaning. Four shapes of that are known, the first three
// of them common:
//
//   - an array that is cast as a whole becomes an array whose elements are cast:
//     (ARRAY['a'::character varying])::text[], which is what x IN ('a', 'b') on a
//     varchar column is, comes back as ARRAY[('a'::character varying)::text];
//   - an AND inside of an AND, or an OR inside of an OR, as BETWEEN leaves it,
//     comes back without its parentheses;
//   - a column without a name, such as the 'x' in SELECT a UNION SELECT 'x', comes
//     back with the name of the type that it was written with: 'x'::text AS text;
//   - the minus of a constant, (- 5), comes back as the negative one, '-5'::integer.
//
// Normal undoes these four and nothing else: every literal, name, operator and
// cast, and every other parenthesis, stays where it is. It works on the text with
// full parentheses that pg_get_expr and its relatives give, not on what people
// write.
package deparsed
