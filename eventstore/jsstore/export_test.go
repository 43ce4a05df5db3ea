package jsstore

// FreezeLeases stops the leases of a store from being renewed and watched,
// while it goes on deciding, as a process does that was suspended.
func FreezeLeases(s *Store) { s.frozen.Store(true) }
