//! The hub's words in an adapter's: an adapter never sees the hub.

use causeway_adapter::{GatewayStanding, Head, Standing, Statement};
use causeway_api::{Cursor, Delivery, RecordedHeader};

pub(crate) fn standing(cursor: Cursor) -> Standing {
    let gateways = cursor.gateways.into_iter().map(|gateway| GatewayStanding {
        id: gateway.gateway,
        address: gateway.address,
        number: gateway.number,
        height: gateway.height,
        missing: gateway.missing.into_iter().map(|range| range.first..=range.last).collect(),
    });
    Standing {
        island: cursor.island,
        family: cursor.family,
        head: Head { height: cursor.head.height, hash: cursor.head.hash },
        client_state: cursor.client_state,
        gateways: gateways.collect(),
    }
}

pub(crate) fn recorded(header: RecordedHeader) -> Head {
    Head { height: header.height, hash: header.hash }
}

pub(crate) fn statement(delivery: Delivery) -> Statement {
    Statement {
        gateway: delivery.gateway,
        address: delivery.address,
        packet: delivery.packet,
        lane: delivery.lane,
        attestation: delivery.attestation,
        result: delivery.result,
        batch: delivery.batch,
        proof: delivery.proof,
        signatures: delivery.signatures,
    }
}
