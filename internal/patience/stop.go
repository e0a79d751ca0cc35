package patience

import "time"

// StopTimeout is how long a worker lets running activities finish after SIGTERM,
// before it gives them back. Whoever stops a worker must wait longer than EndTimeout.
const StopTimeout = 30 * time.Second

// EndTimeout is how long a whole process may take from SIGTERM to its end:
// StopTimeout, and time to answer what is asked of it, to end the sequencer, and
// to close its connections.
const EndTimeout = StopTimeout + 15*time.Second
