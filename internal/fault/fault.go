// Package fault gives every failure that a caller can do something about a
// kind, a stable reason code and a text that may be shown outside.
//
// Errors are classified where they arise, wrapped with fmt.Errorf on the way
// up, and turned into a transport's own form once per transport. An error that
// nobody classified is our bug: it has kind Internal and shows no detail.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what the caller can do about a failure.
type Kind uint8

const (
	// Internal is our bug, or anything nobody classified.
	Internal Kind = iota
	// Invalid means that the request itself is wrong; sent again it fails again.
	Invalid
	// NotFound means that the thing named in the request does not exist.
	NotFound
	// Precondition means that the request is well formed, but the state it
	// meets does not allow it.
	Precondition
	// Conflict means that somebody else was there first: read again, decide
	// again.
	Conflict
	// Unavailable means that the same request may succeed later.
	Unavailable
	// PermissionDenied means that this caller may not do this.
	PermissionDenied
)

// String is the snake_case name, as logs and metrics carry it.
func (k Kind) String() string {
	switch k {
	case Internal:
		return "internal"
	case Invalid:
		return "invalid"
	case NotFound:
		return "not_found"
	case Precondition:
		return "precondition"
	case Conflict:
		return "conflict"
	case Unavailable:
		return "unavailable"
	case PermissionDenied:
		return "permission_denied"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Error is a classified failure. Build one with New, Wrap, Field or Fields.
type Error struct {
	// Kind says what the caller can do.
	Kind Kind
	// Reason is a stable snake_case code that programs may compare.
	Reason string
	// Text may be shown to the caller.
	Text string
	// Violations name the fields of an Invalid request, in the order in which
	// they were found.
	Violations []Violation
	// cause is for logs only.
	cause error
}

// Error is the text and, behind it, the cause; it is for logs. What a caller
// may see is Public.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.Text
	}
	return e.Text + ": " + e.cause.Error()
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is a fault of the same kind and reason, so that a
// fault kept in a variable serves as a sentinel whatever its text.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Reason == e.Reason
}

// New returns a fault whose text is format with args, as fmt.Sprintf does it.
func New(kind Kind, reason, format string, args ...any) error {
	return &Error{Kind: kind, Reason: reason, Text: fmt.Sprintf(format, args...)}
}

// Wrap returns a fault with err as its cause: errors.Is and errors.As find it,
// logs show it, the public text does not.
func Wrap(err error, kind Kind, reason, format string, args ...any) error {
	return &Error{Kind: kind, Reason: reason, Text: fmt.Sprintf(format, args...), cause: err}
}

// KindOf returns the kind of the outermost fault in err's chain. Whatever
// carries none, nil included, is Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// ReasonOf returns the reason code of the outermost fault in err's chain, or
// "internal".
func ReasonOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Reason != "" {
		return e.Reason
	}
	return "internal"
}

// Public returns the text that a caller may see. An unclassified or Internal
// error says only that it is one.
func Public(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e.Text
	}
	return "internal error"
}
