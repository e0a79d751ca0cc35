// Package policy reads policy.yaml, the file in which a company writes down
// what it promises, and refuses whatever is not certain.
//
// Nothing has a default: what the file says is the whole policy. An unknown
// key, a wrong unit or a contradiction is an error with its line, its column
// and what to do; all of them are reported at once. The file holds no secrets.
package policy
