package promotion

import "google.golang.org/protobuf/proto"

// draft lets a command try its codes before anything is recorded: a
// transaction that fails at its last code must have used nothing up, and yet
// records that it failed.
type draft struct {
	load   func(id string) State
	states map[string]State
	events []draftedEvent
}

// draftedEvent is an event that is recorded when the draft is taken.
type draftedEvent struct {
	id    string
	event proto.Message
}

// state is an aggregate as it would be after the drafted events.
func (d *draft) state(id string) State {
	if s, ok := d.states[id]; ok {
		return s
	}
	return d.load(id)
}

// record drafts an event.
func (d *draft) record(id string, e proto.Message) {
	d.states[id] = Evolve(d.state(id), e)
	d.events = append(d.events, draftedEvent{id, e})
}
