//! Packets: history, one packet, its events.

use axum::extract::State;
use causeway_api as api;
use causeway_ledger::{IslandRef, PacketFilter};
use causeway_protocol::schema::Bytes;
use causeway_protocol::{GatewayId, LaneId, PacketId};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::IntoParams;

use crate::app::{App, Hub, limit};
use crate::auth::Caller;
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemCode};

/// Which packets, and what part of the list. Everything left out matches everything.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Sent from or to this island, by name or id.
    island: Option<String>,
    /// Sent by this gateway's id, or by the gateway of this island, by name or id.
    source: Option<String>,
    /// Sent to this gateway's id, or to the gateway of this island, by name or id.
    destination: Option<String>,
    /// In this lane.
    lane: Option<LaneId>,
    /// In this state.
    state: Option<api::PacketState>,
    /// From this sender, its bytes as 0x-hex.
    #[param(value_type = Option<Bytes>)]
    sender: Option<String>,
    /// To this receiver, its bytes as 0x-hex.
    #[param(value_type = Option<Bytes>)]
    receiver: Option<String>,
    /// Recorded at or after this time, RFC 3339.
    #[param(value_type = Option<OffsetDateTime>)]
    since: Option<String>,
    /// Recorded before this time, RFC 3339.
    #[param(value_type = Option<OffsetDateTime>)]
    until: Option<String>,
    /// Most packets: 1 to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) next: Option<String>,
}

/// Packets, newest first.
#[utoipa::path(
    get, path = "/v1/packets", operation_id = "list_packets", tag = "packets",
    params(Filter),
    responses((status = 200, body = api::Page<api::Packet>)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<Filter>,
) -> Result<Json<api::Page<api::Packet>>, Problem> {
    packets_page(&app, &caller, query).await.map(Json)
}

/// The packets that a caller may see of those that match.
pub(crate) async fn packets_page(
    app: &Hub,
    caller: &Caller,
    query: Filter,
) -> Result<api::Page<api::Packet>, Problem> {
    let limit = limit(query.limit)?;
    let after =
        query.next.as_deref().map(|next| next.parse().map_err(|_| invalid("next", next))).transpose()?;
    let mut filter = PacketFilter {
        lane: query.lane,
        state: query.state,
        sender: bytes("sender", query.sender.as_deref())?,
        receiver: bytes("receiver", query.receiver.as_deref())?,
        since: moment("since", query.since.as_deref())?,
        until: moment("until", query.until.as_deref())?,
        // A token of one island sees the packets of that island.
        island: caller.island,
        ..PacketFilter::default()
    };
    if let Some(named) = &query.island {
        filter.island = Some(app.island(named, caller).await?.id);
    }
    filter.source = gateway(app, caller, "source", query.source.as_deref()).await?;
    filter.destination = gateway(app, caller, "destination", query.destination.as_deref()).await?;
    let page = app.ledger.packets(&filter, after, limit).await?;
    Ok(api::Page { items: page.items, next: page.next.map(|next| next.to_string()) })
}

/// One packet.
#[utoipa::path(
    get, path = "/v1/packets/{id}", operation_id = "show_packet", tag = "packets",
    params(("id" = PacketId, Path, description = "The packet's id.")),
    responses((status = 200, body = api::Packet)),
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<PacketId>,
) -> Result<Json<api::Packet>, Problem> {
    Ok(Json(visible(&app, &caller, id).await?))
}

/// Everything that happened to one packet: its proven events and the signatures that cover it.
#[utoipa::path(
    get, path = "/v1/packets/{id}/timeline", operation_id = "packet_timeline", tag = "packets",
    params(("id" = PacketId, Path, description = "The packet's id.")),
    responses((status = 200, body = api::Timeline)),
)]
pub(crate) async fn timeline(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<PacketId>,
) -> Result<Json<api::Timeline>, Problem> {
    visible(&app, &caller, id).await?;
    app.ledger.timeline(id).await?.map(Json).ok_or_else(|| Problem::not_found("packet"))
}

/// The packet, if one of its ends is an island of the caller's.
pub(crate) async fn visible(hub: &Hub, caller: &Caller, id: PacketId) -> Result<api::Packet, Problem> {
    let packet = hub.ledger.packet(id).await?.ok_or_else(|| Problem::not_found("packet"))?;
    let ends = [Some(packet.source_island), packet.destination_island];
    if caller.island.is_some() && !ends.contains(&caller.island) {
        return Err(Problem::not_found("packet"));
    }
    Ok(packet)
}

/// A gateway by its own id, or as the only one of an island of the caller's: another's name is no name.
async fn gateway(
    hub: &Hub,
    caller: &Caller,
    what: &str,
    named: Option<&str>,
) -> Result<Option<GatewayId>, Problem> {
    let Some(named) = named else { return Ok(None) };
    let Ok(which) = named.parse::<IslandRef>();
    let island = hub.ledger.island(&which).await?.filter(|island| caller.may_see(island.id).is_ok());
    let Some(island) = island else {
        return named.parse().map(Some).map_err(|_| invalid(what, named));
    };
    match island.gateways.as_slice() {
        [only] => Ok(Some(only.id)),
        several => {
            let detail = format!("{what}: {named} has {} gateways, name one by its id", several.len());
            Err(Problem::new(ProblemCode::InvalidQuery, detail))
        }
    }
}

fn bytes(what: &str, text: Option<&str>) -> Result<Option<Vec<u8>>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let digits = text.strip_prefix("0x").ok_or_else(|| invalid(what, text))?;
    const_hex::decode(digits).map(Some).map_err(|_| invalid(what, text))
}

pub(crate) fn moment(what: &str, text: Option<&str>) -> Result<Option<OffsetDateTime>, Problem> {
    let read = |text| OffsetDateTime::parse(text, &Rfc3339).map_err(|_| invalid(what, text));
    text.map(read).transpose()
}

pub(crate) fn invalid(what: &str, came: &str) -> Problem {
    let came: String = came.chars().take(80).collect();
    let expected = match what {
        "sender" | "receiver" => "0x and hex digits",
        "since" | "until" => "a time like 2026-01-31T12:00:00Z",
        "next" => "the `next` of the page before",
        _ => "the id of a gateway, or the name or id of an island",
    };
    Problem::new(ProblemCode::InvalidQuery, format!("{what} is {came:?}, expected {expected}"))
}
