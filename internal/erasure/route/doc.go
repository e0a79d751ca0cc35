// Package route decides how an erasure goes through one database: which tables may hold rows of
// the subject, how those are found, what is done with them, and in which order, so that no key is
// ever broken. It is a pure function of the data map and of the live schema, and knows no rows.
//
// A row belongs to the subject if it is where the subject begins, or if a key of its table that
// the map calls its path, or that it follows, names a row that belongs. Rows that belong go, or they
// stay and are overwritten. A row that does not belong stays as it is, but for keys
// of it that name a row which goes: those are made null.
package route
