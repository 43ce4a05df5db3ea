package order

import (
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
)

// Customer says who buys. Without an id it is a guest.
type Customer struct {
	CustomerID string
	Email      string
	FirstName  string
	LastName   string
	Phone      string
	IP         string
	AccountID  string
	Guest      bool
}

// Address of a person, as the caller gave it.
type Address struct {
	FirstName   string
	LastName    string
	Company     string
	Line1       string
	Line2       string
	City        string
	Region      string
	PostalCode  string
	CountryCode string
	Phone       string
	Email       string
}

// Associate is the account that an order counts for. Without an id it counts for
// none; with an id and no number there is no such account.
type Associate struct {
	ID           string `cbor:"1,keyasint,omitzero"`
	Number       int64  `cbor:"2,keyasint,omitzero"`
	BackOfficeID string `cbor:"3,keyasint,omitzero"`
	Type         int64  `cbor:"4,keyasint,omitzero"`
	// Barred says that it may not order, which counts when the order is placed.
	Barred bool `cbor:"5,keyasint,omitzero"`
}

// check says why an order cannot count for the account.
func (a Associate) check() error {
	switch {
	case a.ID == "":
		return nil
	case a.Number == 0:
		return fault.New(fault.NotFound, "unknown_associate", "associate_id: there is no account %q", a.ID)
	case a.Barred:
		return fault.New(fault.Precondition, "associate_not_active", "associate_id: the account %q may not order", a.ID)
	}
	return nil
}

func (a Associate) stored() *orderv1.OrderAssociate {
	if a.ID == "" {
		return nil
	}
	return &orderv1.OrderAssociate{AssociateId: a.ID, AssociateNumber: a.Number, BackOfficeId: a.BackOfficeID, AssociateType: a.Type}
}

func associateOf(a *orderv1.OrderAssociate) Associate {
	return Associate{ID: a.GetAssociateId(), Number: a.GetAssociateNumber(), BackOfficeID: a.GetBackOfficeId(), Type: a.GetAssociateType()}
}

func (c Customer) stored() *orderv1.Customer {
	return &orderv1.Customer{
		CustomerId: c.CustomerID, Email: c.Email, FirstName: c.FirstName, LastName: c.LastName,
		Phone: c.Phone, Ip: c.IP, AccountId: c.AccountID, Guest: c.Guest,
	}
}

// stored is the address as events carry it; none stays none.
func (a *Address) stored() *orderv1.Address {
	if a == nil {
		return nil
	}
	return &orderv1.Address{
		FirstName: a.FirstName, LastName: a.LastName, Company: a.Company, Line1: a.Line1, Line2: a.Line2, City: a.City,
		Region: a.Region, PostalCode: a.PostalCode, CountryCode: a.CountryCode, Phone: a.Phone, Email: a.Email,
	}
}
