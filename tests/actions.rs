//! Promise: a custom action runs in a fresh, metered instance; one that traps, loops or eats memory fails its step alone.

use anyhow::Result;
use serde_json::{Value, json};
use weir_tests::{Server, component};

fn flow(action: &str) -> String {
    format!(
        r#"weir: 1
name: uses-{action}
steps:
  - {{ id: work, uses: {action}@1, save: result, on: {{ error: apologise }} }}
  - {{ id: answer, uses: response, with: {{ status: 201, json: {{ got: "{{{{ result }}}}" }} }}, on: {{ next: end }} }}
  - {{ id: apologise, uses: response, with: {{ status: 502, json: {{ code: "{{{{ error.code }}}}" }} }} }}
"#
    )
}

#[tokio::test]
async fn an_action_gets_the_payload_and_its_output_is_recorded_with_what_it_used() -> Result<()> {
    let server = Server::start()?;
    server.push_action("echo")?;
    let (url, _) = server.publish(&flow("echo"))?;
    let payload = json!({ "name": "Ada", "deep": [1, { "a": null }] });
    let answer = server.post(&url, payload.to_string()).await?;
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.json::<Value>().await?, json!({ "got": payload }));
    let run = server.last_run().await?;
    let step = &run["steps"][0];
    assert_eq!((&step["id"], &step["exit"], &step["output"]), (&json!("work"), &json!("next"), &payload));
    assert!(step["usage"]["fuel"].as_u64() > Some(0) && step["usage"]["memory_bytes"].as_u64() > Some(0));
    // The same component and input use the same fuel.
    server.post(&url, payload.to_string()).await?;
    assert_eq!(server.last_run().await?["steps"][0]["usage"]["fuel"], step["usage"]["fuel"]);
    Ok(())
}

#[tokio::test]
async fn hostile_actions_fail_their_step_with_a_code_and_the_server_goes_on() -> Result<()> {
    let server = Server::start()?;
    server.push_action("echo")?;
    let (well, _) = server.publish(&flow("echo"))?;
    for (action, code) in
        [("trap", "WEIR-STEP-TRAP"), ("spin", "WEIR-STEP-FUEL"), ("hog", "WEIR-STEP-MEMORY"), ("chatty", "none")]
    {
        server.push_action(action)?;
        let (url, _) = server.publish(&flow(action))?;
        let answer = server.post(&url, "{}").await?;
        let run = server.last_run().await?;
        let error = run["steps"][0]["error"]["code"].as_str().unwrap_or("none");
        if code == "none" {
            assert_eq!(answer.status(), 201, "{run}");
            assert!(run["steps"][0]["logs_dropped"].as_u64() > Some(0));
        } else {
            assert_eq!((error, answer.status().as_u16()), (code, 502), "{action}");
            assert_eq!(answer.json::<Value>().await?, json!({ "code": code }));
        }
        assert_eq!(server.post(&well, "{}").await?.status(), 201);
    }
    Ok(())
}

#[tokio::test]
async fn settings_are_checked_against_the_actions_schema_when_publishing() -> Result<()> {
    let server = Server::start()?;
    server.push_action("csv")?;
    let file = server.scratch().file(
        "bad.yaml",
        "weir: 1\nname: bad\nsteps:\n  - id: read\n    uses: csv\n    with: { op: explode }\n  - { id: no, uses: nobody@1 }\n",
    )?;
    let pushed = server.cli(&["flow", "push", &file.to_string_lossy(), "--publish", "--json"])?;
    assert_eq!(pushed.code, 1, "{pushed:?}");
    let shown = format!("{}{}", pushed.stdout, pushed.stderr);
    assert!(shown.contains("/steps/0/with/op") && shown.contains("nobody"), "{shown}");
    Ok(())
}

