package customer

import (
	"time"

	customerv1 "github.com/orderstream/oms/gen/oms/customer/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Unit is what an interval counts.
type Unit = customerv1.IntervalUnit

// The units, by the names that the rest of the code uses.
const (
	Day   = customerv1.IntervalUnit_INTERVAL_UNIT_DAY
	Week  = customerv1.IntervalUnit_INTERVAL_UNIT_WEEK
	Month = customerv1.IntervalUnit_INTERVAL_UNIT_MONTH
)

// MaxEvery bounds an interval, so that times stay times.
const MaxEvery = 1000

// Interval is the time between two runs. It is counted in UTC.
type Interval struct {
	Unit  Unit  `cbor:"1,keyasint,omitempty"`
	Every int64 `cbor:"2,keyasint,omitempty"`
	// DayOfMonth is the day when months are counted; in a shorter month it is
	// the last one.
	DayOfMonth int64 `cbor:"3,keyasint,omitempty"`
}

// After is the first run that comes later than now, counted from another run.
// It is at least one interval away from that one. Runs in between are left out.
func (i Interval) After(from, now time.Time) time.Time {
	switch i.Unit {
	case Day:
		return after(from, now, time.Duration(i.Every)*24*time.Hour)
	case Week:
		return after(from, now, time.Duration(i.Every)*7*24*time.Hour)
	case Month:
		from, now = from.UTC(), now.UTC()
		n := max(1, (monthOf(now)-monthOf(from))/int(i.Every)) * int(i.Every)
		next := i.month(from, n)
		for !next.After(now) {
			n += int(i.Every)
			next = i.month(from, n)
		}
		return next
	case customerv1.IntervalUnit_INTERVAL_UNIT_UNSPECIFIED:
	}
	return time.Time{}
}

func after(from, now time.Time, step time.Duration) time.Time {
	passed := max(0, now.Sub(from))
	return from.Add(passed - passed%step + step)
}

func monthOf(t time.Time) int { return t.Year()*12 + int(t.Month()) - 1 }

// month is the run n months after another one.
func (i Interval) month(from time.Time, n int) time.Time {
	first := time.Date(from.Year(), from.Month()+time.Month(n), 1, from.Hour(), from.Minute(), from.Second(), from.Nanosecond(), time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(int(i.DayOfMonth), last)-1)
}

// complete fills what was left out: one of the unit, and the day of a run.
func (i Interval) complete(run time.Time) Interval {
	if i.Every == 0 {
		i.Every = 1
	}
	switch {
	case i.Unit != Month:
		i.DayOfMonth = 0
	case i.DayOfMonth == 0:
		i.DayOfMonth = int64(run.UTC().Day())
	}
	return i
}

// check notes what is wrong with an interval that is complete.
func (i Interval) check(f *fault.Fields) {
	if _, known := customerv1.IntervalUnit_name[int32(i.Unit)]; !known || i.Unit == 0 {
		f.Add("schedule.unit", "is not known")
	}
	if i.Every < 1 || i.Every > MaxEvery {
		f.Add("schedule.every", "must be 1 to %d", MaxEvery)
	}
	if i.Unit == Month && (i.DayOfMonth < 1 || i.DayOfMonth > 31) {
		f.Add("schedule.day_of_month", "must be 1 to 31")
	}
}
