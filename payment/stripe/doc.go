// Package stripe is the payment gateway of Stripe, through its Go SDK.
//
// An authorization is a PaymentIntent that is confirmed off session and
// captured by hand; its id is the reference. What the contract of package
// gateway asks for beyond what Stripe does by itself is kept at Stripe, too, in
// metadata, so that this package keeps nothing:
//
//   - Every change that would do harm twice carries an idempotency key made of
//     the call's. Stripe forgets keys after a day or more, so a capture and a
//     void also leave a note in the metadata of their PaymentIntent, written by
//     the very request that does the work, and a refund has the key in its own.
//     A repeat finds the note and does nothing, however late it comes. An
//     authorization that is repeated after Stripe forgot its key is a second
//     one, and the first lapses by itself; a lookup searches before it repeats.
//   - Stripe cannot give up a part of an authorization. A partial void is a note:
//     what was voided is not captured any more, and the capture that takes the
//     last of the rest is the final one, by which Stripe lets go of what was
//     voided. A void of all that is left cancels the PaymentIntent, or closes it
//     with a final capture of nothing when a part was captured.
//   - Several captures of one authorization need Stripe's multicapture, which
//     not every account and card has. It is asked for; without it a capture of
//     less than all that is left is refused with MulticaptureUnavailable, since
//     Stripe would let go of the rest. Orders that are captured at confirmation
//     never need it.
//
// A card that is declined, or that wants its owner, is a refusal. No answer and
// errors of Stripe itself are gateway.ErrUnknownOutcome, too many requests, a
// key that is not accepted and a connection that was never made are
// gateway.ErrUnavailable. The SDK does not repeat a request by itself: whoever
// called does, with the same key.
//
// What proves it: the contract suite runs over a double of Stripe with state,
// which is part of the tests and knows what its author knows of Stripe. That
// every request has a shape that Stripe accepts is checked against stripe-mock,
// Stripe's own server of its published API. Only `make stripe-live`, which takes
// test keys, speaks to Stripe itself.
package stripe
