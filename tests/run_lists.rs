//! Promise: of every run as much is kept as its flow's capture level says, and what is kept is found again by flow, outcome,
//! mode and time, page by page.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::{Value, json};
use weir_tests::{Server, spins};

const RUNS: &str = "/tenants/default/runs";

/// A flow that answers with its run's id, or fails where it is told to.
fn answering(name: &str, capture: &str) -> String {
    format!(
        r#"weir: 1
name: {name}
capture: {capture}
steps:
  - {{ id: keep, uses: set, with: {{ kept: "{{{{ payload.secret }}}}" }} }}
  - {{ id: refuse, uses: condition, with: {{ when: payload.fail }}, on: {{ "true": broken, "false": answer }} }}
  - {{ id: broken, uses: fail, with: {{ code: REFUSED, message: on purpose }} }}
  - {{ id: answer, uses: response, with: {{ json: {{ run_id: "{{{{ run.id }}}}", kept: "{{{{ kept }}}}" }} }} }}
"#
    )
}

/// Calls a flow; gives its run's id, which it answers with either way.
async fn call(server: &Server, url: &str, fail: bool) -> Result<String> {
    let body = json!({ "fail": fail, "secret": "hush" });
    let answer: Value = server.post(url, body.to_string()).await?.json().await?;
    Ok(answer["run_id"].as_str().with_context(|| format!("no run in {answer}"))?.to_owned())
}

/// All runs of a query, page after page, as they are listed.
async fn listed(server: &Server, query: &str) -> Result<Vec<Value>> {
    follow(server, query, String::new()).await
}

async fn follow(server: &Server, query: &str, mut after: String) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for _ in 0..1_000 {
        let page = server.get(&format!("{RUNS}?{query}{after}")).await?;
        all.extend(page["items"].as_array().with_context(|| format!("no page: {page}"))?.iter().cloned());
        let Some(next) = page["next"].as_str() else { return Ok(all) };
        after = format!("&after={next}");
    }
    anyhow::bail!("the list {query} never ends")
}

