package datamap

import "steward/internal/strictyaml"

// Manual returns the table of every key in Markdown, made from what Parse accepts. docs/datamap.md ends with it.
func Manual() string { return "## Every key\n\n" + strictyaml.Reference(fileShape()) }
