// Package cluster holds the test of several oms processes on one NATS server:
// each runs some of the roles, and one is killed while orders pass through.
package cluster
