//! Attestors: a set of keys that signs whatever a test wants signed.

use alloy_primitives::{Address, B256, Bytes};
use causeway_evm_gateway::Gateway;
use causeway_protocol::{
    Attestation, Batch, GatewayId, Hash, LocalSigner, Rotation, Signer, Tree, keccak256,
};

/// A set of attestors, of whom `threshold` have to sign, in ascending order of address.
pub(crate) struct Attestors {
    signers: Vec<LocalSigner>,
    pub(crate) threshold: u8,
}

/// A batch of attestations and the signatures over it.
pub(crate) struct Signed {
    pub(crate) epoch: u64,
    pub(crate) tree: Tree,
    pub(crate) count: u32,
    pub(crate) signatures: Vec<Bytes>,
}

impl Attestors {
    /// `n` attestors whose keys follow from `name`.
    pub(crate) fn new(name: &str, threshold: u8, n: u8) -> Self {
        let mut signers: Vec<_> = (0..n)
            .map(|i| LocalSigner::from_bytes(&keccak256(format!("{name} {i}").as_bytes()).0).expect("a key"))
            .collect();
        signers.sort_by_key(Signer::address);
        Self { signers, threshold }
    }

    pub(crate) fn addresses(&self) -> Vec<Address> {
        self.signers.iter().map(|signer| Address::from(signer.address().0)).collect()
    }

    /// The first `n` attestors' signatures over a digest.
    pub(crate) fn sign_by(&self, n: usize, digest: Hash) -> Vec<Bytes> {
        let sign =
            |signer: &LocalSigner| Bytes::copy_from_slice(&signer.sign(digest).expect("a signature").0);
        self.signers[..n].iter().map(sign).collect()
    }

    /// Just enough signatures over a digest.
    pub(crate) fn sign(&self, digest: Hash) -> Vec<Bytes> {
        self.sign_by(usize::from(self.threshold), digest)
    }

    /// A batch for `gateway`, signed by just enough.
    pub(crate) fn attest(&self, gateway: GatewayId, epoch: u64, attestations: &[Attestation]) -> Signed {
        let batch = Batch::of(epoch, attestations).expect("1 to 1024 attestations");
        let signatures = self.sign(batch.digest(gateway));
        Signed { epoch, tree: Batch::tree(attestations), count: batch.count, signatures }
    }

    /// The signatures that hand `gateway` over to `next`.
    pub(crate) fn sign_rotation(&self, gateway: GatewayId, epoch: u64, next: &Self) -> Vec<Bytes> {
        let attestors = next.signers.iter().map(Signer::address).collect();
        self.sign(Rotation { epoch, threshold: next.threshold, attestors }.digest(gateway))
    }
}

impl Signed {
    fn path(&self, index: u32) -> Vec<B256> {
        let path = self.tree.path(index as usize).expect("an index inside the batch");
        path.into_iter().map(|node| B256::from(node.0)).collect()
    }

    /// The proof of one leaf.
    pub(crate) fn proof(&self, index: u32) -> Gateway::Proof {
        Gateway::Proof {
            epoch: self.epoch,
            count: self.count,
            index,
            path: self.path(index),
            signatures: self.signatures.clone(),
        }
    }

    /// The proof of all leaves.
    pub(crate) fn whole(&self) -> Gateway::BatchProof {
        self.some(&[])
    }

    /// The proof of some leaves.
    pub(crate) fn some(&self, indices: &[u32]) -> Gateway::BatchProof {
        Gateway::BatchProof {
            epoch: self.epoch,
            count: self.count,
            indices: indices.to_vec(),
            paths: indices.iter().map(|index| self.path(*index)).collect(),
            signatures: self.signatures.clone(),
        }
    }
}
