// Package skava holds the wire payloads of the Skava order microservice, as
// downstream services read them and participants answer them: plain structs,
// the names of streams, subjects and headers, and the closed sets of constants.
//
// Keys are spelled as the source system spells them, which is not the same in
// every model (orderid here, orderId there), and stand in its order. Whole
// numbers are JSON numbers, 64 bits wide. A reader ignores keys that it does
// not know. A list that a model always has must not be nil: a nil one would go
// out as null.
//
// What the source system leaves open is our own proposal and says so: the
// replies of the bulk queues, the fraud queue, the release of promotions, and
// the headers that tie a request to its order.
package skava
