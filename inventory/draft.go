package inventory

import "google.golang.org/protobuf/proto"

// draft lets a command try its lines before anything is recorded: an
// all-or-none transaction that fails at its last line must have moved nothing,
// and yet records that it failed.
type draft struct {
	load   func(id string) Item
	items  map[string]Item
	events []draftedEvent
}

// draftedEvent is an event that is recorded when the draft is taken.
type draftedEvent struct {
	id    string
	event proto.Message
}

// item is an aggregate as it would be after the drafted events.
func (d *draft) item(id string) Item {
	if i, ok := d.items[id]; ok {
		return i
	}
	return d.load(id)
}

// record drafts an event.
func (d *draft) record(id string, e proto.Message) {
	d.items[id] = Evolve(d.item(id), e)
	d.events = append(d.events, draftedEvent{id, e})
}
