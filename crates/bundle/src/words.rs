//! A report in sentences: who proved what, and who had to be believed.

use causeway_protocol::Family;

use crate::leaves::Said;
use crate::life::Life;
use crate::report::{ReportedEvent, ReportedIsland, ReportedLog, ReportedStatement};

/// What is proven, and what had to be believed.
pub(crate) fn say(
    islands: &[ReportedIsland],
    events: &[ReportedEvent],
    statements: &[ReportedStatement],
    said: &Said,
    log: &ReportedLog,
    life: &Life<'_>,
) -> (Vec<String>, Vec<String>) {
    let (mut proven, mut believed) = (Vec::new(), Vec::new());
    for (place, island) in islands.iter().enumerate() {
        let (called, anchor) = (called(island), island.anchor);
        proven.push(format!(
            "{called}: {} pieces of evidence lead from trust anchor {anchor} to height {}, each verified by the {} light client.",
            island.pieces, island.height, island.family,
        ));
        if !island.anchor_trusted {
            let who: Vec<String> = said
                .islands
                .get(&place)
                .into_iter()
                .flat_map(|(_, approvals)| approvals)
                .map(|(actor, reason)| format!("{actor} ({reason})"))
                .collect();
            let who = if who.is_empty() { "nobody, says the log".to_owned() } else { who.join(", ") };
            believed.push(format!(
                "{called}: that trust anchor {anchor} is of the chain that is meant. It was approved by {who}. Compare it with the \
                 island's owner and pass it as trusted.",
            ));
        }
        believed.push(format!("{called}: {}", trusted(island.family)));
        if island.frozen {
            believed.push(format!(
                "{called}: its validators sealed two blocks at one height; what it says is disputed."
            ));
        }
    }
    for event in events {
        let island = islands.iter().find(|island| island.id == event.island).map(called).unwrap_or_default();
        proven.push(format!(
            "{} happened on {island}: event {} of gateway {}, in block {} at height {}.",
            event.event, event.number, event.gateway, event.block, event.height,
        ));
    }
    for statement in statements {
        let (count, of, threshold) = (statement.signed_by.len(), statement.of, statement.threshold);
        let enough = if statement.enough { "enough" } else { "too few" };
        proven.push(format!(
            "{count} of {of} attestors signed {} for gateway {} in epoch {}; it needs {threshold}: {enough}.",
            format!("{:?}", statement.kind).to_uppercase(),
            statement.gateway,
            statement.epoch,
        ));
        let held = statement.signed_by.iter().filter(|signer| signer.held_by_hub == Some(true)).count();
        if held >= usize::from(threshold) {
            believed.push(format!(
                "The hub's operator holds {held} of the keys that signed {}, as many as gateway {} needs: whoever runs the hub could have signed it alone.",
                format!("{:?}", statement.kind).to_uppercase(), statement.gateway,
            ));
        }
    }
    if life.destination.is_none() {
        proven.push(
            "The destination's gateway is on no island of this bundle: nothing is said of a delivery."
                .to_owned(),
        );
    }
    proven.push(format!(
        "All of it is in the log {} of {} leaves with root {}: {} leaves are shown.",
        log.origin, log.size, log.root, log.leaves,
    ));
    if !log.signed {
        believed.push(
            "That the checkpoint is the log's: no key of the log was given to check its signature."
                .to_owned(),
        );
    }
    if log.witnesses.is_empty() {
        believed.push(
            "That everybody is shown the same log: no witness that you know cosigned this checkpoint."
                .to_owned(),
        );
    } else {
        proven.push(format!(
            "The log was shown to {} as well: they cosigned this checkpoint.",
            log.witnesses.join(", ")
        ));
    }
    believed.push(
        "The hub: its clock, by which trusting periods are judged; who held attestors' keys; that this is the newest there is of the packet."
            .to_owned(),
    );
    (proven, believed)
}

fn called(island: &ReportedIsland) -> String {
    if island.name.is_empty() { format!("island {}", island.id) } else { format!("island {}", island.name) }
}

/// Whose word a light client of this family takes.
fn trusted(family: Family) -> &'static str {
    match family {
        Family::Fabric => {
            "its own members. Orderers signed the order of blocks; that a transaction was valid is the word of peers who satisfy the gateway's endorsement policy, in an endorsed read."
        }
        _ => "more than two thirds of its own validators, who sealed its blocks.",
    }
}
