//! Facts of every form, with anything in their fields.

use causeway_log::Fact;
use causeway_log::fact::*;
use causeway_protocol::{Address, Hash, IslandId, Signature};
use proptest::option;
use proptest::prelude::*;

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn address() -> impl Strategy<Value = Address> {
    any::<[u8; 20]>().prop_map(Address)
}

fn signature() -> impl Strategy<Value = Signature> {
    any::<[[u8; 13]; 5]>().prop_map(|parts| Signature(parts.concat().try_into().unwrap()))
}

/// Bytes of a length that the fact does not fix.
fn block() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..64)
}

/// Text, an alphabet of which is not ASCII.
const TEXT: &str = "[a-zé-]{0,12}";

/// One fact, of any form. A new form is a line here, and a function below.
pub(crate) fn facts() -> impl Strategy<Value = Fact> {
    let forms = [
        island_registered().boxed(),
        island_changed().boxed(),
        gateway_registered().boxed(),
        gateway_suspended().boxed(),
        gateway_claimed().boxed(),
        evidence_recorded().boxed(),
        gateway_event().boxed(),
        misbehaviour_proven().boxed(),
        token_admitted().boxed(),
        token_revoked().boxed(),
        token_rotated().boxed(),
        batch_attested().boxed(),
    ];
    prop::strategy::Union::new(forms)
}

fn island_registered() -> impl Strategy<Value = Fact> {
    (hash(), TEXT, TEXT, hash(), block(), any::<u64>(), hash(), any::<u64>()).prop_map(
        |(island, name, family, fingerprint, anchor, height, digest, at)| {
            let island = island.into();
            IslandRegistered { island, name, family, fingerprint, anchor, height, digest, at }.into()
        },
    )
}

fn island_changed() -> impl Strategy<Value = Fact> {
    (hash(), any::<u64>(), "approved|frozen|retired", TEXT, TEXT, any::<u64>()).prop_map(
        |(island, position, change, actor, reason, at)| {
            IslandChanged { island: island.into(), position, change, actor, reason, at }.into()
        },
    )
}

fn gateway_registered() -> impl Strategy<Value = Fact> {
    (hash(), hash(), block(), any::<u64>()).prop_map(|(gateway, island, address, at)| {
        GatewayRegistered { gateway: gateway.into(), island: island.into(), address, at }.into()
    })
}

fn gateway_suspended() -> impl Strategy<Value = Fact> {
    (hash(), any::<u64>(), TEXT, any::<u64>(), hash(), any::<u64>()).prop_map(
        |(gateway, position, reason, number, evidence, at)| {
            GatewaySuspended { gateway: gateway.into(), position, reason, number, evidence, at }.into()
        },
    )
}

fn gateway_claimed() -> impl Strategy<Value = Fact> {
    (hash(), hash(), block(), hash(), address(), TEXT, any::<u64>()).prop_map(
        |(gateway, island, address, birth, owner, actor, at)| {
            let (gateway, island) = (gateway.into(), island.into());
            GatewayClaimed { gateway, island, address, birth, owner, actor, at }.into()
        },
    )
}

fn evidence_recorded() -> impl Strategy<Value = Fact> {
    (any::<[u64; 5]>(), hash(), hash(), TEXT, address(), signature()).prop_map(
        |([sequence, first, last, events, at], island, digest, kind, relayer, signature)| {
            let island = island.into();
            EvidenceRecorded { sequence, island, digest, kind, first, last, events, relayer, signature, at }
                .into()
        },
    )
}

fn gateway_event() -> impl Strategy<Value = Fact> {
    let options =
        (option::of(hash()), option::of(any::<bool>()), option::of(any::<u8>()), option::of(hash()));
    (hash(), any::<[u64; 6]>(), TEXT, options, block(), hash()).prop_map(
        |(gateway, [number, height, transaction, log, time, at], event, options, block, evidence)| {
            let (subject, success, outcome, result) = options;
            GatewayEvent {
                gateway: gateway.into(),
                number,
                event,
                subject,
                success,
                outcome,
                result,
                height,
                block,
                transaction,
                log,
                time,
                evidence,
                at,
            }
            .into()
        },
    )
}

fn misbehaviour_proven() -> impl Strategy<Value = Fact> {
    (hash(), hash(), any::<[u64; 3]>(), block(), block()).prop_map(
        |(island, digest, [meeting, height, at], first, second)| {
            let (island, blocks) = (island.into(), [first, second]);
            MisbehaviourProven { island, digest, meeting, height, blocks, at }.into()
        },
    )
}

fn token_admitted() -> impl Strategy<Value = Fact> {
    let bound = (option::of(address()), option::of(hash()));
    (any::<[u8; 16]>(), TEXT, TEXT, bound, any::<bool>(), any::<u64>()).prop_map(
        |(token, name, role, (address, island), held_by_hub, at)| {
            let island = island.map(IslandId::from);
            TokenAdmitted { token, name, role, address, island, held_by_hub, at }.into()
        },
    )
}

fn token_revoked() -> impl Strategy<Value = Fact> {
    (any::<[u8; 16]>(), TEXT, any::<u64>())
        .prop_map(|(token, actor, at)| TokenRevoked { token, actor, at }.into())
}

fn token_rotated() -> impl Strategy<Value = Fact> {
    (any::<[[u8; 16]; 2]>(), TEXT, any::<[u64; 2]>()).prop_map(
        |([token, successor], actor, [at, ends_at])| {
            TokenRotated { token, successor, actor, at, ends_at }.into()
        },
    )
}

fn batch_attested() -> impl Strategy<Value = Fact> {
    (hash(), any::<[u64; 3]>(), hash(), address(), signature()).prop_map(
        |(gateway, [epoch, count, at], root, attestor, signature)| {
            BatchAttested { gateway: gateway.into(), epoch, count, root, attestor, signature, at }.into()
        },
    )
}
