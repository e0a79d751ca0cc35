package temporaldev

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"

	"steward/dev/internal/ports"
)

const (
	// shards is fixed when the database is first used; four are plenty for one machine.
	shards = 4
	// plugin is the server's name for its Postgres persistence.
	plugin = "postgres12"
	// clusterName and failoverIncrement are the server's own defaults for a single cluster.
	clusterName       = "active"
	failoverIncrement = 10
	// maxConns per store and service, of which there are two and four: with the 200
	// connections of `make up` that leaves more than half to everybody else.
	maxConns = 10
	// maxConnLifetime lets a connection go that outlived a Postgres restart.
	maxConnLifetime = time.Hour
	// joinTimeout bounds the wait of a service for the others.
	joinTimeout = 30 * time.Second
	// disabled switches archival off: Temporal keeps no evidence here.
	disabled = "disabled"
	// idLimit: Postgres' schema has varchar(255) for every id, the server's default is 1000.
	idLimit = 255
	// skipLimit is the number of skips in one session when a test asks for none;
	// the server's own default of 200 is too few for two years of daily timers.
	skipLimit = 10_000
)

// sqlConfig is one store.
func sqlConfig(db database) *config.SQL {
	return &config.SQL{
		PluginName:      plugin,
		ConnectAddr:     db.host,
		ConnectProtocol: "tcp",
		User:            db.user,
		Password:        db.password,
		DatabaseName:    db.name,
		MaxConns:        maxConns,
		MaxIdleConns:    maxConns,
		MaxConnLifetime: maxConnLifetime,
	}
}

// serverConfig builds the whole configuration in code: no file, no template.
func serverConfig(db database, grpcPorts map[primitives.ServiceName]int) *config.Config {
	frontend := hostPort(grpcPorts[primitives.FrontendService])
	return &config.Config{
		Global: config.Global{
			Membership: config.Membership{MaxJoinDuration: joinTimeout, BroadcastAddress: ports.Host},
		},
		Persistence: config.Persistence{
			DefaultStore:     "main",
			VisibilityStore:  "visibility",
			NumHistoryShards: shards,
			DataStores: map[string]config.DataStore{
				"main":       {SQL: sqlConfig(db)},
				"visibility": {SQL: sqlConfig(db.visibility())},
			},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: failoverIncrement,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services(grpcPorts),
		Archival: config.Archival{
			History:    config.HistoryArchival{State: disabled},
			Visibility: config.VisibilityArchival{State: disabled},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: disabled},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: disabled},
		}},
		PublicClient: config.PublicClient{HostPort: frontend},
	}
}

func services(grpcPorts map[primitives.ServiceName]int) map[string]config.Service {
	out := make(map[string]config.Service, len(grpcPorts))
	for name, port := range grpcPorts {
		out[string(name)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnLocalHost: true}}
	}
	return out
}

// staticHosts tells each service where the others are, so that no gossip between
// them is needed.
func staticHosts(grpcPorts map[primitives.ServiceName]int) map[primitives.ServiceName]static.Hosts {
	out := make(map[primitives.ServiceName]static.Hosts, len(grpcPorts))
	for name, port := range grpcPorts {
		out[name] = static.SingleLocalHost(hostPort(port))
	}
	return out
}

// choosePorts gives the frontend its port and each inner service a free one. The
// inner ones may change from start to start: only this process dials them.
func choosePorts(ctx context.Context, frontend int) (map[primitives.ServiceName]int, error) {
	chosen := map[primitives.ServiceName]int{primitives.FrontendService: frontend}
	taken := map[int]bool{frontend: true}
	inner := []primitives.ServiceName{primitives.HistoryService, primitives.MatchingService, primitives.WorkerService}
	for _, name := range inner {
		port, err := ports.Free(ctx, func(port int) bool { return taken[port] })
		if err != nil {
			return nil, fmt.Errorf("choosing the port of %s: %w", name, err)
		}
		chosen[name], taken[port] = port, true
	}
	return chosen, nil
}

// frontendReads is how many reads a second the frontend may do, for all or for one who lists runs: more than one
// machine can.
const frontendReads = 1_000_000

// dynamicConfig holds the settings that differ from the server's defaults.
func dynamicConfig(timeSkipping bool) dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		// A search attribute that `steward setup` registers is usable at once. The price is a read for each run of a
		// listing, so that some thousand runs would meet the frontend's limit of 2,000 reads a second.
		dynamicconfig.MakeKey("system.forceSearchAttributesCacheRefreshOnRead"): true,
		dynamicconfig.MakeKey("frontend.persistenceMaxQPS"):                     frontendReads,
		dynamicconfig.MakeKey("frontend.namespaceRPS.visibility"):               frontendReads,
		dynamicconfig.MakeKey("limit.maxIDLength"):                              idLimit,
		// No call to the outside on one machine.
		dynamicconfig.MakeKey("frontend.enableServerVersionCheck"):              false,
		dynamicconfig.MakeKey("frontend.WorkflowTimeSkippingEnabled"):           timeSkipping,
		dynamicconfig.MakeKey("frontend.WorkflowTimeSkippingMaxSkipPerSession"): skipLimit,
	}
}

func hostPort(port int) string { return net.JoinHostPort(ports.Host, strconv.Itoa(port)) }
