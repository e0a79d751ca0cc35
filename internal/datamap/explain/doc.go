// Package explain says in sentences and in pictures what a data map decides, with the edges that the live
// schema adds to it. It is for whoever reviews a map; nothing is decided here.
package explain
