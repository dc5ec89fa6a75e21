// Pins the Hyperledger Fabric that the tests of this folder run: peer, orderer, configtxgen, cryptogen, osnadmin.
// There is no Go code of ours here, so do not `go mod tidy` it: that would drop the requirement.
module github.com/causeway-bridge/causeway/adapters/fabric/node

go 1.21

require github.com/hyperledger/fabric v1.4.0-rc1.0.20230401164317-bd8e24856939
