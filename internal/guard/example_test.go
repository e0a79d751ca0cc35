package guard_test

import (
	"fmt"
	"time"

	"steward/internal/gcs"
	"steward/internal/guard"
)

func ExampleCheck() {
	wanted := guard.Bucket{Name: "popkit-ledger", Settings: gcs.Settings{Location: "EU", UniformAccess: true, PublicAccessPrevented: true}}

	have := wanted.Settings
	have.SoftDelete = 7 * 24 * time.Hour

	for _, finding := range guard.Check(wanted, have) {
		fmt.Println(finding.Key, finding.Level, finding.Care)
		fmt.Println(finding)
	}
	// Output:
	// soft_delete drift safe
	// deleted objects stay for 7d, wanted none; mend: gcloud storage buckets update gs://popkit-ledger --clear-soft-delete
}
