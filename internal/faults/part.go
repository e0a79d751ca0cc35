package faults

import "context"

// Part is the operation that an outside call is a part of, where it has one: what
// a test needs to tell the same call of two tries from two calls.
type Part struct {
	// Operation names what is done, such as an activity's type.
	Operation string
	// Of is the one execution of the operation; all its tries share it.
	Of string
	// Try numbers the tries of that execution from 1.
	Try int32
}

type partKey struct{}

// Within returns a context whose outside calls belong to the part.
func Within(ctx context.Context, part Part) context.Context {
	return context.WithValue(ctx, partKey{}, part)
}

// partOf is the part that the calls of the context belong to, the zero value if none.
func partOf(ctx context.Context) Part {
	if part, ok := ctx.Value(partKey{}).(Part); ok {
		return part
	}

	return Part{}
}
