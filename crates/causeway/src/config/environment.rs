//! Overrides from the environment: `CAUSEWAY_` and the path of the key, in capitals, its steps joined by `__`.
//!
//! A variable of several steps can only be meant as an override, so one that leads to no key is a problem. One of a single
//! step may be anything (`CAUSEWAY_LOG`, `CAUSEWAY_TOKEN_FILE`, …), so it counts only if it is a key.

use serde_json::Value as Json;

use super::problem::{Origin, Problem};
use super::schema::Schema;
use super::tree::{Node, Value};

const PREFIX: &str = "CAUSEWAY_";
/// Applies every override among `variables` to `root`.
pub(crate) fn apply(
    root: &mut Node,
    schema: &Schema,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut overrides: Vec<_> = variables
        .into_iter()
        .filter_map(|(name, text)| {
            name.strip_prefix(PREFIX).map(|path| (name.clone(), path.to_owned(), text))
        })
        .collect();
    overrides.sort();
    for (name, path, text) in overrides {
        let steps: Vec<_> = path.split("__").map(str::to_lowercase).collect();
        match schema.at(&steps) {
            Some(target) => {
                let origin = Origin::Variable(name.clone());
                if let Err(problem) = set(root, &steps, value(&text, target, &origin), &origin) {
                    problems.push(Problem::at(origin, steps.join("."), problem));
                }
            }
            None if steps.len() == 1 => {}
            None => {
                let problem = "no such key can be overridden".to_owned();
                problems.push(Problem::at(Origin::Variable(name), steps.join("."), problem));
            }
        }
    }
    problems
}

/// The text as the kind of value the key takes; what does not fit stays text, for the schema to refuse.
fn value(text: &str, target: &Json, origin: &Origin) -> Node {
    let kind = Schema::kind(target);
    let value = match kind {
        Some("integer") => text.trim().parse().map(Value::Integer).ok(),
        Some("boolean") => text.trim().parse().map(Value::Boolean).ok(),
        Some("array") => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            let items = items.map(|item| Node { value: Value::Text(item.into()), origin: origin.clone() });
            Some(Value::List(items.collect()))
        }
        _ => None,
    };
    Node { value: value.unwrap_or_else(|| Value::Text(text.to_owned())), origin: origin.clone() }
}

fn set(node: &mut Node, steps: &[String], new: Node, origin: &Origin) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        *node = new;
        return Ok(());
    };
    match &mut node.value {
        Value::Table(entries) => {
            if let Some((_, entry)) = entries.iter_mut().find(|(name, _)| name == step) {
                return set(entry, rest, new, origin);
            }
            let mut entry = Node { value: Value::Table(Vec::new()), origin: origin.clone() };
            set(&mut entry, rest, new, origin)?;
            entries.push((step.clone(), entry));
            Ok(())
        }
        Value::List(items) => {
            let count = items.len();
            let item = step.parse::<usize>().ok().and_then(|index| items.get_mut(index));
            item.map_or_else(
                || Err(format!("{step} is no item of a list of {count} in the file")),
                |item| set(item, rest, new, origin),
            )
        }
        other => Err(format!("{step} lies inside {}", other.kind())),
    }
}
