//! A configuration as a map from places to elements (`configmap.go`).

use std::collections::BTreeMap;
use std::fmt;

use crate::fabric::ConfigFault;
use crate::fabric::config::{ROOT, is_legal_key};
use crate::fabric::proto::{ConfigGroup, ConfigPolicy, ConfigValue};

/// Elements of one kind have names of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Group,
    Value,
    Policy,
}

/// Where an element stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) kind: Kind,
    /// From the root, with a slash before every step; the element's own name last.
    pub(super) path: String,
}

impl Place {
    /// The group whose policies it looks to: a group's own ones, those beside a value or a policy.
    pub(super) fn group(&self) -> &str {
        match self.kind {
            Kind::Group => &self.path,
            Kind::Value | Kind::Policy => self.path.rsplit_once('/').map_or("", |(group, _)| group),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Group => "group",
            Kind::Value => "value",
            Kind::Policy => "policy",
        };
        write!(f, "{kind} {}", self.path)
    }
}

/// An element of a configuration.
#[derive(Debug, Clone, Copy)]
pub(super) enum Element<'a> {
    Group(&'a ConfigGroup),
    Value(&'a ConfigValue),
    Policy(&'a ConfigPolicy),
}

impl Element<'_> {
    pub(super) fn version(&self) -> u64 {
        match self {
            Self::Group(group) => group.version,
            Self::Value(value) => value.version,
            Self::Policy(policy) => policy.version,
        }
    }

    pub(super) fn mod_policy(&self) -> &str {
        match self {
            Self::Group(group) => &group.mod_policy,
            Self::Value(value) => &value.mod_policy,
            Self::Policy(policy) => &policy.mod_policy,
        }
    }
}

/// The elements of a configuration, or of a part of one.
#[derive(Debug, Default)]
pub(super) struct Elements<'a>(BTreeMap<Place, Element<'a>>);

impl<'a> Elements<'a> {
    /// Reads a tree from its root (`mapConfig`).
    pub(super) fn read(root: Option<&'a ConfigGroup>) -> Result<Self, ConfigFault> {
        let mut elements = Self::default();
        if let Some(root) = root {
            elements.add(format!("/{ROOT}"), root)?;
        }
        Ok(elements)
    }

    fn add(&mut self, path: String, group: &'a ConfigGroup) -> Result<(), ConfigFault> {
        let below = |key: &str| {
            if is_legal_key(key) {
                Ok(format!("{path}/{key}"))
            } else {
                Err(ConfigFault::Key { path: path.clone(), key: key.to_owned() })
            }
        };
        for (key, value) in &group.values {
            self.0.insert(Place { kind: Kind::Value, path: below(key)? }, Element::Value(value));
        }
        for (key, policy) in &group.policies {
            self.0.insert(Place { kind: Kind::Policy, path: below(key)? }, Element::Policy(policy));
        }
        for (key, group) in &group.groups {
            self.add(below(key)?, group)?;
        }
        self.0.insert(Place { kind: Kind::Group, path }, Element::Group(group));
        Ok(())
    }

    pub(super) fn get(&self, place: &Place) -> Option<&Element<'a>> {
        self.0.get(place)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Place, &Element<'a>)> {
        self.0.iter()
    }
}
