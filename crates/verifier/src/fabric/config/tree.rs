//! The policies of a configuration, group by group (`policies.ManagerImpl`).

use std::collections::BTreeMap;

use super::{ConfigFault, read_policy};
use crate::fabric::Policy;
use crate::fabric::proto::ConfigGroup;

/// The policies of a group, and the groups below it.
#[derive(Debug)]
pub(in super::super) struct Tree {
    /// From the root, with a slash before every step.
    path: String,
    groups: BTreeMap<String, Tree>,
    policies: BTreeMap<String, Policy>,
}

impl Tree {
    /// Reads the policies of the group by this name, the lowest first: an implicit meta policy counts those below it.
    pub(super) fn read(name: &str, group: &ConfigGroup) -> Result<Self, ConfigFault> {
        Self::read_at(&format!("/{name}"), group)
    }

    fn read_at(path: &str, group: &ConfigGroup) -> Result<Self, ConfigFault> {
        let below = |(name, group): (&String, &ConfigGroup)| {
            Ok::<_, ConfigFault>((name.clone(), Self::read_at(&format!("{path}/{name}"), group)?))
        };
        let groups: BTreeMap<String, Self> = group.groups.iter().map(below).collect::<Result<_, _>>()?;
        let mut policies = BTreeMap::new();
        for (name, policy) in &group.policies {
            let find = |sub_policy: &str| groups.values().map(|group| group.find(sub_policy)).collect();
            let policy = read_policy(format!("{path}/{name}"), policy, groups.len(), find)?;
            policies.insert(name.clone(), policy);
        }
        Ok(Self { path: path.to_owned(), groups, policies })
    }

    /// A policy by its path from this group, or by its absolute path if that leads through this group (`GetPolicy`).
    pub(in super::super) fn find(&self, path: &str) -> Option<&Policy> {
        let relative = match path.strip_prefix('/') {
            Some(_) => path.strip_prefix(&self.path)?.strip_prefix('/')?,
            None => path,
        };
        match relative.split_once('/') {
            None => self.policies.get(relative),
            Some((group, rest)) => self.groups.get(group).filter(|_| !rest.starts_with('/'))?.find(rest),
        }
    }

    /// The policies of a group by its absolute path.
    pub(in super::super) fn find_group(&self, path: &str) -> Option<&Self> {
        let steps = path.strip_prefix(&self.path)?.split('/').filter(|step| !step.is_empty());
        steps.into_iter().try_fold(self, |tree, step| tree.groups.get(step))
    }
}

/// Whether a configuration may use this name (`validateConfigID`).
pub(in super::super) fn is_legal_key(key: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    (1..=249).contains(&key.len()) && key.bytes().all(legal) && ![".", ".."].contains(&key)
}

#[cfg(test)]
mod tests {
    use super::super::ROOT;
    use super::*;

    #[test]
    fn names_are_letters_digits_dots_and_dashes() {
        for key in ["Org1", "a.b-c", "...", &"a".repeat(249)] {
            assert!(is_legal_key(key), "{key}");
        }
        for key in ["", ".", "..", "a/b", "a b", "ü", "a_b", &"a".repeat(250)] {
            assert!(!is_legal_key(key), "{key}");
        }
    }

    #[test]
    fn the_root_is_called_channel() {
        assert_eq!(Tree::read(ROOT, &ConfigGroup::default()).unwrap().path, "/Channel");
    }
}
