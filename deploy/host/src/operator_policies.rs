//! The operator's commands for policies: calls to the admin listener of a running server.

use anyhow::{Context, anyhow, bail};
use serde_json::{Value, json};

use crate::{
    cli::{PoliciesTask, ServerAddress},
    operator::{ask, client, columns, url},
    output,
};

/// `policies …`.
///
/// # Errors
/// If no server answers, or it refuses.
pub fn perform(task: &PoliciesTask) -> anyhow::Result<()> {
    match task {
        PoliciesTask::List(options) => {
            let fields = ["name", "position", "lag_events", "waiting", "parked", "state"];
            printed(&got(&options.server, "/policies")?, options.json, &fields)
        }
        PoliciesTask::Held(options) => {
            let path = format!("/policies/{}/{}", options.name, options.state);
            printed(
                &got(&options.server, &path)?,
                options.json,
                &["id", "position", "command", "attempts", "since", "why"],
            )
        }
        PoliciesTask::Retry(options) => {
            let path = format!("/policies/{}/retry", options.name);
            let answer = posted(&options.server, &path, &json!({"id": options.id}))?;
            output::line(format_args!("{} commands are given again", answer["retried"]));
            Ok(())
        }
        PoliciesTask::Discard(options) => {
            let path = format!("/policies/{}/discard", options.name);
            let answer = posted(&options.server, &path, &json!({"id": options.id, "reason": options.reason}))?;
            output::line(format_args!("{} commands are discarded", answer["discarded"]));
            Ok(())
        }
    }
}

fn printed(list: &Value, as_json: bool, fields: &[&str]) -> anyhow::Result<()> {
    if as_json {
        output::line(format_args!("{}", serde_json::to_string_pretty(list)?));
        return Ok(());
    }
    let items = list["items"].as_array().ok_or_else(|| anyhow!("the answer is no list"))?;
    let headings = fields.iter().map(|field| field.to_uppercase().replace('_', " ")).collect();
    let cell = |item: &Value, field: &str| item[field].as_str().map_or_else(|| item[field].to_string(), str::to_owned);
    let row = |item: &Value| fields.iter().map(|field| cell(item, field)).collect();
    let rows: Vec<Vec<String>> = std::iter::once(headings).chain(items.iter().map(row)).collect();
    output::text(format_args!("{}", columns(&rows)));
    Ok(())
}

fn got(server: &ServerAddress, path: &str) -> anyhow::Result<Value> {
    ask(async { answer(client()?.get(url(server, path))).await })
}

fn posted(server: &ServerAddress, path: &str, body: &Value) -> anyhow::Result<Value> {
    ask(async { answer(client()?.post(url(server, path)).json(body)).await })
}

async fn answer(request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
    let response = request.send().await.context("is the server running?")?;
    let is_success = response.status().is_success();
    let answer: Value = response.json().await.context("the answer is not JSON")?;
    if !is_success {
        let text = |member: &str| answer[member].as_str().unwrap_or_default().to_owned();
        bail!("{} {}", text("title"), text("detail"));
    }
    Ok(answer)
}
