package policy

import "steward/internal/promise"

// checkProof refuses an erasure that could not be proven, or not be done again after a restore.
func (r *reader) checkProof(p *Policy) {
	const key, mode = "keys.certificate", "promises.erasure.mode"
	for _, other := range []struct{ path, key string }{{"keys.manifest", p.Keys.Manifest}, {"keys.ledger", p.Keys.Ledger}} {
		r.refuse(p.Keys.Certificate == other.key, []string{other.path, key}, "make a key for certificates alone",
			"certificates and other evidence have the same key")
	}
	if p.Promises.Erasure == nil || p.Promises.Erasure.Mode != promise.Enforce {
		return
	}
	r.refuse(p.Keys.Certificate == "", []string{mode}, "pin the key of certificates in keys.certificate, or write observe",
		"nobody could check the certificate of an erasure")
	r.refuse(p.Storage.Replay == "", []string{mode}, "name a bucket in storage.replay, or write observe",
		"what is erased would come back with a restore")
}
