//! The description of the interface, and that it can be read offline.

use reqwest::StatusCode;

use crate::world::World;

#[tokio::test]
async fn the_description_is_what_was_agreed() {
    let world = World::start().await;
    let answer = world.get("/openapi.json", "none").await;
    let mut document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    document["info"]["version"] = "[version]".into();
    insta::assert_json_snapshot!("openapi", document);
}

/// Every `$ref` in a document.
fn references(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(|name| name.as_str()).map(str::to_owned));
            fields.values().for_each(|value| references(value, found));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn whatever_the_description_refers_to_is_in_it() {
    let world = World::start().await;
    let document = world.get("/openapi.json", "none").await.json();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    for name in found {
        let there = document.pointer(name.strip_prefix('#').unwrap());
        assert!(there.is_some(), "{name} is not there");
    }
}

#[tokio::test]
async fn the_page_to_read_it_needs_nothing_from_outside() {
    let world = World::start().await;
    let page = world.get("/docs/", "none").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("swagger-ui"));
    assert!(!page.text.contains("https://") && !page.text.contains("http://"), "{}", page.text);
    let script = world.get("/docs/swagger-ui-bundle.js", "none").await;
    assert_eq!(script.status, StatusCode::OK);
}

#[tokio::test]
async fn every_problem_has_a_page() {
    let world = World::start().await;
    for code in causeway_hub::ProblemCode::ALL {
        let page = world.get(&format!("/problems/{}", code.as_str()), "none").await.json();
        assert_eq!(page["title"], code.title());
        assert_eq!(page["next"], code.next());
    }
    assert_eq!(world.get("/problems/made-up", "none").await.problem(), "not-found");
}
