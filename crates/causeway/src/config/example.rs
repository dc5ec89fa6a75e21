//! Example files, made from the structs of the roles: their values, their order, their words.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::{Role, Schema};

/// Where a line of documentation ends.
const WIDTH: usize = 100;

/// The example file of a role. Keys that may be left out are commented out, with their defaults.
pub(crate) fn example<T: Role>() -> anyhow::Result<String> {
    let schema = Schema::of::<T>();
    let plain = toml::to_string(&T::example())?;
    let mut out = String::new();
    comment(&mut out, &format!("Configuration of `causeway {}`.", T::NAME));
    comment(&mut out, description(schema.json()));
    comment(
        &mut out,
        "Keys that are commented out show their defaults. Every key can be overridden from the environment: \
         CAUSEWAY_ and its path in capitals, steps joined by __, as CAUSEWAY_DATABASE__MAX_CONNECTIONS=20.",
    );
    let mut section: Vec<String> = Vec::new();
    let mut documented: Vec<Vec<String>> = Vec::new();
    for line in plain.lines() {
        if let Some(header) = line.strip_prefix('[') {
            let name = header.trim_matches(['[', ']']);
            section = steps(name, &schema);
            out.push('\n');
            if !documented.contains(&section) {
                let entry = schema.at(&section).unwrap_or(&Json::Null);
                let outer = without_index(&section);
                let key = schema.at(&outer).unwrap_or(&Json::Null);
                comment(&mut out, documentation(&schema, &outer, if name.is_empty() { entry } else { key }));
                documented.push(section.clone());
            }
            let _ = writeln!(out, "{line}");
        } else if let Some((key, _)) = line.split_once(" = ") {
            let path: Vec<_> = section.iter().cloned().chain([key.to_owned()]).collect();
            let property = property(&schema, &path);
            if !documented.contains(&path) {
                out.push('\n');
                comment(&mut out, description(property));
                documented.push(path);
            }
            let optional = property.get("default").is_some_and(|default| !default.is_null());
            let _ = writeln!(out, "{}{line}", if optional { "# " } else { "" });
        }
    }
    Ok(out)
}

/// The path of a section, with an index after every list.
fn steps(name: &str, schema: &Schema) -> Vec<String> {
    let mut path = Vec::new();
    for step in name.split('.') {
        path.push(step.to_owned());
        if schema.at(&path).is_some_and(|found| Schema::kind(found) == Some("array")) {
            path.push("0".to_owned());
        }
    }
    path
}

fn without_index(path: &[String]) -> Vec<String> {
    match path.split_last() {
        Some((last, rest)) if last == "0" => rest.to_vec(),
        _ => path.to_vec(),
    }
}

/// The schema of a key as its struct declares it, before references are followed: that is where its words are.
fn property<'a>(schema: &'a Schema, path: &[String]) -> &'a Json {
    let Some((key, outer)) = path.split_last() else { return schema.json() };
    let owner = schema.at(outer).unwrap_or(schema.json());
    owner.get("properties").and_then(|properties| properties.get(key)).unwrap_or(&Json::Null)
}

fn documentation<'a>(schema: &'a Schema, path: &[String], fallback: &'a Json) -> &'a str {
    let own = description(property(schema, path));
    if own.is_empty() { description(fallback) } else { own }
}

fn description(schema: &Json) -> &str {
    schema.get("description").and_then(Json::as_str).unwrap_or_default()
}

/// Writes `text` as comment lines.
fn comment(out: &mut String, text: &str) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(out, "# {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        let _ = writeln!(out, "# {line}");
    }
}
