package dsco

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/orderstream/oms/endpoint"
)

// Types of accounts.
const (
	Retailer = "Retailer"
	Supplier = "Supplier"
)

// Account is an account of Dsco: that of a tenant, or of a partner.
type Account struct {
	ID               int64  `json:"accountId"`
	Type             string `json:"type"`
	Name             string `json:"name"`
	TradingPartnerID string `json:"tradingPartnerId"`
	// Partners of it.
	Partners []Account `json:"partners"`
}

// Accounts are those of the tenants of an installation, by tenant.
type Accounts map[string]Account

// ReadAccounts reads them as a JSON object by tenant.
func ReadAccounts(r io.Reader) (a Accounts, err error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return nil, err
	}
	for tenant, one := range a {
		for _, acc := range append([]Account{one}, one.Partners...) {
			if acc.ID < 1 || acc.ID > 1<<31-1 || acc.Type != Retailer && acc.Type != Supplier {
				return nil, fmt.Errorf("%s: an account needs an accountId of 1 to 2147483647 and the type %s or %s", tenant, Retailer, Supplier)
			}
		}
	}
	return a, nil
}

// Caller is the account of a tenant as endpoints are checked against it; its
// zero value asks nobody who he is.
func (a Accounts) Caller(tenant string) endpoint.Account {
	own := a[tenant]
	c := endpoint.Account{ID: own.ID, Retailer: own.Type == Retailer}
	for _, p := range own.Partners {
		c.Partners = append(c.Partners, p.ID)
	}
	return c
}

// sides are the retailer and the supplier of an order or an item, 0 when nobody
// says. The tenant is what it is; properties say who is on the other side.
func (a Accounts) sides(tenant string, ps ...properties) (retailer, supplier int64) {
	switch own := a[tenant]; own.Type {
	case Retailer:
		retailer = own.ID
	case Supplier:
		supplier = own.ID
	}
	for _, p := range ps {
		if n := p.number("dscoRetailerId"); n != nil {
			retailer = *n
		}
		if n := p.number("dscoSupplierId"); n != nil {
			supplier = *n
		}
	}
	return retailer, supplier
}

// partner is the other side of a tenant.
func (a Accounts) partner(tenant string, retailer, supplier int64) Account {
	for _, p := range a[tenant].Partners {
		if p.ID == retailer || p.ID == supplier {
			return p
		}
	}
	return Account{}
}

// ids are those of accounts that are there, each once.
func ids(all ...int64) (some []int64) {
	known := map[int64]bool{0: true}
	for _, id := range all {
		if !known[id] {
			some = append(some, id)
		}
		known[id] = true
	}
	return some
}
