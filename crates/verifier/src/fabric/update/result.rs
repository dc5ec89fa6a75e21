//! The configuration that an update makes.

use std::collections::BTreeMap;

use super::elements::{Element, Elements, Kind, Place};
use crate::fabric::config::ROOT;
use crate::fabric::proto::ConfigGroup;

/// What an element gets that has no policy for its changes: channels of the first version left some out.
const DEFAULT_MOD_POLICY: &str = "Admins";

/// The tree of the configuration in force with the changes laid over it (`computeUpdateResult`, `configMapToConfig`).
/// `None`: a group lists what is nowhere.
pub(super) fn overlay(
    in_force: &Elements<'_>,
    changed: &BTreeMap<Place, Element<'_>>,
) -> Option<ConfigGroup> {
    let overlay = Overlay { in_force, changed };
    let root = format!("/{ROOT}");
    let capabilities = Place { kind: Kind::Value, path: format!("{root}/Orderer/Capabilities") };
    let fill = overlay.get(&capabilities).is_some();
    overlay.group(&root, fill)
}

struct Overlay<'a> {
    in_force: &'a Elements<'a>,
    changed: &'a BTreeMap<Place, Element<'a>>,
}

impl Overlay<'_> {
    fn get(&self, place: &Place) -> Option<&Element<'_>> {
        self.changed.get(place).or_else(|| self.in_force.get(place))
    }

    fn group(&self, path: &str, fill: bool) -> Option<ConfigGroup> {
        let place = |kind, key: &str| Place { kind, path: format!("{path}/{key}") };
        let Some(Element::Group(listed)) = self.get(&Place { kind: Kind::Group, path: path.to_owned() })
        else {
            return None;
        };
        let mut group = ConfigGroup {
            version: listed.version,
            mod_policy: filled(&listed.mod_policy, fill),
            ..ConfigGroup::default()
        };
        for key in listed.groups.keys() {
            group.groups.insert(key.clone(), self.group(&format!("{path}/{key}"), fill)?);
        }
        for key in listed.values.keys() {
            let Some(Element::Value(value)) = self.get(&place(Kind::Value, key)) else { return None };
            let mut value = (*value).clone();
            value.mod_policy = filled(&value.mod_policy, fill);
            group.values.insert(key.clone(), value);
        }
        for key in listed.policies.keys() {
            let Some(Element::Policy(policy)) = self.get(&place(Kind::Policy, key)) else { return None };
            let mut policy = (*policy).clone();
            policy.mod_policy = filled(&policy.mod_policy, fill);
            group.policies.insert(key.clone(), policy);
        }
        Some(group)
    }
}

fn filled(mod_policy: &str, fill: bool) -> String {
    if fill && mod_policy.is_empty() { DEFAULT_MOD_POLICY.to_owned() } else { mod_policy.to_owned() }
}
