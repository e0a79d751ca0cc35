package pgtest

import (
	"bytes"
	"sync"
)

// output is what a server says from its first start on. It is safe for concurrent use.
type output struct {
	mu   sync.Mutex
	said bytes.Buffer // owned by mu
}

// Write implements io.Writer; it never fails.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()

	return o.said.Write(p)
}

// String is all of it.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()

	return o.said.String()
}

// Said is how often the server has said a text since its first start.
func (c *Cluster) Said(text string) int {
	c.output.mu.Lock()
	defer c.output.mu.Unlock()

	return bytes.Count(c.output.said.Bytes(), []byte(text))
}
