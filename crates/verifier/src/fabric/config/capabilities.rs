//! Capabilities: what every node of a channel has to understand (Fabric's `common/capabilities`).

use super::{APPLICATION, ORDERER, ROOT, value};
use crate::fabric::ConfigFault;
use crate::fabric::msp::MspVersion;
use crate::fabric::proto::{Capabilities, ConfigGroup};

const CHANNEL_KNOWN: [&str; 6] = ["V1_1", "V1_3", "V1_4_2", "V1_4_3", "V2_0", "V3_0"];
const ORDERER_KNOWN: [&str; 3] = ["V1_1", "V1_4_2", "V2_0"];
const APPLICATION_KNOWN: [&str; 6] = ["V1_1", "V1_2", "V1_3", "V1_4_2", "V2_0", "V2_5"];

/// The rules of MSPs that a configuration asks for. It is refused where it names a capability that is not known here, or is
/// older than the roles by organisational unit (channel V1_4_3) and the lifecycle of chaincodes (application V2_0).
pub(super) fn check(group: &ConfigGroup) -> Result<MspVersion, ConfigFault> {
    let channel = names(ROOT, Some(group), &CHANNEL_KNOWN)?;
    names(ORDERER, group.groups.get(ORDERER), &ORDERER_KNOWN)?;
    let application = names(APPLICATION, group.groups.get(APPLICATION), &APPLICATION_KNOWN)?;
    let has = |names: &[String], wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
    if !has(&application, &["V2_0", "V2_5"]) {
        return Err(ConfigFault::TooOld { section: APPLICATION, expected: "V2_0" });
    }
    if has(&channel, &["V3_0"]) {
        Ok(MspVersion::V3_0)
    } else if has(&channel, &["V1_4_3", "V2_0"]) {
        Ok(MspVersion::V1_4_3)
    } else {
        Err(ConfigFault::TooOld { section: ROOT, expected: "V1_4_3" })
    }
}

fn names(
    section: &'static str,
    group: Option<&ConfigGroup>,
    known: &[&str],
) -> Result<Vec<String>, ConfigFault> {
    let Some(group) = group else { return Ok(Vec::new()) };
    let capabilities: Capabilities = value(group, "Capabilities")?.unwrap_or_default();
    let names: Vec<String> = capabilities.capabilities.into_keys().collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(ConfigFault::Capability { section, name: name.clone() }),
        None => Ok(names),
    }
}
