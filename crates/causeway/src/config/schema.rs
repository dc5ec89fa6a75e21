//! Checking a tree against the JSON schema that follows from the configuration's own structs: unknown keys, missing keys,
//! wrong kinds, ranges and text formats, all of them in one go.

use schemars::JsonSchema;
use serde_json::Value as Json;

use super::formats;
use super::problem::Problem;
use super::tree::{Node, Value};

/// A role's schema.
pub(crate) struct Schema(Json);

impl Schema {
    /// The schema of `T`.
    pub(crate) fn of<T: JsonSchema>() -> Self {
        Self(schemars::schema_for!(T).to_value())
    }

    /// The schema itself.
    pub(crate) fn json(&self) -> &Json {
        &self.0
    }

    /// Follows references and the way optional structs are written.
    pub(crate) fn resolve<'a>(&'a self, schema: &'a Json) -> &'a Json {
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            let name = reference.trim_start_matches("#/$defs/");
            return self.0.get("$defs").and_then(|defs| defs.get(name)).unwrap_or(schema);
        }
        if let Some(options) = schema.get("anyOf").and_then(Json::as_array) {
            let some = options.iter().find(|option| option.get("type") != Some(&Json::from("null")));
            return some.map_or(schema, |some| self.resolve(some));
        }
        schema
    }

    /// The schema of the key at `steps`; numbers step into lists.
    pub(crate) fn at(&self, steps: &[String]) -> Option<&Json> {
        steps.iter().try_fold(self.resolve(&self.0), |schema, step| {
            let next = if Self::kind(schema) == Some("array") {
                step.parse::<usize>().ok().and_then(|_| schema.get("items"))
            } else {
                schema.get("properties").and_then(|properties| properties.get(step))
            };
            next.map(|next| self.resolve(next))
        })
    }

    /// The JSON type a schema asks for.
    pub(crate) fn kind(schema: &Json) -> Option<&str> {
        match schema.get("type")? {
            Json::String(kind) => Some(kind),
            Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).find(|kind| *kind != "null"),
            _ => None,
        }
    }

    /// Every problem of `root`.
    pub(crate) fn check(&self, root: &Node) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.node(&self.0, root, "", &mut problems);
        problems
    }

    fn node(&self, schema: &Json, node: &Node, path: &str, problems: &mut Vec<Problem>) {
        let schema = self.resolve(schema);
        let mut problem = |text: String| problems.push(Problem::at(node.origin.clone(), path, text));
        match (Self::kind(schema), &node.value) {
            (Some("object"), Value::Table(entries)) => self.table(schema, node, entries, path, problems),
            (Some("array"), Value::List(items)) => {
                let least = schema.get("minItems").and_then(Json::as_u64).unwrap_or(0);
                if (items.len() as u64) < least {
                    problem(format!("expected at least {least} entries, got {}", items.len()));
                }
                let item_schema = schema.get("items").unwrap_or(&Json::Null);
                for (index, item) in items.iter().enumerate() {
                    self.node(item_schema, item, &format!("{path}[{index}]"), problems);
                }
            }
            (Some("integer"), Value::Integer(number)) => {
                let bound = |name: &str| {
                    schema.get(name).and_then(Json::as_number).and_then(serde_json::Number::as_i128)
                };
                let (least, most) = (bound("minimum"), bound("maximum"));
                if least.is_some_and(|least| *number < least) || most.is_some_and(|most| *number > most) {
                    let range = match (least, most) {
                        (Some(least), Some(most)) => format!("{least} to {most}"),
                        (Some(least), None) => format!("at least {least}"),
                        (None, Some(most)) => format!("at most {most}"),
                        (None, None) => String::new(),
                    };
                    problem(format!("expected {range}, got {number}"));
                }
            }
            (Some("boolean"), Value::Boolean(_)) => {}
            (Some("string") | None, Value::Text(text)) => {
                if let Some(known) = Self::choices(schema) {
                    if !known.contains(&text.as_str()) {
                        problem(format!("expected one of {}, got {text:?}", known.join(", ")));
                    }
                } else if let Some(format) = schema.get("format").and_then(Json::as_str)
                    && let Err(why) = formats::check(format, text)
                {
                    problem(why);
                }
            }
            (kind, value) => {
                let expected = match kind {
                    Some("object") => "a table",
                    Some("array") => "a list",
                    Some("integer") => "a whole number",
                    Some("boolean") => "true or false",
                    _ => "text",
                };
                problem(format!("expected {expected}, got {}", value.kind()));
            }
        }
    }

    fn table(
        &self,
        schema: &Json,
        node: &Node,
        entries: &[(String, Node)],
        path: &str,
        problems: &mut Vec<Problem>,
    ) {
        let properties = schema.get("properties").and_then(Json::as_object);
        let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        for (key, entry) in entries {
            if let Some(schema) = properties.and_then(|properties| properties.get(key)) {
                self.node(schema, entry, &join(key), problems);
            } else {
                let known: Vec<_> = properties.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
                let text = format!("unknown key; known here: {}", known.join(", "));
                problems.push(Problem::at(entry.origin.clone(), join(key), text));
            }
        }
        let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
        for key in required.filter_map(Json::as_str).filter(|key| node.get(key).is_none()) {
            problems.push(Problem::at(node.origin.clone(), join(key), "missing"));
        }
    }

    /// The values of an enumeration, documented (`oneOf` of constants) or not.
    fn choices(schema: &Json) -> Option<Vec<&str>> {
        let mut choices = Vec::new();
        for option in schema.get("oneOf").and_then(Json::as_array).into_iter().flatten() {
            choices.extend(option.get("const").and_then(Json::as_str));
            choices.extend(
                option.get("enum").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str),
            );
        }
        choices.extend(
            schema.get("enum").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str),
        );
        if choices.is_empty() { None } else { Some(choices) }
    }
}
