package gcs

import (
	"context"
	"errors"
	"net/http"

	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
)

// CopyOptions say how a copy is made.
type CopyOptions struct {
	// Metadata is stored with the copy, in place of the original's.
	Metadata map[string]string
	// Token goes on with a copy that was cut short; empty begins anew. One that the
	// service does not know any more begins anew by itself.
	Token string
	// Progress, if not nil, is told after each step with which token the copy can go
	// on and how many bytes are done. Its failure ends the copy.
	Progress func(token string, done int64) error
}

// CopyFrom lets the service copy one generation of an object of another bucket here,
// under the same name; no byte of it comes through this process. Between locations a
// large object takes several steps, each with the patience of a chunk. It fails with
// ObjectExists where an object of that name is here already, be it the copy itself:
// a retried request meets what its first try made. The caller compares.
func (b *Bucket) CopyFrom(ctx context.Context, source *Bucket, name string, generation int64, options CopyOptions) (Object, error) {
	ctx, watch := newWatch(ctx)
	defer watch.end()

	copier := b.raw.Object(name).If(storage.Conditions{DoesNotExist: true}).CopierFrom(source.handle(name, generation))
	copier.Metadata, copier.ContentType, copier.RewriteToken = options.Metadata, octets, options.Token

	var told error

	stop := watch.within(b.client.patience.Chunk)
	copier.ProgressFunc = func(done, _ uint64) {
		stop()

		if options.Progress != nil && told == nil {
			if told = options.Progress(copier.RewriteToken, int64(done)); told != nil { //nolint:gosec // a size in bytes
				watch.end()
			}
		}

		stop = watch.within(b.client.patience.Chunk)
	}

	attrs, err := copier.Run(ctx)

	stop()

	switch {
	case err != nil && told != nil:
		return Object{}, told
	case err != nil && options.Token != "" && unknownToken(err):
		options.Token = ""

		return b.CopyFrom(ctx, source, name, generation, options)
	case err != nil:
		return Object{}, coded("copying an object", err)
	default:
		return describe(attrs), nil
	}
}

// octets is what a copy is of: the service wants a type beside metadata.
const octets = "application/octet-stream"

// unknownToken reports whether the service refused the request as such: with a
// token, that is one which is too old, or of another request.
func unknownToken(err error) bool {
	var answer *googleapi.Error

	return errors.As(err, &answer) && answer.Code == http.StatusBadRequest
}
