package gcs

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
)

// Object is one generation of one object, as the service describes it.
type Object struct {
	Bucket string
	Name   string
	// Generation tells this content from any other that has the name.
	Generation int64
	// Size is in bytes.
	Size int64
	// CRC32C is the Castagnoli checksum of the content.
	CRC32C uint32
	// SHA256 is the hash of what was sent, in hex; only Put knows it.
	SHA256 string
	// Created is when this generation was stored.
	Created time.Time
	// Deleted is when this generation became noncurrent; zero while it lives.
	Deleted time.Time
	// HardDelete is when a soft-deleted generation goes; zero for others.
	HardDelete time.Time
	// RetainUntil is until when the bucket's retention policy keeps it.
	RetainUntil time.Time
	// Held says that a temporary hold stands on it.
	Held bool
	// Metadata is what Put was given.
	Metadata map[string]string
	// Headers are what the service sends along with the content.
	Headers Headers
}

// Headers are the properties of an object that a reader of it is told.
type Headers struct {
	ContentType        string `json:"content_type,omitempty"`
	ContentEncoding    string `json:"content_encoding,omitempty"`
	ContentDisposition string `json:"content_disposition,omitempty"`
	ContentLanguage    string `json:"content_language,omitempty"`
	CacheControl       string `json:"cache_control,omitempty"`
}

// Bucket is one bucket. It is safe for concurrent use.
type Bucket struct {
	client *Client
	name   string
	raw    *storage.BucketHandle
}

// Name is the bucket's name.
func (b *Bucket) Name() string { return b.name }

// Get opens a generation for reading, byte for byte as it is stored: what an app
// stored compressed is not unpacked. Generation 0 means the live one. The
// object tells which generation and size that is. The reader checks the
// service's checksum at the end, and gives up when the service stalls. It fails
// with ObjectNotFound. The caller closes the reader.
func (b *Bucket) Get(ctx context.Context, name string, generation int64) (io.ReadCloser, Object, error) {
	ctx, watch := newWatch(ctx)

	stop := watch.within(b.client.patience.Call)
	reader, err := b.handle(name, generation).ReadCompressed(true).NewReader(ctx)

	stop()

	if err != nil {
		watch.end()

		return nil, Object{}, coded("opening an object", err)
	}

	return &download{from: reader, watch: watch, patience: b.client.patience.Transfer},
		Object{Bucket: b.name, Name: name, Generation: reader.Attrs.Generation, Size: reader.Attrs.Size}, nil
}

// Stat describes the live generation. It fails with ObjectNotFound.
func (b *Bucket) Stat(ctx context.Context, name string) (Object, error) {
	ctx, cancel := context.WithTimeout(ctx, b.client.patience.Call)
	defer cancel()

	attrs, err := b.raw.Object(name).Attrs(ctx)
	if err != nil {
		return Object{}, coded("looking at an object", err)
	}

	return describe(attrs), nil
}

// Delete removes exactly this generation. It fails with ObjectNotFound if it
// is gone already, and with StorageRefused if the bucket keeps it.
func (b *Bucket) Delete(ctx context.Context, name string, generation int64) error {
	ctx, cancel := context.WithTimeout(ctx, b.client.patience.Call)
	defer cancel()

	err := b.handle(name, generation).If(storage.Conditions{GenerationMatch: generation}).Delete(ctx)

	return coded("deleting an object", err)
}

// ListOptions choose what a listing shows beside live objects.
type ListOptions struct {
	// Versions adds noncurrent generations.
	Versions bool
	// SoftDeleted shows soft-deleted generations instead of the others.
	SoftDeleted bool
	// From leaves out names below it; empty leaves out none.
	From string
}

// List gives the objects whose names start with prefix, in the order of their
// names. It ends after the first error; each page has the patience of one call.
func (b *Bucket) List(ctx context.Context, prefix string, options ListOptions) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		ctx, watch := newWatch(ctx)
		defer watch.end()

		listing := b.raw.Objects(ctx, &storage.Query{
			Prefix: prefix, StartOffset: options.From, Versions: options.Versions, SoftDeleted: options.SoftDeleted,
		})

		for {
			stop := watch.within(b.client.patience.Call)
			attrs, err := listing.Next()

			stop()

			if errors.Is(err, iterator.Done) {
				return
			}

			if err != nil {
				yield(Object{}, coded("listing a bucket", err))

				return
			}

			if !yield(describe(attrs), nil) {
				return
			}
		}
	}
}

func (b *Bucket) handle(name string, generation int64) *storage.ObjectHandle {
	object := b.raw.Object(name)
	if generation != 0 {
		object = object.Generation(generation)
	}

	return object
}

func describe(attrs *storage.ObjectAttrs) Object {
	return Object{
		Bucket: attrs.Bucket, Name: attrs.Name, Generation: attrs.Generation, Size: attrs.Size,
		CRC32C: attrs.CRC32C, Created: attrs.Created, Deleted: attrs.Deleted,
		HardDelete: attrs.HardDeleteTime, RetainUntil: attrs.RetentionExpirationTime,
		Held: attrs.TemporaryHold, Metadata: attrs.Metadata,
		Headers: Headers{
			ContentType: attrs.ContentType, ContentEncoding: attrs.ContentEncoding,
			ContentDisposition: attrs.ContentDisposition, ContentLanguage: attrs.ContentLanguage, CacheControl: attrs.CacheControl,
		},
	}
}
