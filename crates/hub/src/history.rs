//! History in numbers: by hour and lane, and by relayer.

use axum::extract::State;
use causeway_api as api;
use causeway_ledger::HoursFilter;
use causeway_protocol::schema::Decimal;
use causeway_protocol::{Address, IslandId, LaneId};
use serde::Deserialize;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use utoipa::IntoParams;

use crate::app::{App, Hub, limit};
use crate::auth::Caller;
use crate::extract::{Json, Query};
use crate::packets::{invalid, moment};
use crate::problem::{Problem, ProblemCode};

/// Longest span that is counted at once, in days.
const MOST_DAYS: i64 = 31;

/// Which hours, and what part of the list. Everything left out matches everything.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Hours {
    /// Recorded at or after this time, RFC 3339; a day before `until` where it is left out.
    #[param(value_type = Option<OffsetDateTime>)]
    since: Option<String>,
    /// Recorded before this time, RFC 3339; now where it is left out. At most 31 days after `since`.
    #[param(value_type = Option<OffsetDateTime>)]
    until: Option<String>,
    /// Sent from or to this island, by name or id.
    island: Option<String>,
    /// In this lane.
    lane: Option<LaneId>,
    /// Most pairs of hour and lane: 1 to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) next: Option<String>,
}

/// Packets by the hour in which they were recorded and by lane, the newest hour first: how many there were, what has become of them, and how
/// long they took.
#[utoipa::path(
    get, path = "/v1/stats/hours", operation_id = "lane_hours", tag = "packets",
    params(Hours),
    responses((status = 200, body = api::Page<api::LaneHour>)),
)]
pub(crate) async fn hours(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<Hours>,
) -> Result<Json<api::Page<api::LaneHour>>, Problem> {
    hours_page(&app, &caller, query).await.map(Json)
}

/// What a caller may see of it.
pub(crate) async fn hours_page(
    app: &Hub,
    caller: &Caller,
    query: Hours,
) -> Result<api::Page<api::LaneHour>, Problem> {
    let limit = limit(query.limit)?;
    let until = moment("until", query.until.as_deref())?.unwrap_or_else(|| app.now());
    let day_before = until.checked_sub(Duration::DAY).unwrap_or(until);
    let since = moment("since", query.since.as_deref())?.unwrap_or(day_before);
    if until - since > Duration::days(MOST_DAYS) {
        let detail = format!("from since to until are more than {MOST_DAYS} days");
        return Err(Problem::new(ProblemCode::InvalidQuery, detail));
    }
    let after =
        query.next.as_deref().map(|next| hour_of(next).ok_or_else(|| invalid("next", next))).transpose()?;
    let mut filter = HoursFilter { since, until, island: caller.island, lane: query.lane };
    if let Some(named) = &query.island {
        filter.island = Some(app.island(named, caller).await?.id);
    }
    let mut items = app.ledger.lane_hours(&filter, after, limit + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items
        .last()
        .filter(|_| more)
        .and_then(|last| Some(format!("{}~{}", last.hour.format(&Rfc3339).ok()?, last.lane)));
    Ok(api::Page { items, next })
}

fn hour_of(next: &str) -> Option<(OffsetDateTime, LaneId)> {
    let (hour, lane) = next.split_once('~')?;
    Some((OffsetDateTime::parse(hour, &Rfc3339).ok()?, lane.parse().ok()?))
}

/// Which relayers, and what part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Relayers {
    /// Of this island, by name or id.
    island: Option<String>,
    /// Most pairs of relayer and island: 1 to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) next: Option<String>,
}

/// Who submitted how much evidence of which island, ascending by relayer.
#[utoipa::path(
    get, path = "/v1/relayers", operation_id = "list_relayers", tag = "evidence",
    params(Relayers),
    responses((status = 200, body = api::Page<api::RelayerWork>)),
)]
pub(crate) async fn relayers(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<Relayers>,
) -> Result<Json<api::Page<api::RelayerWork>>, Problem> {
    relayers_page(&app, &caller, query).await.map(Json)
}

/// What a caller may see of it.
pub(crate) async fn relayers_page(
    app: &Hub,
    caller: &Caller,
    query: Relayers,
) -> Result<api::Page<api::RelayerWork>, Problem> {
    let limit = limit(query.limit)?;
    let after =
        query.next.as_deref().map(|next| work_of(next).ok_or_else(|| invalid("next", next))).transpose()?;
    let island = match &query.island {
        Some(named) => Some(app.island(named, caller).await?.id),
        None => caller.island,
    };
    let mut items = app.ledger.relayer_work(island, after, limit + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(|last| format!("{}~{}", last.relayer, last.island));
    Ok(api::Page { items, next })
}

fn work_of(next: &str) -> Option<(Address, IslandId)> {
    let (relayer, island) = next.split_once('~')?;
    Some((relayer.parse().ok()?, island.parse().ok()?))
}

/// What part of the list of accesses.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Accesses {
    /// Most of them: 1 to 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// The `next` of the page before.
    #[param(value_type = Option<Decimal>)]
    next: Option<u64>,
}

/// What auditors read, the newest first: each path and query once for an hour, with how often.
#[utoipa::path(
    get, path = "/v1/accesses", operation_id = "list_accesses", tag = "tokens",
    params(Accesses),
    responses((status = 200, body = api::Page<api::AccessedPath>)),
)]
pub(crate) async fn accesses(
    State(app): State<App>,
    Query(query): Query<Accesses>,
) -> Result<Json<api::Page<api::AccessedPath>>, Problem> {
    let limit = limit(query.limit)?;
    let mut rows = app.ledger.accesses(query.next, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|(position, _)| position.to_string());
    Ok(Json(api::Page { items: rows.into_iter().map(|(_, access)| access).collect(), next }))
}
