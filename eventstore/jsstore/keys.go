package jsstore

// keyState is the durable part of the idempotency keys: rows on their way to
// the state file. All rows that were ever stored are in the file.
type keyState struct {
	dirty    map[string]keyRow
	flushing map[string]keyRow
}

func newKeyState() keyState { return keyState{dirty: map[string]keyRow{}} }

func (p *partition[S]) lookupKey(key string) *keyRow {
	if k, ok := p.keys.dirty[key]; ok {
		return &k
	}
	if k, ok := p.keys.flushing[key]; ok {
		return &k
	}
	raw := p.file.get(p.id, bucketKeys, key)
	if raw == nil {
		return nil
	}
	k := &keyRow{}
	if err := decMode.Unmarshal(raw, k); err != nil {
		panic("unreadable idempotency key " + key + ": " + err.Error())
	}
	return k
}
