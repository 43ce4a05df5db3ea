package inventory_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/orderstream/oms/gen/oms/inventory/v1"
	"github.com/orderstream/oms/internal/fault"
	"github.com/orderstream/oms/inventory"
)

var (
	leeds = inventory.Address{Line1: "1 High Street", City: "Leeds", CountryCode: "GB"}
	york  = inventory.Address{City: "York"}
	east  = inventory.BinID(1, "east")
)

func delivery(bin, sku string, units int64) inventory.AdjustStock {
	return adjust(inventory.Adjustment{Movement: inventory.Add, Bin: bin, SKU: sku, Quantity: units})
}

func binCreated(name string, number int64, automatic bool) *inventoryv1.BinCreated {
	return &inventoryv1.BinCreated{CollectionId: 1, BinName: name, Number: number, Automatic: automatic}
}

func TestABinIsKnownOnceUnitsComeIntoIt(t *testing.T) {
	p := given(t)
	got, err := p.do(delivery("east", "a", 5))
	if err != nil {
		t.Fatal(err)
	}
	numbers := func(n int64) fact {
		return fact{inventory.NumbersID(1), &inventoryv1.NumbersAssigned{CollectionId: 1, LastBin: n}}
	}
	holds := func(n int64) fact {
		return fact{east, &inventoryv1.BinContentsChanged{CollectionId: 1, BinName: "east", StockedSkus: n}}
	}
	same(t, []fact{{east, binCreated("east", 1, true)}, numbers(1), holds(1)}, got[1:])

	for _, step := range []struct {
		what string
		do   command
		want []fact
	}{
		{"more of the same", delivery("east", "a", 5), nil},
		{"another SKU", delivery("east", "b", 1), []fact{holds(2)}},
		{"not the last units", adjust(inventory.Adjustment{Movement: inventory.Remove, Bin: "east", SKU: "a", Quantity: 9}), nil},
		{"the last of a SKU", adjust(inventory.Adjustment{Movement: inventory.Remove, Bin: "east", SKU: "a", Quantity: 1}), []fact{holds(1)}},
		{"a count that finds nothing", adjust(inventory.Adjustment{Movement: inventory.Reconcile, Bin: "west", SKU: "a"}), []fact{
			{inventory.BinID(1, "west"), binCreated("west", 2, true)},
			numbers(2),
		}},
		{"another bin", delivery("", "a", 1), []fact{
			{inventory.BinID(1, "main"), binCreated("main", 3, true)},
			numbers(3),
			{inventory.BinID(1, "main"), &inventoryv1.BinContentsChanged{CollectionId: 1, BinName: "main", StockedSkus: 1}},
		}},
	} {
		got, err := p.do(step.do)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(step.what)
		same(t, step.want, append([]fact(nil), got[1:]...))
	}
}

func TestAShipmentEmptiesABin(t *testing.T) {
	p := given(t)
	p.must(delivery("", "a", 2))
	p.must(reserve("r1", remove("a", 2)))
	p.must(ship("s1", r1, out("a", 2)))
	if b := p.items[inventory.BinID(1, "")].Bin(); b.Stocked != 0 || !b.Known {
		t.Errorf("the bin is %+v", b)
	}
}

