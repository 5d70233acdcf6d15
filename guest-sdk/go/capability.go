package action

import "weir.dev/action/internal/host"

// Capability is something that an action asks for. It gets what both it asks for and the tenant grants.
type Capability struct{ wire host.Capability }

// HTTP asks for outgoing requests to one host, such as `api.example.com`, with methods in upper case; without methods
// it is GET.
//
//	Uses: []action.Capability{action.HTTP("api.example.com", "GET", "POST")}
func HTTP(name string, methods ...string) Capability {
	if len(methods) == 0 {
		methods = []string{"GET"}
	}
	return Capability{host.Capability{Kind: host.CapabilityHTTP, Name: name, Methods: methods}}
}

// KV asks for one bucket of the key-value store, for the package kv.
//
//	Uses: []action.Capability{action.KV("visits")}
func KV(bucket string) Capability {
	return Capability{host.Capability{Kind: host.CapabilityKV, Name: bucket}}
}

// Secret asks for one secret by name, for the package secrets.
//
//	Uses: []action.Capability{action.Secret("crm-token"), action.HTTP("crm.example.com")}
func Secret(name string) Capability {
	return Capability{host.Capability{Kind: host.CapabilitySecret, Name: name}}
}

// Variables asks for the run's variables, for the package variables.
//
//	Uses: []action.Capability{action.Variables()}
func Variables() Capability { return Capability{host.Capability{Kind: host.CapabilityVariables}} }

// Clock asks for the wall clock, which time.Now reads.
//
//	Uses: []action.Capability{action.Clock()}
func Clock() Capability { return Capability{host.Capability{Kind: host.CapabilityClock}} }

// Random asks for random bytes, which crypto/rand reads.
//
//	Uses: []action.Capability{action.Random()}
func Random() Capability { return Capability{host.Capability{Kind: host.CapabilityRandom}} }
