//! Promise: a request that comes again with its key is not run again; it gets the first one's answer, whatever happened to
//! the server meanwhile.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::Response;
use serde_json::{Value, json};
use weir_tests::{Server, spins};

/// A flow that answers with its run, and fails where it is told to.
const KEYED: &str = r#"weir: 1
name: keyed
trigger: { webhook: { idempotency: { header: idempotency-key } } }
steps:
  - { id: which, uses: condition, with: { when: "payload.fail" }, on: { "true": broken, "false": answer } }
  - { id: broken, uses: fail, with: { code: BROKEN } }
  - id: answer
    uses: response
    with: { status: 201, headers: { x-run: "{{ run.id }}", set-cookie: [a=1, b=2] }, json: { n: "{{ payload.n }}", run: "{{ run.id }}" } }
"#;

/// A flow that takes some 700 ms to answer with its run.
const SLOW: &str = r#"weir: 1
name: slow
trigger: { webhook: { idempotency: { header: idempotency-key } } }
steps:
  - { id: slow, uses: spin@1, timeout: 700ms, on: { error: answer } }
  - { id: answer, uses: response, with: { status: 201, json: { run: "{{ run.id }}" } } }
"#;

/// What a test looks at of an answer.
#[derive(Debug, PartialEq)]
struct Got {
    status: u16,
    replayed: bool,
    body: Value,
}

async fn got(response: Response) -> Result<Got> {
    let status = response.status().as_u16();
    let replayed = response.headers().get("idempotency-replayed").is_some_and(|value| value == "true");
    let text = response.text().await?;
    Ok(Got { status, replayed, body: serde_json::from_str(&text).with_context(|| format!("{status}: {text}"))? })
}

async fn post(server: &Server, url: &str, key: &str, body: &str) -> Result<Got> {
    let request = server.client.post(url).header("content-type", "application/json").body(body.to_owned());
    let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
    got(request.send().await?).await
}

/// The URL after a restart, which may change the port.
fn moved(url: &str, before: &str, server: &Server) -> Result<String> {
    let path = url.strip_prefix(before).with_context(|| format!("{url} is not below {before}"))?;
    Ok(format!("{}{path}", server.hooks))
}

fn code(got: &Got) -> (u16, &str) {
    (got.status, got.body.pointer("/error/code").and_then(Value::as_str).unwrap_or("none"))
}