func TestABinIsCreatedUpdatedAndDeleted(t *testing.T) {
	p := given(t)
	create := inventory.CreateBin{CollectionID: 1, Bin: "east", Name: "East", Address: leeds}
	where := &inventoryv1.BinAddress{Line1: "1 High Street", City: "Leeds", CountryCode: "GB"}
	for _, step := range []struct {
		what string
		do   command
		want []fact
	}{
		{"created", create, []fact{
			{east, &inventoryv1.BinCreated{CollectionId: 1, BinName: "east", Number: 1, DisplayName: "East", Address: where}},
			{inventory.NumbersID(1), &inventoryv1.NumbersAssigned{CollectionId: 1, LastBin: 1}},
		}},
		{"created again", create, nil},
		{"renamed", inventory.UpdateBin{CollectionID: 1, Bin: "east", Name: proto.String("The East"), ExpectRevision: 1}, []fact{
			{east, &inventoryv1.BinUpdated{CollectionId: 1, BinName: "east", Number: 1, DisplayName: "The East", Address: where}},
		}},
		{"moved", inventory.UpdateBin{CollectionID: 1, Bin: "east", Address: &york}, []fact{
			{east, &inventoryv1.BinUpdated{CollectionId: 1, BinName: "east", Number: 1, DisplayName: "The East", Address: &inventoryv1.BinAddress{City: "York"}}},
		}},
		{"moved again", inventory.UpdateBin{CollectionID: 1, Bin: "east", Address: &york}, nil},
		{"deleted", inventory.DeleteBin{CollectionID: 1, Bin: "east", ExpectRevision: 3}, []fact{
			{east, &inventoryv1.BinDeleted{CollectionId: 1, BinName: "east", Number: 1}},
		}},
		{"deleted again", inventory.DeleteBin{CollectionID: 1, Bin: "east", ExpectRevision: 3}, nil},
		{"created once more", inventory.CreateBin{CollectionID: 1, Bin: "east"}, []fact{{east, binCreated("east", 1, false)}}},
	} {
		got, err := p.do(step.do)
		if err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		t.Log(step.what)
		same(t, step.want, got)
	}
}

func TestSayingMoreOfABinThatIsKnownByItsUnits(t *testing.T) {
	p := given(t)
	p.must(delivery("east", "a", 1))
	got, err := p.do(inventory.CreateBin{CollectionID: 1, Bin: "east", Name: "East"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, []fact{{east, &inventoryv1.BinUpdated{CollectionId: 1, BinName: "east", Number: 1, DisplayName: "East"}}}, got)
	if b := p.items[east].Bin(); b.Automatic || b.Revision != 2 || b.Stocked != 1 {
		t.Errorf("the bin is %+v", b)
	}
}

func TestCommandsOnBinsAreRefused(t *testing.T) {
	p := given(t)
	p.must(inventory.CreateBin{CollectionID: 1, Bin: "east", Name: "East"})
	p.must(delivery("east", "a", 1))
	for name, tt := range map[string]struct {
		do     command
		kind   fault.Kind
		reason string
		says   string
	}{
		"no name":            {inventory.CreateBin{CollectionID: 1}, fault.Invalid, "invalid_fields", "bin_name:"},
		"exists":             {inventory.CreateBin{CollectionID: 1, Bin: "east", Name: "West"}, fault.Conflict, "bin_exists", "bin_name:"},
		"update of none":     {inventory.UpdateBin{CollectionID: 1, Bin: "west"}, fault.NotFound, "unknown_bin", "bin_name:"},
		"delete of none":     {inventory.DeleteBin{CollectionID: 1, Bin: "west"}, fault.NotFound, "unknown_bin", "bin_name:"},
		"delete of a full":   {inventory.DeleteBin{CollectionID: 1, Bin: "east"}, fault.Precondition, "bin_not_empty", "bin_name:"},
		"create, not as new": {inventory.CreateBin{CollectionID: 1, Bin: "east", Name: "East", ExpectRevision: 4}, fault.Conflict, "revision_mismatch", "expected_revision:"},
		"update of another":  {inventory.UpdateBin{CollectionID: 1, Bin: "east", ExpectRevision: 4}, fault.Conflict, "revision_mismatch", "expected_revision:"},
		"delete of another":  {inventory.DeleteBin{CollectionID: 1, Bin: "east", ExpectRevision: 4}, fault.Conflict, "revision_mismatch", "expected_revision:"},
	} {
		_, err := p.do(tt.do)
		if fault.KindOf(err) != tt.kind || fault.ReasonOf(err) != tt.reason || !strings.HasPrefix(fault.Public(err), tt.says) {
			t.Errorf("%s: got %v %s %q", name, fault.KindOf(err), fault.ReasonOf(err), fault.Public(err))
		}
	}
}
