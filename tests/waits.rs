//! Promise: a run waits as long as its flow says, for a time, a moment or a call, whatever happens to the server meanwhile,
//! and goes on once.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use weir_tests::{Cli, Server};

/// A flow that tells its caller the URL that resumes it.
const ASKS: &str = r#"weir: 1
name: asks
steps:
  - { id: tell, uses: response, with: { status: 201, json: { run: "{{ run.id }}", resume: "{{ run.resume_url }}" } } }
  - { id: decision, uses: wait, with: { call: { within: 1h } } }
  - { id: note, uses: set, with: { got: "{{ steps.decision.output }}" } }
"#;

async fn code(response: Response) -> Result<(u16, String)> {
    let status = response.status().as_u16();
    let body: Value = response.json().await?;
    Ok((status, body.pointer("/error/code").and_then(Value::as_str).unwrap_or("none").to_owned()))
}

/// Starts a run in the background: its id.
async fn start(server: &Server, url: &str, body: &str) -> Result<String> {
    let accepted: Value = server.post(url, body).await?.json().await?;
    Ok(accepted["run_id"].as_str().with_context(|| format!("no run: {accepted}"))?.to_owned())
}

/// Starts a run of a flow that asks: its id and its resume URL.
async fn ask(server: &Server, url: &str) -> Result<(String, String)> {
    let told: Value = server.post(url, "{}").await?.json().await?;
    let text = |name: &str| told[name].as_str().with_context(|| format!("no {name}: {told}")).map(str::to_owned);
    Ok((text("run")?, text("resume")?))
}

