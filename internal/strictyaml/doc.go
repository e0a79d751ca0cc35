// Package strictyaml reads the files that a company writes by hand, its policy and its data
// map, and refuses whatever is not certain: an unknown key, a missing one, a value of another
// kind. All problems are reported at once, each with its line, its column and what to do.
//
// A file is described as shapes of fields, which read it and print its reference. Anchors,
// aliases, tags and texts of several lines are refused: these files do without them.
package strictyaml
