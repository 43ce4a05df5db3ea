package fault

import (
	"errors"
	"fmt"
	"strings"
)

// ReasonInvalid is the reason code of every fault built from field violations.
const ReasonInvalid = "invalid_fields"

// Violation is one thing that is wrong with one field of a request.
type Violation struct {
	// Field is the path as the request spells it, e.g. "items[3].quantity".
	Field string
	// Message says what the field must be, e.g. "must be at least 1".
	Message string
}

// String is the field and its message, as public texts show it.
func (v Violation) String() string { return v.Field + ": " + v.Message }

// Field returns an Invalid fault with one violation.
func Field(field, format string, args ...any) error {
	var f Fields
	f.Add(field, format, args...)
	return f.Err()
}

// Fields collects violations, so that a caller learns of all of them at once.
// The zero value is ready to use.
type Fields struct{ violations []Violation }

// Add notes a violation; the message is format with args.
func (f *Fields) Add(field, format string, args ...any) {
	f.violations = append(f.violations, Violation{Field: field, Message: fmt.Sprintf(format, args...)})
}

// OK reports whether nothing was noted.
func (f *Fields) OK() bool { return f.Len() == 0 }

// Len is the number of violations noted so far.
func (f *Fields) Len() int { return len(f.violations) }

// Err returns one Invalid fault with every violation, or nil when there is
// none.
func (f *Fields) Err() error {
	if f.OK() {
		return nil
	}
	texts := make([]string, len(f.violations))
	for i, v := range f.violations {
		texts[i] = v.String()
	}
	return &Error{
		Kind:       Invalid,
		Reason:     ReasonInvalid,
		Text:       strings.Join(texts, "; "),
		Violations: append([]Violation(nil), f.violations...),
	}
}

// Violations returns the field violations of the outermost fault in err's
// chain; nil when it has none.
func Violations(err error) []Violation {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Violations
	}
	return nil
}
