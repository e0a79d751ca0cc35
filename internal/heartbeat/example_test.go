package heartbeat_test

import (
	"fmt"

	"steward/internal/heartbeat"
)

// A URL does not show itself, wherever it is printed.
func ExampleURL() {
	at, err := heartbeat.ParseURL("https://beats.example/the-secret-path")
	fmt.Println(at, err)

	_, err = heartbeat.ParseURL("http://beats.example/the-secret-path")
	fmt.Println(err)
	// Output:
	// (secret) <nil>
	// reading a heartbeat's URL (it must be https): the configuration is wrong
}
