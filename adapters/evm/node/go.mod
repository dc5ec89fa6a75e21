// Pins the GoQuorum 22.7.4 that the tests of this folder run: `go build github.com/ethereum/go-ethereum/cmd/geth`.
// There is no Go code of ours here, so do not `go mod tidy` it: that would drop the requirement.
module github.com/causeway-bridge/causeway/adapters/evm/node

go 1.21

require github.com/ethereum/go-ethereum v1.10.0

replace github.com/ethereum/go-ethereum => github.com/ConsenSys/quorum v0.0.0-20221208112643-d318a5aa973a

// GoQuorum's own replacement; a module's replacements do not reach those who require it.
replace github.com/coreos/etcd => github.com/Consensys/etcd v3.3.13-quorum197+incompatible
