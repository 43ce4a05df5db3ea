package order

import orderv1 "github.com/orderstream/oms/gen/oms/order/v1"

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
