package fileprune

// left reports whether a set has left the policy: nobody waits for a younger backup
// of it, so it gets no exception and goes at its time, the newest proven one too.
func (r Rule) left(files string) bool { return r.Left != nil && r.Left(files) }

// stay takes out what has left the policy.
func (r Rule) stay(newest map[string]Manifest) map[string]Manifest {
	for files := range newest {
		if r.left(files) {
			delete(newest, files)
		}
	}

	return newest
}
