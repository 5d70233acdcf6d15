//! Promise: a run's record says everything about it but credentials, stays within its caps, and harms nobody who reads it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use weir_tests::Server;

#[tokio::test]
async fn a_record_says_everything_but_credentials() -> Result<()> {
    let server = Server::start()?;
    server.push_action("echo")?;
    let (url, _) = server.publish(
        r#"weir: 1
name: whole
variables: { old: 1 }
steps:
  - { id: note, uses: log, with: { level: error, message: "for {{ payload.name }}", fields: { n: "{{ payload.n }}" } } }
  - { id: work, uses: echo@1, input: { name: "{{ payload.name }}" }, save: result }
  - { id: drop, uses: delete, with: { names: [old, never] } }
  - { id: big, uses: condition, with: { left: "{{ payload.n }}", op: greater_than, right: 1 } }
  - { id: broken, uses: fail, with: { message: "no {{ payload.gone }}" }, on: { error: answer } }
  - { id: answer, uses: response, with: { status: 201, headers: { x-n: "{{ payload.n }}" }, json: { n: "{{ payload.n }}" } } }
"#,
    )?;
    let secrets = ["authorization", "cookie", "x-api-key", "proxy-authorization"];
    let mut request = server
        .client
        .post(format!("{url}/orders/7?a=1&a=2"))
        .header("content-type", "application/json")
        .header("x-plain", "seen");
    for name in secrets {
        request = request.header(name, "s3cret");
    }
    assert_eq!(request.body(r#"{"name":"Ada","n":9007199254740993}"#).send().await?.status(), 201);
    let run = server.last_run().await?;
    assert!(!run.to_string().contains("s3cret"), "{run}");
    assert_eq!(
        (&run["flow"], &run["tenant"], &run["version"], &run["mode"]),
        (&json!("whole"), &json!("default"), &json!(1), &json!("production"))
    );
    assert_eq!((&run["outcome"], &run["error"]), (&json!("completed"), &Value::Null));
    assert!(run["duration_us"].as_u64() > Some(0) && run["started_at"].as_str().is_some_and(|at| at.ends_with('Z')));
    let request = &run["trigger"]["request"];
    assert_eq!(
        (&request["method"], &request["path"], &request["query"]),
        (&json!("POST"), &json!("/orders/7"), &json!("a=1&a=2"))
    );
    assert_eq!((&request["client_ip"], &request["content_type"]), (&json!("127.0.0.1"), &json!("application/json")));
    let headers: Vec<(String, String)> = serde_json::from_value(request["headers"].clone())?;
    let headers: BTreeMap<_, _> = headers.into_iter().collect();
    assert_eq!(headers.get("x-plain").map(String::as_str), Some("seen"));
    assert!(secrets.iter().all(|name| headers.contains_key(*name)), "that they were sent is no secret: {headers:?}");
    assert_eq!(run["trigger"]["payload"], json!({ "name": "Ada", "n": 9_007_199_254_740_993_u64 }));
    assert_eq!(
        (&run["answer"]["status"], &run["answer"]["body"]),
        (&json!(201), &json!({ "n": 9_007_199_254_740_993_u64 }))
    );

    let steps = run["steps"].as_array().context("no steps")?;
    let exits: Vec<_> = steps.iter().map(|step| json!([step["id"], step["exit"]])).collect();
    let expected = [
        ["note", "next"],
        ["work", "next"],
        ["drop", "next"],
        ["big", "true"],
        ["broken", "error"],
        ["answer", "next"],
    ];
    assert_eq!(exits, expected.map(|pair| json!(pair)));
    let mut before = 0;
    for step in steps {
        let started = step["started_us"].as_u64().context("no start")?;
        assert!(started >= before && step["duration_us"].is_u64() && step["attempt"] == 1, "{step}");
        assert_eq!(step["usage"]["fuel"].as_u64() > Some(0), step["uses"] == "echo@1", "{step}");
        before = started;
    }
    let [note, work, drop, _, broken, _] = [0, 1, 2, 3, 4, 5].map(|at| &run["steps"][at]);
    assert_eq!(
        note["logs"],
        json!([{ "step": "note", "level": "error", "message": "for Ada", "fields": { "n": 9_007_199_254_740_993_u64 } }])
    );
    assert_eq!(
        (&work["output"], &work["variables"]),
        (&json!({ "name": "Ada" }), &json!({ "result": { "name": "Ada" } }))
    );
    assert_eq!(work["input"], json!({ "name": "Ada" }), "what went in, where it is not the payload");
    assert_eq!(drop["variables"], json!({ "old": null, "never": null }));
    assert_eq!(broken["error"], json!({ "code": "FAILED", "message": "no ", "step": "broken" }));
    Ok(())
}

#[tokio::test]
async fn large_values_are_cut_and_marked() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(
        r#"weir: 1
name: large
steps:
  - { id: keep, uses: set, with: { text: "{{ payload.text }}" } }
  - { id: each, uses: for-each, with: { items: "{{ payload.items }}" }, on: { item: again, done: answer } }
  - { id: again, uses: set, with: { chunk: "{{ payload.chunk }}" }, on: { next: end } }
  - { id: answer, uses: response, with: { json: { text: "{{ text }}" } } }
"#,
    )?;
    let text = "é".repeat(200_000);
    let body = json!({ "text": text, "chunk": "c".repeat(100_000), "items": (0..30).collect::<Vec<_>>() }).to_string();
    let answer = server.post(&url, body.clone()).await?.json::<Value>().await?;
    assert_eq!(answer["text"], text.as_str(), "the caller gets all of it");
    let run = server.last_run().await?;
    assert_eq!((&run["truncated"], &run["outcome"]), (&json!(true), &json!("completed")));
    let payload = &run["trigger"]["payload"];
    assert_eq!((&payload["truncated"], payload["bytes"].as_u64()), (&json!(true), Some(body.len() as u64)));
    assert!(
        payload["start"].as_str().is_some_and(|start| body.starts_with(start)),
        "the start is what was sent, no character broken"
    );
    assert_eq!(run["steps"][0]["variables"]["truncated"], true);
    assert!(
        run["answer"]["body"].as_str().is_some_and(|body| body.starts_with(r#"{"text":"éé"#)),
        "a cut body is text"
    );
    assert!(run.to_string().len() < 2 << 20, "a record has {} bytes", run.to_string().len());
    let summaries = server.get("/tenants/default/runs").await?;
    assert_eq!(summaries["items"][0]["step_count"], 33, "steps count, recorded or not");
    Ok(())
}

#[tokio::test]
async fn control_characters_are_kept_as_data_and_never_printed() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(
        r#"weir: 1
name: control
steps:
  - { id: note, uses: log, with: { message: "{{ payload.text }}" } }
  - { id: keep, uses: set, with: { kept: "{{ payload }}" } }
  - { id: broken, uses: fail, with: { message: "{{ payload.text }}" } }
  - { id: answer, uses: response }
"#,
    )?;
    let text = "\u{0}\u{7}\u{1b}[31mred\r\n\u{9b}2J\u{202e}end\u{2028}";
    server.post(&url, json!({ "text": text }).to_string()).await?;
    let run = server.last_run().await?;
    assert_eq!(
        (&run["trigger"]["payload"]["text"], &run["steps"][0]["logs"][0]["message"]),
        (&json!(text), &json!(text))
    );
    let id = run["id"].as_str().context("no id")?;
    for args in
        [&["run", "show", id][..], &["run", "show", id, "--full"], &["run", "list"], &["run", "show", id, "--json"]]
    {
        let shown = server.cli(args)?;
        assert_eq!(shown.code, 0, "{shown:?}");
        let harmful = |c: &char| (c.is_control() && !matches!(c, '\n' | '\t')) || ('\u{202a}'..='\u{202e}').contains(c);
        let found: Vec<char> = shown.stdout.chars().filter(harmful).collect();
        assert!(found.is_empty(), "{args:?} printed {found:?}");
    }
    Ok(())
}
