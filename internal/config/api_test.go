package config_test

import (
	"strings"
	"testing"

	"steward/internal/config"
	"steward/internal/failure"
	"steward/internal/policy"
)

// TestPlainTextIsRefused: beyond loopback there is TLS, or there are proxies that have it.
func TestPlainTextIsRefused(t *testing.T) {
	const listen, cert, key, plain, proxies = "STEWARD_API_LISTEN", "STEWARD_API_TLS_CERT", "STEWARD_API_TLS_KEY",
		"STEWARD_API_PLAIN_FOR_PROXIES", "STEWARD_API_PROXIES"

	for name, test := range map[string]struct {
		set  map[string]string
		want failure.Code
		in   policy.Environment
	}{
		"nothing set":             {nil, "", policy.Production},
		"loopback":                {map[string]string{listen: "127.0.0.1:0"}, "", policy.Dev},
		"IPv6 loopback":           {map[string]string{listen: "[::1]:8480"}, "", policy.Production},
		"own certificate":         {map[string]string{listen: "0.0.0.0:443", cert: "c", key: "k"}, "", policy.Production},
		"behind a proxy":          {map[string]string{listen: "10.0.0.5:80", plain: "true", proxies: "10.0.0.0/8"}, "", policy.Production},
		"plain":                   {map[string]string{listen: "10.0.0.5:80"}, failure.ConfigInvalid, policy.Production},
		"plain with proxies only": {map[string]string{listen: "0.0.0.0:80", proxies: "10.0.0.0/8"}, failure.ConfigInvalid, policy.Production},
		"plain for nobody":        {map[string]string{listen: "0.0.0.0:80", plain: "true"}, failure.ConfigInvalid, policy.Production},
		"plain and certificate": {
			map[string]string{listen: "0.0.0.0:80", cert: "c", key: "k", plain: "true", proxies: "10.0.0.0/8"}, failure.ConfigInvalid, policy.Production,
		},
		"no key":         {map[string]string{cert: "c"}, failure.ConfigInvalid, policy.Production},
		"a name":         {map[string]string{listen: "localhost:80"}, failure.ConfigInvalid, policy.Production},
		"no host":        {map[string]string{listen: ":80"}, failure.ConfigInvalid, policy.Production},
		"no port":        {map[string]string{listen: "127.0.0.1"}, failure.ConfigInvalid, policy.Production},
		"every proxy":    {map[string]string{proxies: "0.0.0.0/0"}, failure.ConfigInvalid, policy.Production},
		"unknown header": {map[string]string{"STEWARD_API_FORWARDED": "forwarded"}, failure.ConfigInvalid, policy.Production},
		"no connections": {map[string]string{"STEWARD_API_CONNECTIONS": "0"}, failure.ConfigInvalid, policy.Production},
		"negative rate":  {map[string]string{"STEWARD_API_ADDRESS_RATE": "-1"}, failure.ConfigInvalid, policy.Production},
		"no rate":        {map[string]string{"STEWARD_API_CREDENTIAL_RATE": "NaN"}, failure.ConfigInvalid, policy.Production},
		"endless drain":  {map[string]string{"STEWARD_API_DRAIN": "2m"}, failure.ConfigInvalid, policy.Production},
		"no duration":    {map[string]string{"STEWARD_API_DRAIN": "soon"}, failure.ConfigInvalid, policy.Production},
		"dev beyond":     {map[string]string{listen: "10.0.0.5:443", cert: "c", key: "k"}, failure.DevOnly, policy.Dev},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range test.set {
				t.Setenv(variable, value)
			}

			_, err := config.LoadAPI(test.in)
			if test.want == "" && err != nil || test.want != "" && !failure.Is(err, test.want) {
				t.Error(err)
			}

			if err != nil && !strings.Contains(err.Error(), "STEWARD_API") && !strings.Contains(err.Error(), "forwarding header") &&
				!strings.Contains(err.Error(), "networks of proxies") && !strings.Contains(err.Error(), "Drain") {
				t.Errorf("it names no variable: %v", err)
			}
		})
	}
}

func TestWhatTheAPIIsTold(t *testing.T) {
	t.Setenv("STEWARD_API_LISTEN", "0.0.0.0:8480")
	t.Setenv("STEWARD_API_PROXIES", "172.16.0.0/12, 10.0.0.1")
	t.Setenv("STEWARD_API_PLAIN_FOR_PROXIES", "true")
	t.Setenv("STEWARD_API_CREDENTIAL_RATE", "0.25")

	api, err := config.LoadAPI(policy.Production)
	if err != nil {
		t.Fatal(err)
	}

	if !api.ProxyOnly() || !api.Secure() || len(api.Finder.Proxies) != 2 || api.CredentialLimit().Burst != 1 || api.AddressLimit().Burst != 4000 {
		t.Errorf("%+v", api)
	}

	t.Setenv("STEWARD_API_LISTEN", "127.0.0.1:8480")
	t.Setenv("STEWARD_API_PROXIES", "")
	t.Setenv("STEWARD_API_PLAIN_FOR_PROXIES", "")

	if api, err = config.LoadAPI(policy.Production); err != nil || api.ProxyOnly() || api.Secure() {
		t.Errorf("%+v %v", api, err)
	}
}
