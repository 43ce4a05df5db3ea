// Package stored keeps the promise that a stored event decodes for ever: the
// bytes of every event, as each release wrote them, are in testdata and must
// read as they did.
package stored
