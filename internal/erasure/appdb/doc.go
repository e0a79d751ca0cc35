// Package appdb is one of the company's databases as a store: what an erasure does there, done
// and seen. It joins the route with those who walk it.
package appdb
