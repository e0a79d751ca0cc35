package policy

import "steward/internal/strictyaml"

// Parse reads a policy. name is the name of the file, for errors. The only
// error is *Problems, with everything that is wrong.
func Parse(name string, src []byte) (*Policy, error) {
	p := &Policy{}
	r := &reader{strictyaml.Read(format(), src, policyShape(), p)}
	if r.Began() {
		r.contradictions(p)
	}
	if err := r.Err(name); err != nil {
		return nil, err
	}
	p.canonical, p.place = r.Canonical(), r.Place
	return p, nil
}
