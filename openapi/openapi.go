// Package openapi holds the description of the API, made from proto/.
package openapi

import _ "embed" // the document

// Document is the OpenAPI description of every unary call, as YAML.
//
//go:embed oms.yaml
var Document []byte
