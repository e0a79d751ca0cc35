// Package gcs is an honest stand-in for Google Cloud Storage: the part of the JSON and XML API that the
// official Go client (cloud.google.com/go/storage) speaks, served over real HTTP on loopback, with the
// clock, the durability and the faults that the promises of this project have to be tested against.
//
// Honest means three things. What it does, it does as Cloud Storage documents it: generations only grow,
// a retried chunk is not appended twice, a declared checksum is compared, soft delete keeps what was
// deleted, retention and holds refuse. What it does not know, it refuses (400, notImplemented)
// instead of ignoring it.
// And docs/emulator-gcs.md lists every difference that is known.
//
// State lives under one directory and survives SIGKILL at any instant: each change is one atomic rename,
// content is on disk before the record that names it, and Open repairs what a crash left half done.
// Content is streamed; memory does not grow with the size of an object.
//
// Time is Config.Clock only. Soft-deleted objects end, lifecycle rules act and upload sessions expire when
// a request (or Tick) finds that the clock has passed their instant; the real service does the same work
// asynchronously, up to a day later.
package gcs
