// Package scaffold writes a first data map from a live schema: where accounts begin, which key leads each
// table there, and what in it is personal. All of that is guessed, from names, types and samples,
// and marked as such, so that nothing is erased before people have looked at every line.
package scaffold
