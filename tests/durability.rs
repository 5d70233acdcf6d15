//! Promise: a fire-and-forget request that was acknowledged is run, whatever kills the server.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::Value;
use weir_tests::{BACKGROUND, Server};

/// Kills under load. The long form runs elsewhere.
const ROUNDS: u32 = 20;
/// Callers at a time.
const CALLERS: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_under_load_loses_no_acknowledged_run() -> Result<()> {
    let mut server = Server::start()?;
    server.publish(BACKGROUND)?;
    let mut acknowledged = HashSet::new();
    for round in 0..ROUNDS {
        let url = production_url(&server).await?;
        let callers: Vec<_> =
            (0..CALLERS).map(|_| tokio::spawn(call_until_it_fails(server.client.clone(), url.clone()))).collect();
        // Another moment in each round, from the first calls to the middle of the load.
        tokio::time::sleep(Duration::from_millis(u64::from(30 + round * 37 % 300))).await;
        server.kill()?;
        for caller in callers {
            acknowledged.extend(caller.await?);
        }
        server.start_again(&[])?;
    }
    assert!(acknowledged.len() > 500, "only {} calls were acknowledged; the load was no load", acknowledged.len());
    let outcomes = all_ended(&server).await?;
    let lost: Vec<_> = acknowledged.iter().filter(|id| !outcomes.contains(*id)).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged runs are lost: {lost:?}", lost.len(), acknowledged.len());
    Ok(())
}

#[tokio::test]
async fn the_rest_of_a_run_goes_on_after_a_restart() -> Result<()> {
    let mut server = Server::start()?;
    server.push_action("spin")?;
    // `slow` keeps the run alive while the server is killed; `last` shows that it went on from behind the answer.
    let (url, _) = server.publish(
        r#"weir: 1
name: rest
steps:
  - { id: answer, uses: response, with: { status: 201 } }
  - { id: slow, uses: spin@1, timeout: 700ms, on: { error: last } }
  - { id: last, uses: set, with: { done: "{{ payload.n }}" } }
"#,
    )?;
    assert_eq!(server.post(&url, r#"{"n":7}"#).await?.status(), 201);
    server.kill()?;
    server.start_again(&[])?;
    let run = server.last_run().await?;
    assert_eq!((&run["outcome"], &run["answer"]["status"]), (&"completed".into(), &201.into()));
    let ids: Vec<_> = run["steps"].as_array().context("no steps")?.iter().map(|step| step["id"].clone()).collect();
    assert_eq!(ids, ["answer", "slow", "last"], "the answer is not given twice, the rest is run");
    Ok(())
}

async fn production_url(server: &Server) -> Result<String> {
    let flow: Value = server.api(Method::GET, "/tenants/default/flows/background").send().await?.json().await?;
    let url = flow.pointer("/urls/production").and_then(Value::as_str).context("no URL")?;
    Ok(url.to_owned())
}

/// The runs that were acknowledged before the server died.
async fn call_until_it_fails(client: reqwest::Client, url: String) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for n in 0..100_000 {
        let request = client.post(&url).header("content-type", "application/json").body(format!("{{\"n\":{n}}}"));
        let Ok(answer) = request.send().await else { break };
        // Only a whole answer with the right status counts as one.
        let accepted = answer.status() == 202;
        let Ok(body) = answer.json::<Value>().await else { break };
        if let (true, Some(id)) = (accepted, body["run_id"].as_str()) {
            acknowledged.push(id.to_owned());
        }
    }
    acknowledged
}

/// The ids of all runs, once none is running any more.
async fn all_ended(server: &Server) -> Result<HashSet<String>> {
    for _ in 0..600 {
        let running = "/tenants/default/runs?outcome=running&limit=1";
        let page: Value = server.api(Method::GET, running).send().await?.json().await?;
        if page["items"].as_array().is_some_and(Vec::is_empty) && page["next"].is_null() {
            return list(server).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("some runs did not end")
}

async fn list(server: &Server) -> Result<HashSet<String>> {
    let mut ids = HashSet::new();
    let mut after = String::new();
    loop {
        let path = format!("/tenants/default/runs?limit=200{after}");
        let page: Value = server.api(Method::GET, &path).send().await?.json().await?;
        for run in page["items"].as_array().context("no items")? {
            anyhow::ensure!(run["outcome"] == "completed", "{run}");
            ids.extend(run["id"].as_str().map(str::to_owned));
        }
        let Some(next) = page["next"].as_str() else { return Ok(ids) };
        after = format!("&after={next}");
    }
}
