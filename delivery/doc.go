// Package delivery tells the outside what happens: it turns stored events into
// notices for the endpoints that hear them, and sends each until its endpoint has
// it.
//
// Three things move, each at its own speed:
//
//   - A feed follows one log of the domain. What its events say in the words of
//     the vocabularies is matched with the endpoints and stored in the delivery
//     log, together with the place in the domain's log: nothing is queued twice
//     or left out, whatever dies in between.
//   - A lane is one endpoint. It holds the next few deliveries in memory and
//     reads on in the view of deliveries when they are through, so a million
//     that wait cost no memory. A lane waits for nobody else's: its attempts
//     under way, its rate, its breaker and its retries are its own.
//   - The recorder stores what became of attempts, many at a time. A delivery is
//     out of its lane only when that is stored.
//
// A process does this for the tenants whose partition of the delivery log it
// owns, so two processes never send for the same endpoint; one that lost its
// lease is refused by the log as soon as it has something to record. What was
// sent and not recorded when a process dies is sent again, under the same id.
package delivery