#[tokio::test]
async fn an_action_may_refuse_settings_that_its_schema_lets_through() -> Result<()> {
    let server = Server::start()?;
    server.push_action("json-schema-validate")?;
    // The schema of its settings takes any object as a JSON Schema; the action knows that this is none.
    let file = server.scratch().file(
        "bad.yaml",
        "weir: 1\nname: bad\nsteps:\n  - id: check\n    uses: json-schema-validate\n    with: { schema: { type: 7 } }\n",
    )?;
    let pushed = server.cli(&["flow", "push", &file.to_string_lossy(), "--publish", "--json"])?;
    assert_eq!(pushed.code, 1, "{pushed:?}");
    let shown = format!("{}{}", pushed.stdout, pushed.stderr);
    assert!(shown.contains("WEIR-FLOW-SETTINGS") && shown.contains("/steps/0/with"), "{shown}");
    Ok(())
}

#[tokio::test]
async fn csv_and_json_schema_validate_do_their_work() -> Result<()> {
    let server = Server::start()?;
    server.push_action("csv")?;
    server.push_action("json-schema-validate")?;
    let (url, _) = server.publish(
        r#"weir: 1
name: import
steps:
  - { id: read, uses: csv, input: "{{ payload }}", with: { op: parse, types: infer }, save: rows }
  - id: check
    uses: json-schema-validate
    input: "{{ rows }}"
    with: { schema: { type: array, items: { type: object, required: [name, age], properties: { age: { type: integer } } } } }
    save: verdict
  - { id: answer, uses: response, with: { json: { rows: "{{ rows }}", verdict: "{{ verdict }}" } } }
"#,
    )?;
    let answer =
        server.client.post(&url).header("content-type", "text/csv").body("name,age\nAda,36\nBo,x\n").send().await?;
    let answer: Value = answer.json().await?;
    assert_eq!(answer["rows"][0], json!({ "name": "Ada", "age": 36 }));
    assert_eq!(answer["verdict"]["valid"], json!(false));
    assert_eq!(answer["verdict"]["errors"][0]["path"], "/1/age");
    Ok(())
}

#[tokio::test]
async fn an_upload_is_told_how_far_it_is_where_its_client_asks() -> Result<()> {
    let server = Server::start()?;
    let push = |bytes: Vec<u8>| {
        let request = server.api(reqwest::Method::POST, "/tenants/default/actions");
        request.header("accept", "application/x-ndjson").header("content-type", "application/wasm").body(bytes)
    };
    let told = async |bytes: Vec<u8>| -> Result<Vec<Value>> {
        let answer = push(bytes).send().await?;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
        Ok(answer.text().await?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    };
    let lines = told(std::fs::read(component("echo"))?).await?;
    let (done, stages) = lines.split_last().expect("there are lines");
    let stages: Vec<_> = stages.iter().map(|line| line["stage"].as_str().unwrap_or_default()).collect();
    assert_eq!(stages, ["checking", "compiling", "describing"]);
    assert_eq!(done["done"]["name"], "echo");
    let lines = told(b"(component)".to_vec()).await?;
    assert_eq!(lines.last().expect("there are lines")["error"]["code"], "WEIR-SANDBOX-NOT-BINARY");
    // An upload refused before its body is read is refused by its status, as ever.
    let url = format!("{}/api/v1/tenants/default/actions", server.admin);
    let refused = server.client.post(url).header("accept", "application/x-ndjson").send().await?;
    assert_eq!(refused.status(), 401);
    Ok(())
}

#[tokio::test]
async fn what_is_no_component_is_refused_with_a_reason() -> Result<()> {
    let server = Server::start()?;
    let echo = std::fs::read(component("echo"))?;
    let half = echo.get(..echo.len() / 2).unwrap_or_default().to_vec();
    let uploads: [(&str, Vec<u8>); 4] = [
        ("text", b"(component)".to_vec()),
        ("core", b"\0asm\x01\0\0\0".to_vec()),
        ("half", half),
        ("empty", Vec::new()),
    ];
    for (name, bytes) in uploads {
        let file = server.scratch().file(&format!("{name}.wasm"), bytes)?;
        let pushed = server.cli(&["action", "push", &file.to_string_lossy()])?;
        assert_ne!(pushed.code, 0, "{name}: {pushed:?}");
        assert!(pushed.stderr.contains("WEIR-"), "{name}: {pushed:?}");
    }
    Ok(())
}
