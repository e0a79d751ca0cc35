package main

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/access"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/page"
	"steward/internal/postgres"
)

// credentialsTag is the group of the operations on credentials.
const credentialsTag = "credentials"

// role is a role of staff; the document lists those that there are.
type role access.Role

// Schema implements huma.SchemaProvider.
func (role) Schema(huma.Registry) *huma.Schema { return oneOf(access.Roles()) }

// scope is a scope of a key; the document lists those that there are.
type scope access.Scope

// Schema implements huma.SchemaProvider.
func (scope) Schema(huma.Registry) *huma.Schema { return oneOf(access.Scopes()) }

// oneOf is the schema of one of a few words.
func oneOf[T ~string](words []T) *huma.Schema {
	schema := &huma.Schema{Type: huma.TypeString}
	for _, word := range words {
		schema.Enum = append(schema.Enum, string(word))
	}

	schema.PrecomputeMessages()

	return schema
}

// placeOf is where the page before ended, by its cursor; the zero place without one. An
// id that is none of this kind was made up by the caller.
func placeOf(list, cursor, kind string) (page.Place, error) {
	place, given, err := page.Decode[page.Place](list, cursor)
	if err == nil && given && !ids.Valid(kind, place.ID) {
		err = failure.New(failure.CursorInvalid, "reading the cursor")
	}

	return place, err
}

// byID reads one page of a list that is in the order of its ids.
func byID[T any](ctx context.Context, db *postgres.DB, list string, in *page.Query,
	read func(ctx context.Context, q postgres.Queryer, after string, limit int) ([]T, error), id func(T) string,
) ([]T, page.Next, error) {
	after, _, err := page.Decode[string](list, in.Cursor)
	if err != nil {
		return nil, page.Next{}, err
	}

	found, err := read(ctx, db, after, in.Limit+1)
	if err != nil {
		return nil, page.Next{}, err
	}

	return page.Cut(list, found, in.Limit, id)
}
