//! The operator's routes for policies. They answer in every process with the role: the commands are in a shared database.

use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http_edge::{
    Problem,
    problem_catalogue::{LOG_UNAVAILABLE, MALFORMED, NOT_FOUND},
};
use policy_engine::{Policies, PoliciesError, PolicyHold, ReactionId};
use serde::Deserialize;
use serde_json::{Value, json};

/// The maximum number of characters of a reason.
const REASON_CHARACTERS_MAX: usize = 200;

/// `policies` is absent in a process without the role.
pub fn routes(policies: Option<Policies>) -> Router {
    Router::new()
        .route("/policies", get(list))
        .route("/policies/{name}/{state}", get(held))
        .route("/policies/{name}/retry", post(retry))
        .route("/policies/{name}/discard", post(discard))
        .with_state(policies)
}

/// Absent in a process without the role.
type PoliciesState = State<Option<Policies>>;

fn of(policies: Option<Policies>) -> Result<Policies, Problem> {
    policies.ok_or_else(|| Problem::of(&NOT_FOUND).detail("This process runs no policies."))
}

fn problem(error: PoliciesError) -> Problem {
    let class = if matches!(error, PoliciesError::Unknown(_)) { &NOT_FOUND } else { &LOG_UNAVAILABLE };
    Problem::of(class).detail(format!("{error}."))
}

async fn list(State(policies): PoliciesState) -> Result<Json<Value>, Problem> {
    let items = of(policies)?.status().await.map_err(problem)?;
    Ok(Json(json!({"items": items})))
}

async fn held(
    State(policies): PoliciesState,
    Path((name, state)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let states = [PolicyHold::Parked, PolicyHold::Refused, PolicyHold::Discarded, PolicyHold::Delivered];
    let Some(hold) = states.into_iter().find(|hold| hold.as_str() == state) else {
        let detail = "The states are parked, refused, discarded and delivered.";
        return Err(Problem::of(&NOT_FOUND).detail(detail));
    };
    let items = of(policies)?.held(&name, hold).await.map_err(problem)?;
    Ok(Json(json!({"items": items})).into_response())
}

/// A command, or all that are parked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParkedChange {
    id: Option<ReactionId>,
    reason: Option<String>,
}

async fn retry(
    State(policies): PoliciesState,
    Path(name): Path<String>,
    Json(change): Json<ParkedChange>,
) -> Result<Json<Value>, Problem> {
    let retried = of(policies)?.retry(&name, change.id).await.map_err(problem)?;
    Ok(Json(json!({"retried": retried})))
}

async fn discard(
    State(policies): PoliciesState,
    Path(name): Path<String>,
    Json(change): Json<ParkedChange>,
) -> Result<Json<Value>, Problem> {
    let reason = change.reason.unwrap_or_default();
    if reason.trim().is_empty() || reason.chars().count() > REASON_CHARACTERS_MAX {
        let detail = format!("`reason` has 1 to {REASON_CHARACTERS_MAX} characters.");
        return Err(Problem::of(&MALFORMED).detail(detail));
    }
    let discarded = of(policies)?.discard(&name, change.id, &reason).await.map_err(problem)?;
    Ok(Json(json!({"discarded": discarded})))
}
