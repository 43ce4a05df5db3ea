// Package rpc is the API edge: Connect, gRPC and gRPC-Web, and JSON over plain
// HTTP, on one port.
//
// A handler parses, executes and replies, and that is all it does. What comes
// before and after is the same for every call and stands in one place each:
//
//	limit     how large a request may be
//	gate      who calls, for which tenant, whether he may (before the body is read)
//	decoder   reads the body and refuses what the request has no field for
//	validator applies the rules in the .proto files
//	outcome   turns faults into codes and details, and panics into faults
//
// Handlers write through eventstore.Log and read from views; both are given to
// Handler in its Config.
package rpc
