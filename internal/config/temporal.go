package config

import (
	"os"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"steward/internal/failure"
	"steward/internal/policy"
)

// Temporal reads the options of the Temporal client, from its own variables and
// from the profile file that they may name. It fails with ConfigInvalid where
// those cannot be read, and with DevOnly in a dev environment where either of
// them leads beyond this machine.
func Temporal() (client.Options, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return client.Options{}, failure.Wrap(failure.ConfigInvalid, "reading Temporal's variables", err)
	}

	dev := os.Getenv("STEWARD_ENV") == string(policy.Dev)
	// Empty means the client's default, which is on loopback.
	if dev && options.HostPort != "" && !loopback(options.HostPort) {
		return client.Options{}, beyond("the address of TEMPORAL_ADDRESS or of Temporal's profile")
	}

	return options, nil
}

// ReachedTemporal gives the error of a first call to Temporal its code:
// Unauthorised where it does not let us in, TemporalUnavailable for everything
// else. It returns nil for nil.
func ReachedTemporal(err error) error {
	code := failure.TemporalUnavailable

	// By name, since the package of the codes is none of our own dependencies.
	switch serviceerror.ToStatus(err).Code().String() {
	case "PermissionDenied", "Unauthenticated":
		code = failure.Unauthorised
	}

	return failure.Wrap(code, "reaching Temporal", err)
}
