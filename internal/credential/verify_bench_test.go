package credential_test

import (
	"testing"

	"steward/internal/access"
	"steward/internal/credential"
)

// BenchmarkVerify compares the time of right and wrong tokens: an unknown id and a
// wrong secret take as long as each other, so that time tells nobody which ids there
// are. What is no token at all is answered sooner, and tells only that.
func BenchmarkVerify(b *testing.B) {
	w := open(b)
	_, token := w.made.Key(b, access.PromisesRead)
	_, other := w.made.Key(b, access.PromisesRead)

	listening(b, w.verifier)

	for _, each := range []struct{ name, token string }{
		{"right", token},
		{"wrong-secret", credential.WithSecretOf(token, other)},
		{"unknown-id", credential.Make(access.App).Reveal()},
		{"no-token", "stw_app_x"},
	} {
		b.Run(each.name, func(b *testing.B) {
			for b.Loop() {
				_, err := w.verifier.Verify(b.Context(), each.token)
				if (err == nil) != (each.name == "right") {
					b.Fatal(err)
				}
			}
		})
	}
}
