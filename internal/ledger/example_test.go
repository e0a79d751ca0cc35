package ledger_test

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/ledger"
)

// example gives the text of a test vector.
func example(name string) string {
	data, err := os.ReadFile("testdata/vectors/" + name)
	if err != nil {
		return err.Error()
	}

	_, text, _ := strings.Cut(string(data), "\n")

	return text
}

// A person who was given an entry, a proof and the public key needs nothing
// else, and sees nobody else's entry.
func ExampleVerifyProof() {
	verifier, err := note.NewVerifier(example("key.txt"))
	if err != nil {
		fmt.Println(err)

		return
	}

	leaf, proof := []byte(example("entry.txt")), []byte(example("proof.txt"))

	checkpoint, position, err := ledger.VerifyProof(leaf, proof, verifier)
	fmt.Println(position, "of", checkpoint.Size, err)
	// Output: 6 of 13 <nil>
}

// Whoever kept an old checkpoint can see that the ledger only grew since.
func ExampleVerifyConsistency() {
	verifier, err := note.NewVerifier(example("key.txt"))
	if err != nil {
		fmt.Println(err)

		return
	}

	kept, proof := []byte(example("checkpoint-old.txt")), []byte(example("consistency.txt"))

	newer, err := ledger.VerifyConsistency(kept, proof, verifier)
	fmt.Println("grown to", newer.Size, err)
	// Output: grown to 13 <nil>
}

func ExampleCanonical() {
	body, err := ledger.Canonical(ledger.ObservedBody{What: "bucket.retention", Object: "backups", Count: 1, Code: "as_policy"})
	fmt.Println(string(body), err)

	_, err = ledger.Canonical(ledger.ObservedBody{What: "mail", Object: "anna@example.com", Count: 1, Code: "as_policy"})
	fmt.Println(err)
	// Output:
	// {"code":"as_policy","count":1,"object":"backups","what":"bucket.retention"} <nil>
	// reading ledger body member object: the entry has a shape that the ledger does not hold
}
