//! Request bodies, which must be declared as JSON as in Grafana.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::api::answer::Answer;

/// A JSON object from a client.
#[derive(Clone, Debug)]
pub(crate) struct JsonBody(pub(crate) Map<String, Value>);

impl JsonBody {
    /// Removes every `null`, at any depth.
    pub(crate) fn without_nulls(self) -> Self {
        Self(strip(self.0))
    }

    /// Returns the object as a typed value; `null` counts as absent, as in Go.
    pub(crate) fn typed<T: DeserializeOwned>(self) -> Result<T, Answer> {
        let present = self.0.into_iter().filter(|(_, value)| !value.is_null()).collect();
        serde_json::from_value(Value::Object(present)).map_err(|_| Answer::bad_request_data())
    }
}

fn strip(object: Map<String, Value>) -> Map<String, Value> {
    let present = object.into_iter().filter(|(_, value)| !value.is_null());
    present.map(|(key, value)| (key, strip_value(value))).collect()
}

fn strip_value(value: Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(strip(object)),
        Value::Array(items) => items.into_iter().map(strip_value).collect(),
        other => other,
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Answer;

    async fn from_request(request: Request, state: &S) -> Result<Self, Answer> {
        let declared = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_json = declared.is_some_and(|declared| {
            let kind = declared.split(';').next().unwrap_or_default();
            kind.trim().eq_ignore_ascii_case("application/json")
        });
        if !is_json {
            return Err(Answer::bad_request_data());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|_| Answer::bad_request_data())?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            _ => Err(Answer::bad_request_data()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nulls_are_removed_at_any_depth() {
        let body = json!({"a": null, "b": [{"c": null, "d": 1}]});
        let body = JsonBody(body.as_object().cloned().unwrap()).without_nulls();
        assert_eq!(Value::Object(body.0), json!({"b": [{"d": 1}]}));
    }
}
