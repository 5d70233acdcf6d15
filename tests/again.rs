//! Promise: a run that did not complete goes on where it failed without doing again what it had done, any run is done
//! anew on request, one that runs or waits is ended, and all of it works for many runs at once.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use weir_tests::Server;

const RUNS: &str = "/tenants/default/runs";

/// A flow that needs another one, after a step that says which run executed it.
const ORDERS: &str = r#"weir: 1
name: orders
steps:
  - { id: before, uses: set, with: { first: "{{ run.id }}" } }
  - { id: ask, uses: call, with: { flow: stock } }
  - { id: after, uses: set, with: { second: "{{ run.id }}", seen: "{{ first }}" } }
"#;

/// The other flow, out of order.
const BROKEN: &str = "weir: 1\nname: stock\nsteps:\n  - { id: broken, uses: fail, with: { code: EMPTY } }\n";
/// The other flow, mended.
const MENDED: &str = "weir: 1\nname: stock\nsteps:\n  - { id: fine, uses: set, with: { stock: 1 } }\n";

/// A flow that answers with what it was sent, or fails where it is told to.
fn greeting(name: &str, more: &str, greeting: &str) -> String {
    format!(
        r#"weir: 1
name: {name}
{more}steps:
  - {{ id: refuse, uses: condition, with: {{ when: payload.fail }}, on: {{ "true": broken, "false": answer }} }}
  - {{ id: broken, uses: fail, with: {{ code: REFUSED, message: on purpose }} }}
  - {{ id: answer, uses: response, with: {{ json: {{ {greeting}: "{{{{ payload.name }}}}" }} }} }}
"#
    )
}

const SLEEPER: &str = r#"weir: 1
name: sleeper
steps:
  - { id: before, uses: set, with: { first: "{{ run.id }}" } }
  - { id: sleep, uses: wait, with: { for: 3h } }
  - { id: after, uses: set, with: { woke: true } }
"#;

/// Starts a run: its id, whatever becomes of it.
async fn start(server: &Server, url: &str, body: impl Into<String>) -> Result<String> {
    let answer: Value = server.post(url, body).await?.json().await?;
    Ok(answer["run_id"].as_str().with_context(|| format!("no run: {answer}"))?.to_owned())
}

/// Orders something for a run.
async fn order(server: &Server, id: &str, act: &str, body: Option<Value>) -> Result<Response> {
    let request = server.api(Method::POST, &format!("{RUNS}/{id}/{act}"));
    Ok(body.iter().fold(request, |request, body| request.json(body)).send().await?)
}

/// The new run that an order started.
async fn again(server: &Server, id: &str, act: &str, body: Option<Value>) -> Result<String> {
    let response = order(server, id, act, body).await?;
    let (status, answer) = (response.status(), response.json::<Value>().await?);
    ensure!(status == 202, "{act} {id}: {status} {answer}");
    Ok(answer["run_id"].as_str().context("no run_id")?.to_owned())
}

/// Why an order was refused.
async fn refused(server: &Server, id: &str, act: &str, body: Option<Value>) -> Result<(u16, String)> {
    let response = order(server, id, act, body).await?;
    let (status, answer) = (response.status().as_u16(), response.json::<Value>().await?);
    Ok((status, answer["error"]["code"].as_str().with_context(|| format!("no error: {answer}"))?.to_owned()))
}

