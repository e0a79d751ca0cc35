// Package webhook tells the app what happened: events go to the endpoints that want
// them, signed as Standard Webhooks 1.0.0 says, and are tried for three days.
//
// An event is a row in the business transaction that made it, with one row for each
// endpoint that it goes to. Each endpoint is delivered to by itself, so that one that
// is slow or gone holds up no other. Every try of a delivery has the same webhook-id:
// a receiver that gets it twice, as after a crash between its answer and our commit,
// recognises it. Bodies hold ids, codes and times, and no personal data.
package webhook
