// Package demoapp is the company's own product as Steward meets it: the database of an invented popup service, with
// accounts, users, billing, campaigns, displays, leads, files and support, and with every feature of Postgres that a
// real one has grown over the years. [Install] makes roles and schema, [Fill] invents the data.
//
// Everything is invented: names are made from lists, mail domains are example.com, example.org and .test (RFC 2606),
// addresses are of the documentation ranges (RFC 5737, RFC 3849), phone numbers of the ranges that regulators keep for
// fiction. The same size and seed give the same rows, byte for byte.
package demoapp