/// A run as the log has it, once it waits.
async fn waiting(server: &Server, id: &str) -> Result<Value> {
    for _ in 0..400 {
        let run = server.get(&format!("/tenants/default/runs/{id}")).await?;
        if run["outcome"] == "waiting" {
            return Ok(run);
        }
        ensure!(run["outcome"] == "running" || run["outcome"].is_null(), "run {id} does not wait: {run}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    anyhow::bail!("run {id} did not wait")
}

/// One field of every step of a run.
fn of_steps(run: &Value, field: &str) -> Vec<Value> {
    run["steps"].as_array().into_iter().flatten().map(|step| step[field].clone()).collect()
}

/// What a run's last step changed.
fn last_variables(run: &Value) -> Value {
    run["steps"].as_array().and_then(|steps| steps.last()).map(|step| step["variables"].clone()).unwrap_or_default()
}

fn micros(run: &Value) -> u64 {
    run["duration_us"].as_u64().unwrap_or_default()
}

/// A moment from now, as `date` reads it.
fn moment(millis_from_now: i64) -> Result<String> {
    let output = Command::new("date").arg("+%s%3N").output()?;
    let now: i64 = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(weir_model::Timestamp::from_millis(now + millis_from_now).to_string())
}

/// A URL of the hooks as it is now: a restart may change the port.
fn here(server: &Server, url: &str) -> Result<String> {
    let path = url.splitn(4, '/').nth(3).with_context(|| format!("{url} has no path"))?;
    Ok(format!("{}/{path}", server.hooks))
}

/// Ends the server with SIGKILL and starts it again: a URL of its hooks as it is then.
fn crash(server: &mut Server, url: &str) -> Result<String> {
    server.kill()?;
    server.start_again(&[])?;
    here(server, url)
}

#[tokio::test]
async fn a_run_waits_for_a_time_and_until_a_moment() -> Result<()> {
    let server = Server::start()?;
    let (caller, _) = server.publish(
        r#"weir: 1
name: caller
steps:
  - { id: pause, uses: wait, with: { for: 300ms } }
  - { id: answer, uses: response, with: { json: { after: "{{ payload.n }}" } } }
"#,
    )?;
    assert_eq!(server.post(&caller, r#"{"n":1}"#).await?.text().await?, r#"{"after":1}"#);
    let run = server.last_run().await?;
    assert!((300_000..5_000_000).contains(&micros(&run)), "{run}");
    assert_eq!(of_steps(&run, "id"), ["pause", "answer"]);

    let (background, _) = server.publish(
        r#"weir: 1
name: background
steps:
  - { id: short, uses: wait, with: { for: "{{ payload.short }}" } }
  - { id: moment, uses: wait, with: { until: "{{ payload.at }}" } }
  - { id: done, uses: set, with: { done: true } }
"#,
    )?;
    let past = json!({ "short": "10ms", "at": "2020-01-01T00:00:00+01:00" }).to_string();
    let run = server.ended(&start(&server, &background, &past).await?).await?;
    assert_eq!(run["outcome"], "completed");
    assert!((10_000..5_000_000).contains(&micros(&run)), "a moment that is over is not waited for: {run}");

    let at = moment(1_500)?;
    let id = start(&server, &background, &json!({ "short": 0.2, "at": at }).to_string()).await?;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let waits = waiting(&server, &id).await?;
    assert_eq!(waits["waits_until"], json!(at), "lists say until when");
    let run = server.ended(&id).await?;
    assert_eq!((&run["outcome"], of_steps(&run, "id").len()), (&json!("completed"), 3));
    assert!((1_000_000..6_000_000).contains(&micros(&run)), "{run}");

    let wrong = start(&server, &background, r#"{"short":"1ms","at":"tomorrow"}"#).await?;
    assert_eq!(server.ended(&wrong).await?["outcome"], "failed");
    Ok(())
}

#[tokio::test]
async fn a_call_of_its_url_resumes_a_run_once() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(ASKS)?;
    let (id, resume) = ask(&server, &url).await?;
    assert!(resume.starts_with(&format!("{}/resume/default/{id}/", server.hooks)), "{resume}");
    waiting(&server, &id).await?;

    let looked_at = server.client.get(&resume).send().await?;
    assert_eq!(looked_at.headers()["allow"], "POST, PUT, OPTIONS");
    assert_eq!(code(looked_at).await?, (405, "WEIR-RUN-RESUME-METHOD".into()));
    assert_eq!(server.client.head(&resume).send().await?.status(), 405);
    assert_eq!(server.client.request(Method::OPTIONS, &resume).send().await?.status(), 204);

    let (front, token) = resume.rsplit_once('/').context("no token")?;
    let other_token = format!("{front}/{}", "0".repeat(token.len()));
    let other_run = resume.replace(&id, "01930000-0000-7000-8000-000000000000");
    let other_tenant = resume.replace("/default/", "/nobody/");
    let mut bodies = Vec::new();
    for wrong in [other_token, other_run, other_tenant, resume.replace(&id, "x"), format!("{front}/")] {
        let refused = server.post(&wrong, "{}").await?;
        assert_eq!(refused.status(), 404, "{wrong}");
        bodies.push(refused.text().await?);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0] && body.contains("WEIR-RUN-UNKNOWN")), "{bodies:?}");
    assert_eq!(code(server.post(&format!("{resume}?step=note"), "{}").await?).await?.0, 409);
    assert_eq!(code(server.post(&resume, "{").await?).await?, (400, "WEIR-BODY-MALFORMED".into()));
    waiting(&server, &id).await?;

    let resumed = server.post(&resume, r#"{"ok":[1,"{{ 7*7 }}"]}"#).await?;
    assert_eq!(resumed.status(), 200);
    assert_eq!(resumed.json::<Value>().await?, json!({ "success": true, "run_id": id }));
    let run = server.ended(&id).await?;
    assert_eq!((&run["outcome"], of_steps(&run, "id")), (&json!("completed"), json_ids(&["tell", "decision", "note"])));
    assert_eq!(run["steps"][1]["output"], json!({ "ok": [1, "{{ 7*7 }}"] }));
    assert_eq!(run["steps"][2]["variables"], json!({ "got": { "ok": [1, "{{ 7*7 }}"] } }));
    assert_eq!(code(server.post(&resume, "{}").await?).await?, (409, "WEIR-RUN-NOT-WAITING".into()));

    let (id, resume) = ask(&server, &url).await?;
    waiting(&server, &id).await?;
    let form = server.client.put(format!("{resume}?step=decision&answer=yes")).send().await?;
    assert_eq!(form.status(), 200);
    assert_eq!(server.ended(&id).await?["steps"][1]["output"], json!({ "answer": "yes" }), "a query is a payload");
    Ok(())
}

fn json_ids(ids: &[&str]) -> Vec<Value> {
    ids.iter().map(|id| json!(id)).collect()
}

#[tokio::test]
async fn many_calls_at_once_resume_a_run_once() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(ASKS)?;
    let (id, resume) = ask(&server, &url).await?;
    waiting(&server, &id).await?;
    let calls: Vec<_> = (0..16)
        .map(|n| {
            let call = server.client.post(&resume).header("content-type", "application/json").body(n.to_string());
            tokio::spawn(async move { Ok::<_, anyhow::Error>((n, call.send().await?.status().as_u16())) })
        })
        .collect();
    let mut taken = Vec::new();
    for call in calls {
        let (n, status) = call.await??;
        match status {
            200 => taken.push(json!(n)),
            409 => {}
            other => anyhow::bail!("a call was answered {other}"),
        }
    }
    let run = server.ended(&id).await?;
    assert_eq!(taken, [run["steps"][1]["output"].clone()], "the call that was taken is the one that counts");
    Ok(())
}

#[tokio::test]
async fn a_call_that_does_not_come_is_a_failure() -> Result<()> {
    let server = Server::start()?;
    let (taken, _) = server.publish(
        r#"weir: 1
name: taken
steps:
  - { id: decision, uses: wait, with: { call: { within: 300ms } }, on: { error: note } }
  - { id: note, uses: set, with: { why: "{{ error.code }}", place: "{{ error.step }}" } }
"#,
    )?;
    let run = server.ended(&start(&server, &taken, "{}").await?).await?;
    assert_eq!(run["outcome"], "completed", "{run}");
    assert_eq!(run["steps"][1]["variables"], json!({ "why": "WEIR-WAIT-TIMEOUT", "place": "decision" }));

    let (fails, _) = server.publish(
        "weir: 1\nname: fails\nsteps:\n  - { id: decision, uses: wait, with: { call: { within: 150ms } } }\n",
    )?;
    let run = server.ended(&start(&server, &fails, "{}").await?).await?;
    assert_eq!((&run["outcome"], &run["error"]["code"]), (&json!("failed"), &json!("WEIR-WAIT-TIMEOUT")));
    Ok(())
}

#[tokio::test]
async fn waits_survive_a_crash() -> Result<()> {
    let mut server = Server::start()?;
    let (timed, _) = server.publish(
        r#"weir: 1
name: timed
steps:
  - { id: before, uses: set, with: { n: "{{ payload.n + 1 }}" } }
  - { id: pause, uses: wait, with: { for: 2s } }
  - { id: after, uses: set, with: { m: "{{ n + 1 }}" } }
"#,
    )?;
    let (asks, _) = server.publish(ASKS)?;
    let (asked, resume) = ask(&server, &asks).await?;
    let (asked_too, resume_too) = ask(&server, &asks).await?;
    let timed = start(&server, &timed, r#"{"n":1}"#).await?;
    for id in [&asked, &asked_too, &timed] {
        waiting(&server, id).await?;
    }
    // Answered 200 and killed at once: what the call brought is on disk.
    assert_eq!(server.post(&resume_too, r#""first""#).await?.status(), 200);
    let resume = crash(&mut server, &resume)?;

    let run = server.ended(&timed).await?;
    assert_eq!((&run["outcome"], of_steps(&run, "id")), (&json!("completed"), json_ids(&["before", "pause", "after"])));
    assert_eq!(run["steps"][2]["variables"], json!({ "m": 3 }));
    assert!((2_000_000..20_000_000).contains(&micros(&run)), "it waited from when it began to, not anew: {run}");
    assert_eq!(server.ended(&asked_too).await?["steps"][1]["output"], "first");

    waiting(&server, &asked).await?;
    let resume = crash(&mut server, &resume)?;
    assert_eq!(server.post(&resume, "7").await?.status(), 200);
    assert_eq!(server.ended(&asked).await?["steps"][1]["output"], 7);
    Ok(())
}

#[tokio::test]
async fn items_wait_one_after_another_or_at_once() -> Result<()> {
    let mut server = Server::start()?;
    server.push_action("echo")?;
    let flow = |name: &str, concurrency: u32| {
        format!(
            r#"weir: 1
name: {name}
steps:
  - {{ id: each, uses: for-each, with: {{ items: "{{{{ payload.items }}}}", concurrency: {concurrency} }}, save: got, on: {{ item: pause, done: note }} }}
  - {{ id: pause, uses: wait, with: {{ for: "{{{{ item.ms }}}}ms" }} }}
  - {{ id: tell, uses: echo@1, input: "{{{{ item.name }}}}", on: {{ next: end }} }}
  - {{ id: note, uses: set, with: {{ all: "{{{{ got }}}}" }} }}
"#
        )
    };
    let items = json!({ "items": [{ "name": "a", "ms": 1200 }, { "name": "b", "ms": 5 }, { "name": "c", "ms": 600 }] });
    let (one_by_one, _) = server.publish(&flow("one-by-one", 1))?;
    let (at_once, _) = server.publish(&flow("at-once", 3))?;
    let first = start(&server, &one_by_one, &items.to_string()).await?;
    let second = start(&server, &at_once, &items.to_string()).await?;
    let run = server.ended(&first).await?;
    assert_eq!(run["outcome"], "completed", "{run}");
    assert_eq!(last_variables(&run)["all"], json!(["a", "b", "c"]));
    assert!(micros(&run) >= 1_805_000, "{run}");
    let run = server.ended(&second).await?;
    let told: Vec<_> = run["steps"].as_array().into_iter().flatten().filter(|step| step["id"] == "tell").collect();
    assert_eq!(told.iter().map(|step| step["output"].clone()).collect::<Vec<_>>(), ["b", "c", "a"], "by their times");
    assert_eq!(last_variables(&run)["all"], json!(["a", "b", "c"]));

    // Killed while some items have ended and others wait.
    let slow =
        json!({ "items": [{ "name": "a", "ms": 2000 }, { "name": "b", "ms": 120 }, { "name": "c", "ms": 1900 }] });
    for url in [one_by_one, at_once] {
        let id = start(&server, &here(&server, &url)?, &slow.to_string()).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        waiting(&server, &id).await?;
        crash(&mut server, &url)?;
        let run = server.ended(&id).await?;
        assert_eq!(run["outcome"], "completed", "{run}");
        assert_eq!(last_variables(&run)["all"], json!(["a", "b", "c"]));
        let told = of_steps(&run, "id").into_iter().filter(|id| id == "tell").count();
        assert_eq!(told, 3, "each item once: {run}");
    }
    Ok(())
}

#[tokio::test]
async fn branches_wait_side_by_side_and_a_call_may_name_its_step() -> Result<()> {
    let mut server = Server::start()?;
    let (url, _) = server.publish(
        r#"weir: 1
name: branches
steps:
  - { id: tell, uses: response, with: { status: 201, json: { run: "{{ run.id }}", resume: "{{ run.resume_url }}" } } }
  - { id: both, uses: parallel, with: { branches: [boss, buyer, clock] }, save: got, on: { done: note } }
  - { id: boss, uses: wait, with: { call: { within: 1h } }, on: { next: end } }
  - { id: buyer, uses: wait, with: { call: { within: 1h } }, on: { next: end } }
  - { id: clock, uses: wait, with: { for: 200ms }, on: { next: end } }
  - { id: note, uses: set, with: { all: "{{ got }}" } }
"#,
    )?;
    let (id, resume) = ask(&server, &url).await?;
    waiting(&server, &id).await?;
    assert_eq!(server.post(&format!("{resume}?step=buyer"), r#""yes""#).await?.status(), 200);
    tokio::time::sleep(Duration::from_millis(400)).await;
    waiting(&server, &id).await?;
    let resume = crash(&mut server, &resume)?;
    waiting(&server, &id).await?;
    let twice = server.post(&format!("{resume}?step=buyer"), "0").await?;
    assert_eq!(code(twice).await?, (409, "WEIR-RUN-NOT-WAITING".into()));
    assert_eq!(server.post(&resume, r#""no""#).await?.status(), 200, "without a step the one that waits is meant");
    let run = server.ended(&id).await?;
    assert_eq!(run["outcome"], "completed", "{run}");
    assert_eq!(last_variables(&run)["all"], json!({ "boss": "no", "buyer": "yes", "clock": null }));
    Ok(())
}

#[tokio::test]
async fn a_run_that_waits_can_be_cancelled() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(ASKS)?;
    let (id, resume) = ask(&server, &url).await?;
    let run = waiting(&server, &id).await?;
    assert!(run["waits_until"].is_string(), "{run}");
    let listed = server.get("/tenants/default/runs?outcome=waiting").await?;
    assert_eq!(listed["items"][0]["id"], json!(id));

    let cancelled: Cli = server.cli(&["run", "cancel", &id])?;
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    let run = server.ended(&id).await?;
    assert_eq!((&run["outcome"], of_steps(&run, "id")[0].clone()), (&json!("cancelled"), json!("tell")));
    assert_eq!(code(server.post(&resume, "{}").await?).await?, (409, "WEIR-RUN-NOT-WAITING".into()));
    let listed = server.get("/tenants/default/runs?outcome=waiting").await?;
    assert_eq!(listed["items"], json!([]));
    Ok(())
}
