package projections

import (
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// bucketCheckpoint holds the checkpoint under its own name. No projector can
// have a bucket of this name.
const bucketCheckpoint = "_checkpoint"

// checkpoint says what a file is and how much of the log it has seen.
type checkpoint struct {
	View    string `json:"view"`
	Version uint32 `json:"version"`
	// Position is the last message seen, Group is its id: a log that lost its
	// tail uses positions again, but never ids.
	Position uint64 `json:"position"`
	Group    string `json:"group"`
	// Rows of the main bucket.
	Rows int64 `json:"rows"`
	// Unknown counts the events that were passed over.
	Unknown   uint64    `json:"unknown"`
	UpdatedAt time.Time `json:"updated_at"`
	Parked    *parking  `json:"parked,omitempty"`
}

// parking says where a view stopped and why.
type parking struct {
	Position uint64    `json:"position"`
	Reason   string    `json:"reason"`
	At       time.Time `json:"at"`
}

func (cp checkpoint) store(tx *bolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists([]byte(bucketCheckpoint))
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	raw, err := json.Marshal(cp)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := b.Put([]byte(bucketCheckpoint), raw); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// loadCheckpoint reads the checkpoint of a file; a new file has none, and ok is
// false.
func loadCheckpoint(tx *bolt.Tx) (cp checkpoint, ok bool, err error) {
	b := tx.Bucket([]byte(bucketCheckpoint))
	if b == nil {
		return cp, false, nil
	}
	if err := json.Unmarshal(b.Get([]byte(bucketCheckpoint)), &cp); err != nil {
		return cp, false, fmt.Errorf("checkpoint: %w", err)
	}
	return cp, true, nil
}
