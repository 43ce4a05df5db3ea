package rpc

import (
	"context"
	"fmt"

	"github.com/orderstream/oms/eventstore"
	moneyv1 "github.com/orderstream/oms/gen/oms/money/v1"
	orderv1 "github.com/orderstream/oms/gen/oms/order/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/order"
)

func (s changes) CreateInvoice(ctx context.Context, req *orderv1.CreateInvoiceRequest) (*orderv1.CreateInvoiceResponse, error) {
	invoice, err := s.invoice(ctx, req.GetOrderId(), req.GetInvoice())
	if err != nil {
		return nil, err
	}
	invoice.ID = madeID(ctx, "i", invoice.ID, req)
	res, err := s.change(ctx, req, func(string) eventstore.Command[order.Order] {
		return order.CreateInvoice{Invoice: invoice, Now: s.now()}
	})
	if err != nil {
		return nil, err
	}
	id := invoice.ID
	if e := find[*orderv1.InvoiceCreated](res.events); e != nil {
		id = e.GetInvoice().GetInvoiceId()
	}
	return &orderv1.CreateInvoiceResponse{Receipt: res.receipt, InvoiceId: id}, nil
}

func (s changes) UpdateInvoice(ctx context.Context, req *orderv1.UpdateInvoiceRequest) (*orderv1.UpdateInvoiceResponse, error) {
	invoice, err := s.invoice(ctx, req.GetOrderId(), req.GetInvoice())
	if err != nil {
		return nil, err
	}
	res, err := s.change(ctx, req, func(string) eventstore.Command[order.Order] {
		return order.UpdateInvoice{Invoice: invoice, Now: s.now()}
	})
	return &orderv1.UpdateInvoiceResponse{Receipt: res.receipt}, err
}

// invoice reads an invoice; its amounts must be in the order's currency.
func (s changes) invoice(ctx context.Context, orderID string, in *orderv1.OrderInvoice) (order.Invoice, error) {
	snap, err := s.log.Read(ctx, callOf(ctx).Tenant, orderID, orderID)
	if err != nil {
		return order.Invoice{}, err
	}
	var v fault.Fields
	minor := func(field string, m *moneyv1.Money) int64 {
		if m != nil && m.GetCurrencyCode() != snap.State.Currency && snap.State.Currency != "" {
			v.Add(fmt.Sprintf("invoice.%s.currency_code", field), "must be %q like the order, not %q", snap.State.Currency, m.GetCurrencyCode())
		}
		return m.GetMinorUnits()
	}
	out := order.Invoice{
		ID: in.GetInvoiceId(), Number: in.GetInvoiceNumber(), Lines: unitsOf(in.GetLines()),
		ItemsMinor: minor("items", in.GetItems()), ShippingMinor: minor("shipping", in.GetShipping()), TaxMinor: minor("tax", in.GetTax()),
		PackageID: in.GetPackageId(), Date: in.GetInvoiceDate(), Properties: in.GetProperties(),
	}
	return out, v.Err()
}