fn ids(runs: &[Value]) -> BTreeSet<String> {
    runs.iter().filter_map(|run| run["id"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn the_capture_level_decides_what_is_kept() -> Result<()> {
    let server = Server::start()?;
    for (level, of_completed, of_failed) in [
        ("full", "record", "record"),
        ("errors", "summary", "record"),
        ("summary", "summary", "summary"),
        ("none", "nothing", "nothing"),
    ] {
        let (url, _) = server.publish(&answering(&format!("keeps-{level}"), level))?;
        for (fail, expected) in [(false, of_completed), (true, of_failed)] {
            let id = call(&server, &url, fail).await?;
            let run = server.get(&format!("{RUNS}/{id}")).await?;
            let kept = match (run.get("steps"), run.get("step_count"), run["error"]["code"].as_str()) {
                (Some(_), _, _) => "record",
                (None, Some(_), _) => "summary",
                (None, None, Some("WEIR-API-RUN-UNKNOWN")) => "nothing",
                _ => "something odd",
            };
            assert_eq!(kept, expected, "{level}, failed {fail}: {run}");
            assert_eq!(
                run.to_string().contains("hush"),
                kept == "record",
                "only a record has what the caller sent: {run}"
            );
            if kept == "summary" {
                let outcome = if fail { "failed" } else { "completed" };
                assert_eq!((&run["outcome"], &run["step_count"]), (&json!(outcome), &json!(3)));
            }
        }
        let count = if level == "none" { 0 } else { 2 };
        assert_eq!(listed(&server, &format!("flow=keeps-{level}")).await?.len(), count, "{level}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_is_kept_of_runs_that_outlive_their_caller_where_nothing_is_to_be_kept() -> Result<()> {
    let server = Server::start()?;
    server.push_action("spin")?;
    let (background, _) = server
        .publish("weir: 1\nname: quiet\ncapture: none\nsteps:\n  - { id: note, uses: set, with: { seen: 1 } }\n")?;
    let spins = spins();
    let (slow, _) = server.publish(&format!(
        "weir: 1\nname: slow\ncapture: none\ntrigger: {{ webhook: {{ wait: 1s }} }}\nsteps:\n{spins}  - {{ id: answer, uses: \
         response }}\n"
    ))?;
    assert_eq!(server.post(&background, "{}").await?.status(), 202);
    assert_eq!(server.post(&slow, "{}").await?.status(), 504);
    for _ in 0..200 {
        if listed(&server, "").await?.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("still listed: {:?}", listed(&server, "").await?)
}

#[tokio::test]
async fn lists_filter_and_page_without_gaps_or_doubles() -> Result<()> {
    let server = Server::start()?;
    let (left, _) = server.publish(&answering("left", "full"))?;
    let (right, dev) = server.publish(&answering("right", "errors"))?;
    server.api(Method::POST, "/tenants/default/flows/right/arm").send().await?;
    let mut made: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for n in 0..12 {
        let fail = n % 3 == 0;
        made.entry(if fail { "left failed" } else { "left completed" })
            .or_default()
            .insert(call(&server, &left, fail).await?);
        made.entry("right completed").or_default().insert(call(&server, &right, false).await?);
        made.entry("right development").or_default().insert(call(&server, &dev, false).await?);
    }
    let union =
        |names: &[&str]| names.iter().filter_map(|name| made.get(name)).flatten().cloned().collect::<BTreeSet<_>>();
    for (query, expected) in [
        ("", union(&["left failed", "left completed", "right completed", "right development"])),
        ("flow=left", union(&["left failed", "left completed"])),
        ("outcome=failed", union(&["left failed"])),
        ("flow=left&outcome=completed", union(&["left completed"])),
        ("mode=development", union(&["right development"])),
        ("flow=right&mode=production", union(&["right completed"])),
        ("flow=right&outcome=failed", BTreeSet::new()),
        ("outcome=timed_out", BTreeSet::new()),
        ("since=1h", union(&["left failed", "left completed", "right completed", "right development"])),
        ("until=1h", BTreeSet::new()),
        ("since=2099-01-01T00:00:00Z", BTreeSet::new()),
    ] {
        for limit in [1, 5, 48, 200] {
            let runs = listed(&server, &format!("{query}&limit={limit}")).await?;
            assert_eq!((ids(&runs), runs.len()), (expected.clone(), expected.len()), "{query} by {limit}");
            assert!(
                runs.is_sorted_by(|newer, older| newer["id"].as_str() > older["id"].as_str()),
                "newest first: {query}"
            );
        }
    }
    // Runs that come between two pages are on neither.
    let first = server.get(&format!("{RUNS}?flow=left&limit=5")).await?;
    call(&server, &left, false).await?;
    let after = format!("&after={}", first["next"].as_str().context("no cursor")?);
    let rest = follow(&server, "flow=left&limit=5", after).await?;
    let both: Vec<Value> = first["items"].as_array().into_iter().flatten().chain(&rest).cloned().collect();
    assert_eq!((ids(&both), both.len()), (union(&["left failed", "left completed"]), 12));

    let runs = listed(&server, "").await?;
    let since = runs.get(runs.len() / 2).and_then(|run| run["started_at"].as_str()).context("no time")?;
    let later = listed(&server, &format!("since={since}")).await?;
    assert!(later.iter().all(|run| run["started_at"].as_str() >= Some(since)));
    let surely = runs.iter().filter(|run| run["started_at"].as_str() > Some(since)).cloned().collect::<Vec<_>>();
    assert!(ids(&later).is_superset(&ids(&surely)), "since {since}");

    for (query, status) in [
        ("limit=0", 400),
        ("limit=201", 400),
        ("after=x", 400),
        ("outcome=well", 400),
        ("since=soon", 400),
        ("flw=left", 400),
        ("flow=nobody", 404),
    ] {
        let refused = server.api(Method::GET, &format!("{RUNS}?{query}")).send().await?;
        assert_eq!(refused.status(), status, "{query}");
    }
    Ok(())
}
