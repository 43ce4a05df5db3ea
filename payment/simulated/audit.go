package simulated

// Charged returns what was captured in all, in minor units by currency. It is
// what an order system has to account for, whatever it remembers.
func (g *Gateway) Charged() (map[string]int64, error) {
	return g.sum(func(h hold) int64 { return h.Captured })
}

// Refunded returns what was given back of it, in minor units by currency.
func (g *Gateway) Refunded() (map[string]int64, error) {
	return g.sum(func(h hold) int64 { return h.Refunded })
}

// Reserved returns what is authorized and neither captured nor given up, in
// minor units by currency.
func (g *Gateway) Reserved() (map[string]int64, error) {
	return g.sum(func(h hold) int64 { return h.Authorized - h.Voided - h.Captured })
}

// sum adds up all authorizations by currency.
func (g *Gateway) sum(of func(hold) int64) (map[string]int64, error) {
	total := map[string]int64{}
	err := g.store.each(holdsBucket, func(_ string, value []byte) {
		h := decode[hold](value)
		total[h.Currency] += of(h)
	})
	return total, err
}

// Calls returns how often each idempotency key was used, lookups not counted.
// However often that was, the money moved once.
func (g *Gateway) Calls() (map[string]int, error) {
	calls := map[string]int{}
	err := g.store.each(callsBucket, func(key string, value []byte) {
		if k := decode[kept](value); k.Times > 0 {
			calls[key] = k.Times
		}
	})
	return calls, err
}
