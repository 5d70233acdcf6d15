//! Promise: the development URL runs the draft, only while somebody listens or the flow is armed, and whoever listens sees
//! every run of it live and in order.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use weir_tests::{Cli, Server};

const FLOW: &str = "/tenants/default/flows/live";

const LIVE: &str = r#"weir: 1
name: live
capture: none
steps:
  - { id: note, uses: log, with: { level: warn, message: "hello {{ payload.name }}", fields: { n: 1 } } }
  - { id: keep, uses: set, with: { who: "{{ payload.name }}", gone: "{{ payload.not.there }}" } }
  - { id: refuse, uses: condition, with: { when: payload.refuse }, on: { "true": broken, "false": answer } }
  - { id: broken, uses: fail, with: { code: REFUSED, message: on purpose } }
  - { id: answer, uses: response, with: { status: 201, json: { who: "{{ who }}" } } }
"#;

/// What a listener sees of a call that is answered.
const SEEN: [&str; 13] = [
    "run_started",
    "step_started",
    "log",
    "step_finished",
    "step_started",
    "variables",
    "step_finished",
    "step_started",
    "step_finished",
    "step_started",
    "step_finished",
    "answered",
    "run_finished",
];

/// Server-sent events as they come.
struct Events {
    stream: Response,
    read: String,
}

impl Events {
    async fn open(server: &Server) -> Result<Self> {
        let stream = server.api(Method::GET, &format!("{FLOW}/events")).send().await?;
        ensure!(stream.status() == 200, "no stream: {}", stream.status());
        ensure!(stream.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream"), "another type");
        Ok(Self { stream, read: String::new() })
    }

    /// The next event's name, id and data; comments are passed over.
    async fn next(&mut self) -> Result<(String, String, Value)> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
                };
                let found = (field("event:"), field("id:"), field("data:"));
                self.read = rest.to_owned();
                if !found.2.is_empty() {
                    return Ok((found.0, found.1, serde_json::from_str(&found.2)?));
                }
                continue;
            }
            let chunk =
                tokio::time::timeout(Duration::from_secs(60), self.stream.chunk()).await.context("no event came")?;
            self.read.push_str(std::str::from_utf8(&chunk?.context("the stream ended")?)?);
        }
    }

    /// The events of one run, to its end.
    async fn run(&mut self) -> Result<Vec<Value>> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let (name, id, data) = self.next().await?;
            assert_eq!(
                (name.as_str(), data["seq"].as_u64()),
                (data["event"].as_str().unwrap_or_default(), Some(all.len() as u64 + 1))
            );
            assert_eq!(id, format!("{}-{}", data["run"].as_str().unwrap_or_default(), data["seq"]));
            assert!(all.first().is_none_or(|first| first["run"] == data["run"]), "one run after the other");
            all.push(data);
            if name == "run_finished" {
                return Ok(all);
            }
        }
    }
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["event"].as_str()).collect()
}

async fn save(server: &Server, text: &str) -> Result<String> {
    let saved = server.api(Method::PUT, &format!("{FLOW}/draft")).body(text.to_owned()).send().await?;
    ensure!(saved.status() == 200, "the draft was not saved: {}", saved.status());
    let saved: Value = saved.json().await?;
    Ok(saved["flow"]["urls"]["development"].as_str().context("no URL")?.to_owned())
}