/// How many runs the log has, once it has settled.
async fn count_runs(server: &Server) -> Result<usize> {
    tokio::time::sleep(Duration::from_millis(100)).await;
    let runs = server.get("/tenants/default/runs?limit=100").await?;
    Ok(runs["items"].as_array().context("no items")?.len())
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_also_after_a_crash() -> Result<()> {
    let mut server = Server::start()?;
    let (url, _) = server.publish(KEYED)?;
    let first = post(&server, &url, "k-1", r#"{"n":1}"#).await?;
    assert_eq!((first.status, first.replayed, &first.body["n"]), (201, false, &json!(1)));

    let again = server.client.post(&url).header("content-type", "application/json").header("IDEMPOTENCY-KEY", "k-1");
    let again = again.body(r#"{"n":1}"#).send().await?;
    assert_eq!(again.headers()["x-run"].to_str()?, first.body["run"].as_str().unwrap_or_default());
    assert_eq!(again.headers().get_all("set-cookie").iter().count(), 2);
    assert_eq!(again.headers()["content-type"], "application/json");
    assert_eq!(got(again).await?, Got { replayed: true, status: 201, body: first.body.clone() });

    assert_ne!(post(&server, &url, "k-2", r#"{"n":1}"#).await?.body["run"], first.body["run"], "another key");
    assert_ne!(post(&server, &url, "", r#"{"n":1}"#).await?.body["run"], first.body["run"], "no key");
    let mismatch = post(&server, &url, "k-1", r#"{"n":2}"#).await?;
    assert_eq!(code(&mismatch), (422, "WEIR-HOOK-IDEMPOTENCY-MISMATCH"));
    let elsewhere = post(&server, &format!("{url}/orders"), "k-1", r#"{"n":1}"#).await?;
    assert_eq!(code(&elsewhere), (422, "WEIR-HOOK-IDEMPOTENCY-MISMATCH"), "another path");

    let failed = post(&server, &url, "k-3", r#"{"fail":true}"#).await?;
    assert_eq!(code(&failed), (500, "BROKEN"));
    let again = post(&server, &url, "k-3", r#"{"fail":true}"#).await?;
    assert_eq!(again, Got { replayed: true, ..failed }, "a failure is an answer too");
    assert_eq!(count_runs(&server).await?, 4);

    let before = server.hooks.clone();
    server.kill()?;
    server.start_again(&[])?;
    let again = post(&server, &moved(&url, &before, &server)?, "k-1", r#"{"n":1}"#).await?;
    assert_eq!(again, Got { replayed: true, ..first });
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_at_once_one_runs() -> Result<()> {
    let server = Server::start()?;
    server.push_action("spin")?;
    let (url, _) = server.publish(SLOW)?;
    let callers: Vec<_> = (0..32)
        .map(|_| {
            let request = server.client.post(&url).header("idempotency-key", "same").body("{}");
            tokio::spawn(async move { got(request.send().await?).await })
        })
        .collect();
    let mut answers = Vec::new();
    for caller in callers {
        answers.push(caller.await??);
    }
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    let runs: HashSet<_> = answers.iter().map(|answer| answer.body["run"].to_string()).collect();
    assert_eq!(runs.len(), 1);
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1, "one of them ran");
    assert_eq!(count_runs(&server).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_caller_who_leaves_finds_its_answer_when_it_comes_again() -> Result<()> {
    let server = Server::start()?;
    server.push_action("spin")?;
    let (url, _) = server.publish(SLOW)?;
    let request = server.client.post(&url).header("idempotency-key", "k").body("{}");
    let impatient = tokio::time::timeout(Duration::from_millis(200), request.send()).await;
    assert!(impatient.is_err(), "it answered at once");
    let answer = got(server.client.post(&url).header("idempotency-key", "k").body("{}").send().await?).await?;
    assert_eq!((answer.status, answer.replayed), (201, true));
    assert_eq!(count_runs(&server).await?, 1);
    Ok(())
}

#[tokio::test]
async fn keys_are_where_the_flow_says_and_may_be_required() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(
        r#"weir: 1
name: orders
trigger: { webhook: { idempotency: { pointer: /order/id, required: true, keep: 1h } } }
steps:
  - { id: answer, uses: response, with: { json: { run: "{{ run.id }}" } } }
"#,
    )?;
    let first = post(&server, &url, "", r#"{"order":{"id":7}}"#).await?;
    assert_eq!((first.status, first.replayed), (200, false));
    assert_eq!(post(&server, &url, "", r#"{"order":{"id":7}}"#).await?, Got { replayed: true, ..first });
    assert!(!post(&server, &url, "", r#"{"order":{"id":"a"}}"#).await?.replayed);
    let same = post(&server, &url, "", r#"{"order":{"id":"7"},"more":true}"#).await?;
    assert_eq!(code(&same), (422, "WEIR-HOOK-IDEMPOTENCY-MISMATCH"), "a number and its text are one key");
    let long = format!(r#"{{"order":{{"id":"{}"}}}}"#, "k".repeat(256));
    for body in ["{}", r#"{"order":{"id":null}}"#, r#"{"order":{"id":[1]}}"#, r#"{"order":{"id":""}}"#, &long] {
        assert_eq!(code(&post(&server, &url, "", body).await?), (400, "WEIR-HOOK-IDEMPOTENCY-KEY"), "{body}");
    }
    Ok(())
}

#[tokio::test]
async fn an_acknowledgement_and_its_memory_are_one() -> Result<()> {
    let mut server = Server::start()?;
    let (mut url, _) = server.publish(
        r#"weir: 1
name: background
trigger: { webhook: { idempotency: { header: idempotency-key }, accepted: { status: 201 } } }
steps:
  - { id: note, uses: set, with: { seen: "{{ payload.n }}" } }
"#,
    )?;
    let mut acknowledged = Vec::new();
    for round in 0..5 {
        let (key, body) = (format!("k-{round}"), format!(r#"{{"n":{round}}}"#));
        let first = post(&server, &url, &key, &body).await?;
        assert_eq!((first.status, first.replayed), (201, false));
        // At once: neither the run nor its memory may need more time than its acknowledgement.
        let before = server.hooks.clone();
        server.kill()?;
        server.start_again(&[])?;
        url = moved(&url, &before, &server)?;
        acknowledged.push((key, body, first));
    }
    for (key, body, first) in acknowledged {
        let again = post(&server, &url, &key, &body).await?;
        assert_eq!(again, Got { replayed: true, ..first });
        let run = server.ended(again.body["run_id"].as_str().context("no run")?).await?;
        assert_eq!(run["outcome"], "completed");
    }
    assert_eq!(count_runs(&server).await?, 5);
    Ok(())
}

#[tokio::test]
async fn who_comes_again_while_the_first_goes_on_is_told_so_and_later_gets_its_end() -> Result<()> {
    let server = Server::start()?;
    server.push_action("spin")?;
    let spins = spins();
    let (url, _) = server.publish(&format!(
        r#"weir: 1
name: patient
trigger: {{ webhook: {{ wait: 1s, idempotency: {{ header: idempotency-key }} }} }}
steps:
{spins}  - {{ id: answer, uses: response, with: {{ json: {{ run: "{{{{ run.id }}}}" }} }} }}
"#
    ))?;
    let late = post(&server, &url, "k", "{}").await?;
    assert_eq!(code(&late), (504, "WEIR-RUN-WAIT"));
    let busy = server.client.post(&url).header("idempotency-key", "k").header("content-type", "application/json");
    let busy = busy.body("{}").send().await?;
    assert!(busy.headers().contains_key("retry-after"));
    assert_eq!(code(&got(busy).await?), (409, "WEIR-HOOK-IDEMPOTENCY-BUSY"));
    server.ended(late.body["run_id"].as_str().context("no run")?).await?;
    let again = post(&server, &url, "k", "{}").await?;
    assert_eq!(again, Got { status: 200, replayed: true, body: json!({ "run": late.body["run_id"] }) });
    assert_eq!(count_runs(&server).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_run_that_waits_on_disk_is_not_started_again() -> Result<()> {
    let mut server = Server::start()?;
    let (url, _) = server.publish(
        r#"weir: 1
name: parked
trigger: { webhook: { wait: 1s, idempotency: { header: idempotency-key } } }
steps:
  - { id: pause, uses: wait, with: { for: 1h } }
  - { id: answer, uses: response, with: { json: {} } }
"#,
    )?;
    let late = post(&server, &url, "k", "{}").await?;
    assert_eq!(code(&late), (504, "WEIR-RUN-WAIT"));
    let again = until_not_busy(&server, &url).await?;
    assert_eq!((again.status, again.replayed, &again.body["run_id"]), (504, true, &late.body["run_id"]));
    let before = server.hooks.clone();
    server.kill()?;
    server.start_again(&[])?;
    let again = post(&server, &moved(&url, &before, &server)?, "k", "{}").await?;
    assert_eq!(again, Got { replayed: true, ..late });
    assert_eq!(count_runs(&server).await?, 1);
    Ok(())
}

/// The answer once the run has left memory.
async fn until_not_busy(server: &Server, url: &str) -> Result<Got> {
    for _ in 0..20 {
        let got = post(server, url, "k", "{}").await?;
        if got.status != 409 {
            return Ok(got);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("it stays busy")
}
