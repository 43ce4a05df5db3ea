package jsstore

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

// Headers of a log message, beside the CloudEvents attributes.
const (
	headerGroup  = "Oms-Group"  // unique id of the message: settles unknown outcomes
	headerEvents = "Oms-Events" // every event name in the message, with its count
)

// StreamName is the JetStream stream of a log.
func StreamName(log string) string { return "LOG_" + strings.ToUpper(log) }

// Subject is where a message with this headline goes.
func Subject(log, token string, partition int) string {
	return "log." + log + "." + token + "." + strconv.Itoa(partition)
}

// PartitionFilter matches every message of a partition. It is the fence: the
// server does not check a filter against the stream, so it is built only here.
func PartitionFilter(log string, partition int) string {
	return fmt.Sprintf("log.%s.*.%d", log, partition)
}

// Partition is where a scope of a tenant lives.
func Partition(tenant, scope string, partitions int) int {
	if partitions <= 1 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(tenant))
	_, _ = h.Write([]byte{0x1f})
	_, _ = h.Write([]byte(scope))
	return int(h.Sum64() % uint64(partitions)) //nolint:gosec // partitions is small and positive
}

// rowKey is the key of an aggregate in a state file; 0x1f cannot be in a tenant.
func rowKey(tenant, id string) string { return tenant + "\x1f" + id }

func splitRowKey(key string) (tenant, id string) {
	tenant, id, _ = strings.Cut(key, "\x1f")
	return tenant, id
}
