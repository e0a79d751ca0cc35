// Package erasure keeps the case of each erasure: its row in the steward database, the
// stage that it has reached, its plan and who approved it. What a stage leads to is
// decided by pure functions over what the database holds; the rights and triggers of
// migration 0022 hold the same rules against whoever does not ask these functions.
//
// The row is the truth. A workflow only moves it on, and may be lost, forged or run twice:
// every step names the stage that it leaves, and changes nothing from any other.
//
//	requested -> planned -> awaiting_approval -> closing -> tombstoned -> executing
//	  -> verifying -> answered -> waiting -> done
//
// Until the tombstone it may be held, cancelled or blocked, and planned anew; from there on
// it only goes forward, though a person may have to mend what blocks it. In a policy
// that only observes erasures it ends after the plan.
package erasure
