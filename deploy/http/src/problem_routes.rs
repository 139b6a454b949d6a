//! `/problems`: the public catalogue.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use event_core::Rejection;
use serde_json::{Value, json};

use crate::{
    Problem,
    problem_catalogue::{CATALOGUE, NOT_FOUND, ProblemType},
};

type ByCode = Arc<BTreeMap<&'static str, ProblemType>>;

/// `GET /problems` and `GET /problems/{code}`: the catalogue, together with these rejections of the services.
pub fn problem_routes(rejections: impl IntoIterator<Item = &'static Rejection>) -> Router {
    let all = CATALOGUE.iter().copied().chain(rejections.into_iter().map(ProblemType::from));
    let by_code: ByCode = Arc::new(all.map(|problem| (problem.code, problem)).collect());
    Router::new().route("/problems", get(list)).route("/problems/{code}", get(one)).with_state(by_code)
}

async fn list(State(by_code): State<ByCode>) -> Json<Value> {
    Json(json!({"items": by_code.values().collect::<Vec<_>>()}))
}

async fn one(State(by_code): State<ByCode>, Path(code): Path<String>) -> Response {
    match by_code.get(code.as_str()) {
        Some(problem) => Json(problem).into_response(),
        None => Problem::of(&NOT_FOUND).into_response(),
    }
}