/// Calls a URL until it answers with a status.
async fn until(server: &Server, url: &str, status: u16) -> Result<()> {
    for _ in 0..600 {
        if server.post(url, "{}").await?.status() == status {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("{url} never answered {status}")
}

#[tokio::test]
async fn the_development_url_answers_while_armed_or_listened_to() -> Result<()> {
    let server = Server::start()?;
    let dev = save(&server, LIVE).await?;
    let refused = server.post(&dev, "{}").await?;
    assert_eq!(refused.status(), 422);
    let refused: Value = refused.json().await?;
    assert_eq!(refused["error"]["code"], "WEIR-HOOK-NOT-LISTENING");
    assert!(refused["error"]["message"].as_str().is_some_and(|hint| hint.contains("weir listen live")), "{refused}");

    let armed = server.api(Method::POST, &format!("{FLOW}/arm")).json(&json!({ "for": "5m" })).send().await?;
    let armed: Value = armed.json().await?;
    let flow = server.get(FLOW).await?;
    assert_eq!((&flow["armed_until"], &flow["listening"]), (&armed["armed_until"], &json!(true)));
    assert_eq!(server.post(&dev, "{}").await?.status(), 201);
    assert_eq!(server.api(Method::DELETE, &format!("{FLOW}/arm")).send().await?.status(), 204);
    assert_eq!(server.post(&dev, "{}").await?.status(), 422);
    for wrong in ["0s", "25h", "soon"] {
        let refused = server.api(Method::POST, &format!("{FLOW}/arm")).json(&json!({ "for": wrong })).send().await?;
        assert_eq!(refused.status(), 400, "{wrong}");
    }

    let events = Events::open(&server).await?;
    assert_eq!(server.get(FLOW).await?["listening"], true);
    assert_eq!(server.post(&dev, "{}").await?.status(), 201);
    drop(events);
    until(&server, &dev, 422).await
}

#[tokio::test]
async fn a_listener_sees_a_run_live_and_in_order() -> Result<()> {
    let server = Server::start()?;
    let dev = save(&server, LIVE).await?;
    let mut events = Events::open(&server).await?;
    let answer = server.post(&dev, r#"{"name":"Ada"}"#).await?;
    assert_eq!((answer.status().as_u16(), answer.text().await?.as_str()), (201, r#"{"who":"Ada"}"#));
    let seen = events.run().await?;
    assert_eq!(names(&seen), SEEN);
    assert!(seen.iter().all(|event| event["mode"] == "development" && event["flow"] == "live"));
    let of = |name: &str| seen.iter().filter(|event| event["event"] == name).cloned().collect::<Vec<_>>();
    let [start, log, variables, answered, end] = ["run_started", "log", "variables", "answered", "run_finished"]
        .map(|name| of(name).first().cloned().unwrap_or_default());
    assert_eq!(
        (&start["trigger"]["payload"], &start["trigger"]["request"]["method"]),
        (&json!({ "name": "Ada" }), &json!("POST"))
    );
    assert_eq!(log["line"], json!({ "step": "note", "level": "warn", "message": "hello Ada", "fields": { "n": 1 } }));
    assert_eq!(variables["changed"], json!({ "who": "Ada", "gone": null }));
    assert_eq!((&answered["answer"]["status"], &answered["answer"]["body"]), (&json!(201), &json!({ "who": "Ada" })));
    assert_eq!((&end["outcome"], &end["error"]), (&json!("completed"), &Value::Null));
    let finished = of("step_finished");
    let steps: Vec<_> = finished.iter().map(|event| event["step"]["id"].clone()).collect();
    assert_eq!(steps, ["note", "keep", "refuse", "answer"]);
    assert_eq!(
        finished.get(1).context("no step")?["step"]["missing"],
        json!(["payload.not.there"]),
        "a missing name is told"
    );

    // What the listener saw is what the record says, though the flow's capture level keeps nothing of production runs.
    let record = server.ended(start["run"].as_str().context("no run")?).await?;
    assert_eq!((&record["mode"], &record["version"]), (&json!("development"), &json!(0)));
    assert_eq!(record["steps"], finished.iter().map(|event| event["step"].clone()).collect::<Value>());

    let answer = server.post(&dev, r#"{"refuse":true}"#).await?;
    assert_eq!(answer.status(), 500);
    let seen = events.run().await?;
    let end = seen.last().context("no end")?;
    assert_eq!(
        (&end["outcome"], &end["error"]["code"], &end["error"]["step"]),
        (&json!("failed"), &json!("REFUSED"), &json!("broken"))
    );
    Ok(())
}

#[tokio::test]
async fn drafts_run_beside_the_published_version_and_listeners_see_drafts_alone() -> Result<()> {
    let server = Server::start()?;
    let (production, dev) = server.publish(&LIVE.replace("capture: none\n", ""))?;
    let mut events = Events::open(&server).await?;
    save(&server, &LIVE.replace("status: 201", "status: 202")).await?;
    assert_eq!(server.post(&production, r#"{"name":"old"}"#).await?.status(), 201);
    assert_eq!(server.post(&dev, r#"{"name":"new"}"#).await?.status(), 202);
    assert_eq!(server.post(&production, r#"{"name":"old"}"#).await?.status(), 201);
    let seen = events.run().await?;
    assert_eq!(
        seen.first().context("no event")?["trigger"]["payload"],
        json!({ "name": "new" }),
        "production runs are not seen"
    );
    for (mode, version, count) in [("production", 1, 2), ("development", 0, 1)] {
        let runs = server.get(&format!("/tenants/default/runs?flow=live&mode={mode}")).await?;
        let items = runs["items"].as_array().context("no items")?;
        assert_eq!(items.len(), count, "{runs}");
        assert!(items.iter().all(|run| run["mode"] == mode && run["version"] == version), "{runs}");
    }

    save(&server, &LIVE.replace("\"false\": answer", "\"false\": nowhere")).await?;
    let broken = server.post(&dev, "{}").await?;
    assert_eq!(broken.status(), 422);
    assert_eq!(broken.json::<Value>().await?["error"]["code"], "WEIR-HOOK-DRAFT");
    assert_eq!(server.post(&production, "{}").await?.status(), 201);
    Ok(())
}

#[tokio::test]
async fn weir_listen_prints_each_run_and_shuts_the_url() -> Result<()> {
    let server = Server::start()?;
    let dev = save(&server, LIVE).await?;
    let mut listening = Cli::command(&["listen", "live", "--count", "1", "--json"])?;
    let mut listening = listening.arg("--data").arg(server.data()).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(listening.stdout.take().context("no output")?).lines();
    let first: Value = serde_json::from_str(&lines.next().context("it said nothing")??)?;
    assert_eq!(first, json!({ "event": "listening", "url": dev }));
    assert_eq!(server.post(&dev, r#"{"name":"Ada"}"#).await?.status(), 201);
    let printed = lines.map(|line| Ok(serde_json::from_str::<Value>(&line?)?)).collect::<Result<Vec<Value>>>()?;
    assert!(listening.wait()?.success());
    assert_eq!(names(&printed), SEEN);
    until(&server, &dev, 422).await
}

#[tokio::test]
async fn a_stream_ends_with_its_flow() -> Result<()> {
    let server = Server::start()?;
    save(&server, LIVE).await?;
    let mut events = Events::open(&server).await?;
    assert_eq!(server.api(Method::DELETE, FLOW).send().await?.status(), 204);
    let ended = events.next().await.err().context("an event of a flow that is gone")?;
    assert_eq!(ended.to_string(), "the stream ended");
    Ok(())
}