/// A run once it stands or ended so.
async fn stands(server: &Server, id: &str, outcome: &str) -> Result<Value> {
    let mut run = Value::Null;
    for _ in 0..600 {
        run = server.get(&format!("{RUNS}/{id}")).await?;
        if run["outcome"] == outcome {
            return Ok(run);
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    anyhow::bail!("run {id} is not {outcome}: {run}")
}

/// The runs of a query once there are so many.
async fn listed(server: &Server, query: &str, count: usize) -> Result<Vec<Value>> {
    let mut items = Vec::new();
    for _ in 0..600 {
        let page = server.get(&format!("{RUNS}?limit=200&{query}")).await?;
        items = page["items"].as_array().with_context(|| format!("no page: {page}"))?.clone();
        if items.len() == count {
            return Ok(items);
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    anyhow::bail!("{query} lists {} runs instead of {count}: {items:?}", items.len())
}

fn exits(run: &Value) -> Vec<Value> {
    run["steps"].as_array().into_iter().flatten().map(|step| json!([step["id"], step["exit"]])).collect()
}

fn origin(kind: &str, run: &str) -> Value {
    json!({ "kind": kind, "run": run })
}

#[tokio::test]
async fn a_retry_goes_on_at_the_step_that_failed() -> Result<()> {
    let mut server = Server::start()?;
    server.publish(BROKEN)?;
    let (url, _) = server.publish(ORDERS)?;
    let first = start(&server, &url, r#"{"n":1}"#).await?;
    let run = server.ended(&first).await?;
    assert_eq!((&run["outcome"], &run["error"]["step"]), (&json!("failed"), &json!("ask")), "{run}");

    // It fails again where it failed: the tries of the run before are not told as its own.
    let second = again(&server, &first, "retry", None).await?;
    let run = server.ended(&second).await?;
    assert_eq!((&run["outcome"], &run["origin"]), (&json!("failed"), &origin("retry", &first)), "{run}");
    assert_eq!(exits(&run), [json!(["before", "next"]), json!(["ask", "error"])]);

    // Mended, after a restart, and with another version published meanwhile: the retry executes the one that failed.
    server.publish(MENDED)?;
    server.publish("weir: 1\nname: orders\nsteps:\n  - { id: other, uses: set, with: { other: 1 } }\n")?;
    server.kill()?;
    server.start_again(&[])?;
    for from in [&first, &second] {
        let third = again(&server, from, "retry", None).await?;
        let run = stands(&server, &third, "completed").await?;
        assert_eq!((&run["version"], &run["origin"]), (&json!(1), &origin("retry", from)));
        assert_eq!(exits(&run), [json!(["before", "next"]), json!(["ask", "next"]), json!(["after", "next"])]);
        assert_eq!(run["steps"][0]["variables"]["first"], first.as_str(), "the first step was not executed again");
        assert_eq!(run["steps"][2]["variables"], json!({ "second": third, "seen": first }));
        assert_eq!(run["trigger"]["payload"], json!({ "n": 1 }));
        assert!(run["started_at"].as_str() > server.get(&format!("{RUNS}/{from}")).await?["started_at"].as_str());
        assert_eq!(refused(&server, &third, "retry", None).await?, (409, "WEIR-RUN-NOT-FAILED".into()));
    }
    let nobody = "0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b";
    for act in ["retry", "replay", "cancel"] {
        assert_eq!(refused(&server, nobody, act, None).await?, (404, "WEIR-API-RUN-UNKNOWN".into()), "{act}");
    }
    let shown = server.cli(&["run", "retry", &first, "--wait"])?;
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(shown.stdout.contains(&format!("retry of run {first}")), "{shown:?}");
    Ok(())
}

#[tokio::test]
async fn a_draft_that_changed_is_not_gone_on_with() -> Result<()> {
    let server = Server::start()?;
    let (_, dev) = server.publish(&greeting("shy", "", "hello"))?;
    server.api(Method::POST, "/tenants/default/flows/shy/arm").send().await?;
    let failed = start(&server, &dev, r#"{"fail":true}"#).await?;
    let same = again(&server, &failed, "retry", None).await?;
    let run = stands(&server, &same, "failed").await?;
    assert_eq!((&run["mode"], &run["version"]), (&json!("development"), &json!(0)));
    let file = server.scratch().file("draft.yaml", greeting("shy", "", "hi"))?;
    server.cli(&["flow", "push", &file.to_string_lossy()])?;
    assert_eq!(refused(&server, &failed, "retry", None).await?, (409, "WEIR-RUN-DEFINITION-GONE".into()));
    // Of a run of a draft, the draft is what is done again.
    let anew = again(&server, &failed, "replay", Some(json!({ "payload": { "name": "Ada", "fail": false } }))).await?;
    let run = stands(&server, &anew, "completed").await?;
    assert_eq!((&run["mode"], &run["answer"]["body"]), (&json!("development"), &json!({ "hi": "Ada" })));
    Ok(())
}

#[tokio::test]
async fn a_replay_does_all_of_it_again_with_any_payload_on_any_definition() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(&greeting("greet", "", "hello"))?;
    let request = server.client.post(format!("{url}/door?a=1")).header("authorization", "Bearer s3cret");
    let request = request.header("content-type", "application/json").body(r#"{"fail":true,"name":"Ada"}"#);
    let failed: Value = request.send().await?.json().await?;
    let failed = failed["run_id"].as_str().context("no run_id")?.to_owned();
    let file = server.scratch().file("draft.yaml", greeting("greet", "", "hi"))?;
    assert_eq!(server.cli(&["flow", "push", &file.to_string_lossy()])?.code, 0);

    let good = json!({ "name": "Bob", "fail": false });
    for (body, outcome, mode, answer) in [
        (None, "failed", "production", Value::Null),
        (Some(json!({ "payload": good })), "completed", "production", json!({ "hello": "Bob" })),
        (Some(json!({ "payload": good, "on": "draft" })), "completed", "development", json!({ "hi": "Bob" })),
        (Some(json!({ "payload": good, "on": "published" })), "completed", "production", json!({ "hello": "Bob" })),
    ] {
        let anew = again(&server, &failed, "replay", body.clone()).await?;
        let run = stands(&server, &anew, outcome).await?;
        assert_eq!((&run["mode"], &run["origin"]), (&json!(mode), &origin("replay", &failed)), "{body:?}");
        if outcome == "completed" {
            assert_eq!((&run["answer"]["body"], &run["trigger"]["payload"]), (&answer, &good), "{body:?}");
        }
        let request = &run["trigger"]["request"];
        assert_eq!((&request["path"], &request["query"]), (&json!("/door"), &json!("a=1")));
        assert!(request["headers"].to_string().contains("authorization") && !run.to_string().contains("s3cret"));
    }
    for (body, code) in [(r#"{"on":"latest"}"#, "WEIR-API-BODY"), (r#"{"paylod":1}"#, "WEIR-API-BODY")] {
        let wrong = refused(&server, &failed, "replay", Some(serde_json::from_str(body)?)).await?;
        assert_eq!(wrong, (400, code.into()));
    }

    let payload = r#"{"name":"Eve","fail":false}"#;
    let shown = server.cli(&["run", "replay", &failed, "--on", "draft", "--payload", payload, "--wait", "--json"])?;
    assert_eq!((shown.code, &shown.json()?["answer"]["body"]), (0, &json!({ "hi": "Eve" })), "{shown:?}");
    let file = server.scratch().file("payload.json", payload)?;
    let shown = server.cli(&["run", "replay", &failed, "--payload", &file.to_string_lossy(), "--json"])?;
    let id = shown.json()?["run_id"].as_str().with_context(|| format!("{shown:?}"))?.to_owned();
    assert_eq!(stands(&server, &id, "completed").await?["answer"]["body"], json!({ "hello": "Eve" }));
    assert_eq!(server.cli(&["run", "replay", &failed, "--wait"])?.code, 1, "the new run failed");
    Ok(())
}

#[tokio::test]
async fn what_was_not_kept_is_said_and_not_guessed() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(&greeting("large", "", "hello"))?;
    let (brief, _) = server.publish(&greeting("brief", "capture: summary\n", "hello"))?;
    let good = Some(json!({ "payload": { "name": "Ada", "fail": false } }));
    let name = "é".repeat(200_000);
    server.post(&url, json!({ "name": name, "fail": false }).to_string()).await?;
    let completed = server.last_run().await?["id"].as_str().context("no id")?.to_owned();
    assert_eq!(refused(&server, &completed, "replay", None).await?, (409, "WEIR-RUN-PAYLOAD-CUT".into()));
    stands(&server, &again(&server, &completed, "replay", good.clone()).await?, "completed").await?;
    // Of one that failed all is there, since it could be retried.
    let failed = start(&server, &url, json!({ "name": name, "fail": true }).to_string()).await?;
    let anew = again(&server, &failed, "replay", None).await?;
    assert!(stands(&server, &anew, "failed").await?["trigger"]["payload"]["bytes"].as_u64() > Some(400_000));

    let failed = start(&server, &brief, r#"{"fail":true}"#).await?;
    assert_eq!(refused(&server, &failed, "retry", None).await?, (409, "WEIR-RUN-NO-STATE".into()));
    assert_eq!(refused(&server, &failed, "replay", None).await?, (409, "WEIR-RUN-NO-PAYLOAD".into()));
    stands(&server, &again(&server, &failed, "replay", good.clone()).await?, "completed").await?;

    let id = server.get("/tenants/default/flows/brief").await?["id"].as_str().context("no id")?.to_owned();
    server.api(Method::DELETE, "/tenants/default/flows/brief").send().await?;
    assert_eq!(refused(&server, &failed, "replay", good).await?, (409, "WEIR-RUN-NOT-RUNNABLE".into()));
    let gone = server.cli(&["run", "list", "--flow", "brief"])?;
    assert!(gone.code == 5 && gone.stderr.contains("flow_id"), "{gone:?}");
    let listed = server.cli(&["run", "list", "--flow", &id, "--json"])?.json()?;
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "runs of a deleted flow are found by its id");
    Ok(())
}

#[tokio::test]
async fn runs_that_wait_or_run_are_cancelled() -> Result<()> {
    let server = Server::start()?;
    server.push_action("spin")?;
    let (sleeper, _) = server.publish(SLEEPER)?;
    let (busy, _) = server.publish(
        r#"weir: 1
name: busy
steps:
  - { id: spin, uses: spin@1, timeout: 9s, on: { error: again } }
  - { id: again, uses: spin@1, timeout: 9s, on: { error: end } }
"#,
    )?;
    let waits = start(&server, &sleeper, "{}").await?;
    stands(&server, &waits, "waiting").await?;
    for act in ["retry", "replay"] {
        assert_eq!(refused(&server, &waits, act, None).await?, (409, "WEIR-RUN-NOT-ENDED".into()));
    }
    let shown = server.cli(&["run", "show", &waits])?.stdout;
    assert!(shown.contains("until 2") && shown.contains("2 h 59 min") && shown.contains("left"), "{shown}");
    assert!(server.cli(&["run", "list", "--outcome", "waiting"])?.stdout.contains(" left\t"));

    let spins = start(&server, &busy, "{}").await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    for id in [&waits, &spins] {
        assert_eq!(server.cli(&["run", "cancel", id])?.code, 0);
        let run = stands(&server, id, "cancelled").await?;
        assert_eq!(run["error"]["code"], "WEIR-RUN-CANCELLED", "{run}");
        assert!(run["error"]["message"].as_str().is_some_and(|by| by.contains("operator token")), "{run}");
        assert_eq!(refused(&server, id, "cancel", None).await?, (409, "WEIR-RUN-ENDED".into()));
    }
    // What was cancelled can be gone on with: it waits anew where it waited.
    let anew = again(&server, &waits, "retry", None).await?;
    stands(&server, &anew, "waiting").await?;
    let cancelled = again(&server, &anew, "cancel", None).await?;
    let run = stands(&server, &cancelled, "cancelled").await?;
    assert_eq!(exits(&run), [json!(["before", "next"])]);
    assert_eq!(run["steps"][0]["variables"]["first"], waits.as_str());
    Ok(())
}

/// Orders something for many runs, and gives each line that is told.
async fn bulk(server: &Server, order: Value) -> Result<Vec<Value>> {
    let request = server.api(Method::POST, &format!("{RUNS}/bulk")).header("accept", "application/x-ndjson");
    let text = request.json(&order).send().await?.text().await?;
    text.lines().map(|line| serde_json::from_str(line).with_context(|| format!("no JSON: {line}"))).collect()
}

#[tokio::test]
async fn many_runs_are_retried_replayed_and_cancelled_by_filter() -> Result<()> {
    let server = Server::start()?;
    server.publish(BROKEN)?;
    let (url, _) = server.publish(ORDERS)?;
    for _ in 0..25 {
        start(&server, &url, "{}").await?;
    }
    listed(&server, "flow=orders&outcome=failed", 25).await?;
    let filter = json!({ "flow": "orders", "outcome": "failed", "since": "1h" });
    let counted = server.api(Method::POST, &format!("{RUNS}/bulk"));
    let counted = counted.json(&json!({ "action": "retry", "filter": filter, "dry_run": true })).send().await?;
    let counted: Value = counted.json().await?;
    assert_eq!((&counted["matched"], &counted["done"], &counted["next"]), (&json!(25), &json!(0), &Value::Null));

    // Each of the new runs fails too; none of them is retried in turn.
    let lines = bulk(&server, json!({ "action": "retry", "filter": filter })).await?;
    let (last, steps) = lines.split_last().context("no lines")?;
    let totals = &last["done"];
    assert_eq!((&totals["matched"], &totals["done"], &totals["failed"]), (&json!(25), &json!(25), &json!(0)), "{last}");
    let done: Vec<_> = steps.iter().filter_map(|step| step["done"].as_u64()).collect();
    assert!(done.len() == steps.len() && done.len() > 20 && done.is_sorted() && done.last() == Some(&25), "{steps:?}");
    listed(&server, "flow=orders&outcome=failed", 50).await?;

    // In parts: each goes on after the one before, up to the same moment.
    let (mut after, mut until, mut seen) = (Value::Null, Value::Null, 0);
    loop {
        let filter = json!({ "flow": "orders", "until": until });
        let order = json!({ "action": "retry", "filter": filter, "limit": 20, "after": after });
        let lines = bulk(&server, order).await?;
        let totals = lines.last().context("no lines")?["done"].clone();
        seen += totals["done"].as_u64().with_context(|| format!("{totals}"))?;
        (after, until) = (totals["next"].clone(), totals["until"].clone());
        if after.is_null() {
            break;
        }
        ensure!(seen <= 50, "more than there were");
    }
    assert_eq!(seen, 50);
    listed(&server, "flow=orders&outcome=failed", 100).await?;

    server.publish(MENDED)?;
    let args = ["run", "retry", "--flow", "orders", "--outcome", "failed", "--since", "1h", "--limit", "10"];
    assert_eq!(server.cli(&args)?.code, 2, "there is nobody to ask");
    let done = server.cli(&[&args[..], &["--yes"]].concat())?;
    assert_eq!((done.code, done.stdout.trim()), (0, "Retried 10 runs."), "{done:?}");
    listed(&server, "flow=orders&outcome=completed", 10).await?;

    let (url, _) = server.publish(SLEEPER)?;
    for _ in 0..5 {
        start(&server, &url, "{}").await?;
    }
    listed(&server, "outcome=waiting", 5).await?;
    let done = server.cli(&["run", "cancel", "--flow", "sleeper", "--yes", "--json"])?.json()?;
    assert_eq!((&done["matched"], &done["done"]), (&json!(5), &json!(5)));
    listed(&server, "outcome=cancelled", 5).await?;
    let done = server.cli(&["run", "retry", "--flow", "sleeper", "--since", "1h", "--yes", "--json"])?.json()?;
    assert_eq!(done["matched"], 0, "what was cancelled is retried where it is asked for");
    Ok(())
}

#[tokio::test]
async fn orders_for_many_runs_are_checked_and_their_failures_told() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(&greeting("brief", "capture: summary\n", "hello"))?;
    for _ in 0..3 {
        start(&server, &url, r#"{"fail":true}"#).await?;
    }
    for (order, code) in [
        (json!({ "action": "cancel" }), "WEIR-API-BULK-FILTER"),
        (json!({ "action": "replay", "filter": {} }), "WEIR-API-BULK-FILTER"),
        (json!({ "action": "retry", "filter": { "outcome": "completed" } }), "WEIR-API-BULK-FILTER"),
        (json!({ "action": "cancel", "filter": { "outcome": "failed" } }), "WEIR-API-BULK-FILTER"),
        (json!({ "action": "retry", "limit": 10_001 }), "WEIR-API-LIMIT"),
        (json!({ "action": "retry", "filter": { "since": "soon" } }), "WEIR-API-QUERY"),
        (json!({ "action": "delete" }), "WEIR-API-BODY"),
    ] {
        let lines = bulk(&server, order.clone()).await?;
        assert_eq!(lines[0]["error"]["code"], code, "{order}");
    }
    let token = json!({ "role": "viewer", "tenant": "default" });
    let token: Value = server.api(Method::POST, "/tokens").json(&token).send().await?.json().await?;
    let viewer = token["token"].as_str().with_context(|| format!("no token: {token}"))?;
    let request = server.client.post(format!("{}/api/v1{RUNS}/bulk", server.admin)).bearer_auth(viewer);
    assert_eq!(request.json(&json!({ "action": "retry" })).send().await?.status(), 403);

    let told = server.cli(&["run", "retry", "--flow", "brief", "--yes"])?;
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.stdout.starts_with("Retried 0 runs.\n") && told.stdout.matches("WEIR-RUN-NO-STATE").count() == 3);
    assert!(told.stderr.contains("3 of 3 runs could not be retried"), "{told:?}");
    assert_eq!(server.cli(&["run", "retry", "--yes"])?.code, 2, "nothing says which runs");
    Ok(())
}
