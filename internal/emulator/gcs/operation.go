package gcs

import (
	"net/http"
	"strings"
)

// Operation names one thing that a client can ask for. Faults are set, and reached cells are counted, per
// operation.
type Operation string

// The operations. A resumable upload is a start, chunks and a finish; the finish is the request that names
// the total size, and so the only one that can commit the object.
const (
	OpBucketInsert  Operation = "bucket.insert"
	OpBucketGet     Operation = "bucket.get"
	OpBucketList    Operation = "bucket.list"
	OpBucketPatch   Operation = "bucket.patch"
	OpBucketDelete  Operation = "bucket.delete"
	OpBucketLock    Operation = "bucket.lock"
	OpObjectInsert  Operation = "object.insert" // multipart or media: the whole object in one request
	OpUploadStart   Operation = "upload.start"
	OpUploadChunk   Operation = "upload.chunk"
	OpUploadFinish  Operation = "upload.finish"
	OpUploadCancel  Operation = "upload.cancel"
	OpObjectGet     Operation = "object.get"   // metadata
	OpObjectMedia   Operation = "object.media" // content, over the XML or the JSON API; HEAD too
	OpObjectList    Operation = "object.list"
	OpObjectPatch   Operation = "object.patch"
	OpObjectDelete  Operation = "object.delete"
	OpObjectRestore Operation = "object.restore"
	OpObjectRewrite Operation = "object.rewrite"
	OpObjectCompose Operation = "object.compose"
)

// Operations lists every operation in a stable order.
func Operations() []Operation {
	return []Operation{
		OpBucketInsert, OpBucketGet, OpBucketList, OpBucketPatch, OpBucketDelete, OpBucketLock,
		OpObjectInsert, OpUploadStart, OpUploadChunk, OpUploadFinish, OpUploadCancel,
		OpObjectGet, OpObjectMedia, OpObjectList, OpObjectPatch, OpObjectDelete, OpObjectRestore,
		OpObjectRewrite, OpObjectCompose,
	}
}

// handlers maps an operation to its code, one file per family.
var handlers = map[Operation]func(*call) error{
	OpBucketInsert:  insertBucket,
	OpBucketGet:     getBucket,
	OpBucketList:    listBuckets,
	OpBucketPatch:   patchBucket,
	OpBucketDelete:  deleteBucket,
	OpBucketLock:    lockBucket,
	OpObjectInsert:  insertObject,
	OpUploadStart:   startUpload,
	OpUploadChunk:   continueUpload,
	OpUploadFinish:  continueUpload,
	OpUploadCancel:  cancelUpload,
	OpObjectGet:     getObject,
	OpObjectMedia:   readMedia,
	OpObjectList:    listObjects,
	OpObjectPatch:   patchObject,
	OpObjectDelete:  deleteObject,
	OpObjectRestore: restoreObject,
	OpObjectRewrite: rewriteObject,
	OpObjectCompose: composeObject,
}

// route is one line of the table: a method and a path whose {names} are single escaped segments.
type route struct {
	method, path string
	operation    Operation
}

// routes covers the JSON API. Upload requests and the XML API are told apart in classify.
var routes = []route{
	{http.MethodPost, "storage/v1/b", OpBucketInsert},
	{http.MethodGet, "storage/v1/b", OpBucketList},
	{http.MethodGet, "storage/v1/b/{bucket}", OpBucketGet},
	{http.MethodPatch, "storage/v1/b/{bucket}", OpBucketPatch},
	{http.MethodDelete, "storage/v1/b/{bucket}", OpBucketDelete},
	{http.MethodPost, "storage/v1/b/{bucket}/lockRetentionPolicy", OpBucketLock},
	{http.MethodGet, "storage/v1/b/{bucket}/o", OpObjectList},
	{http.MethodGet, "storage/v1/b/{bucket}/o/{object}", OpObjectGet},
	{http.MethodPatch, "storage/v1/b/{bucket}/o/{object}", OpObjectPatch},
	{http.MethodDelete, "storage/v1/b/{bucket}/o/{object}", OpObjectDelete},
	{http.MethodPost, "storage/v1/b/{bucket}/o/{object}/restore", OpObjectRestore},
	{http.MethodPost, "storage/v1/b/{bucket}/o/{object}/compose", OpObjectCompose},
	{http.MethodPost, "storage/v1/b/{bucket}/o/{object}/rewriteTo/b/{toBucket}/o/{toObject}", OpObjectRewrite},
	{http.MethodPost, "upload/storage/v1/b/{bucket}/o", OpObjectInsert},
	{http.MethodPut, "upload/storage/v1/b/{bucket}/o", OpUploadChunk},
	{http.MethodDelete, "upload/storage/v1/b/{bucket}/o", OpUploadCancel},
}

// classify finds the operation and the path's parameters; "" when the emulator has no such route.
func classify(r *http.Request) (Operation, map[string]string) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	for _, candidate := range routes {
		if candidate.method != r.Method {
			continue
		}
		if params, ok := matchPath(candidate.path, path); ok {
			return refine(candidate.operation, r), params
		}
	}
	api := strings.HasPrefix(path, "storage/v1/") || strings.HasPrefix(path, "upload/")
	if api || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
		return "", nil
	}
	bucketPart, objectPart, found := strings.Cut(path, "/")
	if !found || objectPart == "" {
		return "", nil
	}
	params, ok := unescape(map[string]string{"bucket": bucketPart, "object": objectPart})
	if !ok {
		return "", nil
	}
	return OpObjectMedia, params
}

// refine tells apart the operations that share a path.
func refine(operation Operation, r *http.Request) Operation {
	query := r.URL.Query()
	switch operation {
	case OpObjectGet:
		if query.Get("alt") == "media" {
			return OpObjectMedia
		}
	case OpObjectInsert, OpUploadChunk:
		if query.Get("upload_id") != "" {
			if namesTotal(r.Header.Get("Content-Range")) {
				return OpUploadFinish
			}
			return OpUploadChunk
		}
		if query.Get("uploadType") == "resumable" {
			return OpUploadStart
		}
	default:
	}
	return operation
}
