// Package atwork lets what counts, freezes or erases for long tell whoever waits that it is
// still at work, though there is nothing to count: half an hour without a word is taken for a stall.
package atwork

import "context"

type key struct{}

// With gives a context in which Tell calls tell. It may be called from several goroutines at once.
func With(ctx context.Context, tell func()) context.Context {
	return context.WithValue(ctx, key{}, tell)
}

// Asked reports whether anybody waits to be told.
func Asked(ctx context.Context) bool {
	_, asked := ctx.Value(key{}).(func())

	return asked
}

// Tell says that work goes on; where nobody waits it does nothing.
func Tell(ctx context.Context) {
	if tell, asked := ctx.Value(key{}).(func()); asked {
		tell()
	}
}
