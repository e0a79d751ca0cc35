package cluster

import (
	"fmt"
	"path/filepath"
)

// settings of every cluster, beside the port. Durability stays on: the dev
// environment shows what production does, and survives a reset button.
const settings = `# Written by make up at every start: changes here are lost.
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
password_encryption = 'scram-sha-256'
fsync = on
shared_buffers = '128MB'
max_wal_size = '1GB'
# Not in /dev/shm: systemd empties that when its user logs out (RemoveIPC).
dynamic_shared_memory_type = 'mmap'
timezone = 'UTC'
log_timezone = 'UTC'
datestyle = 'iso, ymd'
lc_messages = 'C'
default_text_search_config = 'pg_catalog.english'
# The log goes to standard error; its reader bounds it.
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] %d '
log_min_messages = 'warning'
# Rows and statements hold personal data: neither reaches the log.
log_error_verbosity = 'terse'
log_min_error_statement = 'panic'
`

// hostRules let every login in by password over loopback, and nothing else.
//
//nolint:dupword // all databases, all users
const hostRules = `# Written by make up at every start: changes here are lost.
# Every login by its password, over loopback:
host all all 127.0.0.1/32 scram-sha-256
`

// Configure writes the cluster's settings. It is done before every start, so that
// a newer version of this program brings its settings along.
func (c Cluster) Configure() error {
	text := settings + fmt.Sprintf("port = %d\n", c.Port)
	if err := c.writeOwned(filepath.Join(c.Data, "postgresql.conf"), text); err != nil {
		return err
	}
	return c.writeOwned(filepath.Join(c.Data, "pg_hba.conf"), hostRules)
}

// Settings is what Configure writes beside the port; a running cluster with other
// settings is restarted by whoever sees the difference.
func Settings() string { return settings + hostRules }
