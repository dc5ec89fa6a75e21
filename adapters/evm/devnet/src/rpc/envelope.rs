//! JSON-RPC 2.0 itself: requests, batches, answers, error codes.

use serde_json::{Value, json};

/// How many requests a batch may hold.
const MAX_BATCH: usize = 1_000;

/// A refusal, with its JSON-RPC code.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RpcError {
    code: i64,
    message: String,
    data: Option<Value>,
}

impl RpcError {
    fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// The body is no JSON.
    fn parse(message: impl Into<String>) -> Self {
        Self::new(-32700, message)
    }

    /// The body is no request.
    fn request(message: impl Into<String>) -> Self {
        Self::new(-32600, message)
    }

    /// No such method.
    pub(super) fn method(method: &str) -> Self {
        let method: String = method.chars().take(80).collect();
        Self::new(-32601, format!("the method {method} does not exist/is not available"))
    }

    /// The method does not take such parameters.
    pub(super) fn params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    /// The chain refuses; the code that geth uses for everything of this kind.
    pub(super) fn server(message: impl Into<String>) -> Self {
        Self::new(-32000, message)
    }

    /// The answer would be too large.
    pub(super) fn limit(message: impl Into<String>) -> Self {
        Self::new(-32005, message)
    }

    /// A call reverted; `data` is what it reverted with, as hex.
    pub(super) fn reverted(message: impl Into<String>, data: Value) -> Self {
        Self { data: Some(data), ..Self::new(3, message) }
    }
}

/// Answers a request body: one request, or a batch in its order. `None` where only notifications were sent.
pub(super) fn answer(body: &[u8], call: impl Fn(&str, &Value) -> Result<Value, RpcError>) -> Option<String> {
    let answer = match serde_json::from_slice(body) {
        Err(error) => Some(failure(&Value::Null, &RpcError::parse(format!("parse error: {error}")))),
        Ok(Value::Array(batch)) if batch.is_empty() => {
            Some(failure(&Value::Null, &RpcError::request("empty batch")))
        }
        Ok(Value::Array(batch)) if batch.len() > MAX_BATCH => {
            let message = format!("batch of {}, expected at most {MAX_BATCH}", batch.len());
            Some(failure(&Value::Null, &RpcError::request(message)))
        }
        Ok(Value::Array(batch)) => {
            let answers: Vec<_> = batch.iter().filter_map(|request| one(request, &call)).collect();
            (!answers.is_empty()).then_some(Value::Array(answers))
        }
        Ok(request) => one(&request, &call),
    };
    answer.map(|answer| answer.to_string())
}

/// Answers one request; `None` for a notification, which has no id.
fn one(request: &Value, call: impl Fn(&str, &Value) -> Result<Value, RpcError>) -> Option<Value> {
    let Some(object) = request.as_object() else {
        return Some(failure(&Value::Null, &RpcError::request("expected an object or a list of objects")));
    };
    let id = object.get("id");
    let outcome = match (object.get("jsonrpc").and_then(Value::as_str), object.get("method")) {
        (Some("2.0"), Some(Value::String(method))) => {
            call(method, object.get("params").unwrap_or(&Value::Null))
        }
        (Some("2.0"), _) => Err(RpcError::request("expected a method")),
        _ => Err(RpcError::request("expected \"jsonrpc\":\"2.0\"")),
    };
    let id = id?;
    Some(match outcome {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(error) => failure(id, &error),
    })
}

fn failure(id: &Value, error: &RpcError) -> Value {
    let mut body = json!({ "code": error.code, "message": error.message });
    if let Some(data) = &error.data {
        body["data"] = data.clone();
    }
    json!({ "jsonrpc": "2.0", "id": id, "error": body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(body: &str) -> Option<Value> {
        let answer = answer(body.as_bytes(), |method, params| match method {
            "echo" => Ok(params.clone()),
            other => Err(RpcError::method(other)),
        });
        answer.map(|answer| serde_json::from_str(&answer).unwrap())
    }

    fn code(body: &str) -> i64 {
        ask(body).unwrap()["error"]["code"].as_i64().unwrap()
    }

    #[test]
    fn a_request_is_answered_with_its_id() {
        let answer = ask(r#"{"jsonrpc":"2.0","id":"seven","method":"echo","params":[1]}"#).unwrap();
        assert_eq!(answer, json!({ "jsonrpc": "2.0", "id": "seven", "result": [1] }));
    }

    #[test]
    fn a_batch_is_answered_in_order_without_its_notifications() {
        let answer = ask(r#"[{"jsonrpc":"2.0","id":1,"method":"echo","params":[1]},
                {"jsonrpc":"2.0","method":"echo","params":[2]},
                {"jsonrpc":"2.0","id":3,"method":"nothing"}]"#);
        let answer = answer.unwrap();
        assert_eq!(answer.as_array().unwrap().len(), 2);
        assert_eq!(answer[0]["result"], json!([1]));
        assert_eq!(answer[1]["error"]["code"], -32601);
        assert_eq!(ask(r#"[{"jsonrpc":"2.0","method":"echo"}]"#), None);
    }

    #[test]
    fn what_is_no_request_is_refused_with_the_code_of_the_standard() {
        assert_eq!(code("{"), -32700);
        assert_eq!(code("[]"), -32600);
        assert_eq!(code("7"), -32600);
        assert_eq!(code(r#"{"jsonrpc":"1.0","id":1,"method":"echo"}"#), -32600);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"method":7}"#), -32600);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":1,"method":"eth_mine"}"#), -32601);
        assert_eq!(code(&format!("[{}7]", "7,".repeat(MAX_BATCH))), -32600);
        assert_eq!(code(&"[".repeat(100_000)), -32700, "deep nesting");
    }
}
