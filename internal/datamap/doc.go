// Package datamap is what people decided about the data of the company's databases: whose
// each table's rows are, and what an erasure does with each column. It holds decisions only:
// which table leads to which comes from the foreign keys of the live schema.
//
// Every column is decided, or nothing is erased: a table or a column that the schema has
// and the map does not is an error, as is a decision that the schema cannot carry out.
package datamap
