// Package vocabularies has the events of every vocabulary that is offered. One
// that is new is added here, and the API and the catalogue page know it.
package vocabularies

import (
	"github.com/orderstream/oms/delivery/catalogue"
	"github.com/orderstream/oms/delivery/directscale"
	"github.com/orderstream/oms/delivery/dsco"
	"github.com/orderstream/oms/delivery/skava"
	deliveryv1 "github.com/orderstream/oms/gen/oms/delivery/v1"
)

// All returns the events of all vocabularies.
func All() catalogue.Catalogue {
	return catalogue.Catalogue{ //nolint:exhaustive // the collector has an API of its own
		deliveryv1.Vocabulary_VOCABULARY_DIRECTSCALE: directscale.Catalogue(),
		deliveryv1.Vocabulary_VOCABULARY_SKAVA:       skava.Catalogue(),
		deliveryv1.Vocabulary_VOCABULARY_DSCO:        dsco.Catalogue(),
	}
}
