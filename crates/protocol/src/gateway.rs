//! Gateways: the contracts, chaincodes or modules on an island that send, accept and settle packets.

use crate::hash::{Hasher, id};
use crate::{Hash, IslandId};

id! {
    /// Names one gateway: an address on an island, born in one block.
    GatewayId
}

impl GatewayId {
    /// `H(H("causeway/gateway/1") ‖ island ‖ H(address) ‖ birth)`.
    ///
    /// `address` is 20 raw bytes on EVM islands, else the UTF-8 name. `birth` is the hash of the block before the one in
    /// which the gateway was opened, so that a twin chain, or a gateway deployed again at the same address, differs.
    pub fn derive(island: IslandId, address: &[u8], birth: Hash) -> Self {
        Hasher::new().hashed(b"causeway/gateway/1").word(island).hashed(address).word(birth).finish().into()
    }
}
