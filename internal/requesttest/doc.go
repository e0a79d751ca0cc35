// Package requesttest throws requests at an API that are made from its own OpenAPI
// document, and judges the answers by the same document: requests that it allows,
// requests in which one rule is broken, and hostile ones.
//
// It reads the document by itself and has a validator of its own, so that it agrees
// with the code under test only where both follow the document.
package requesttest
