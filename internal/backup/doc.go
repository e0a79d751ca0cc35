// Package backup takes one backup of one database: an exported snapshot, dumped
// by pg_dump, compressed, encrypted and uploaded in one stream, described row by
// row from the same snapshot, signed. What it made is good only once package
// drill has restored it.
package backup
