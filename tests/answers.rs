//! Promise: a caller always gets an answer, and exactly the one that the response contract names.

use anyhow::Result;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use weir_tests::{BACKGROUND, HELLO, Server, spins};

async fn code(response: Response) -> Result<(u16, String)> {
    let status = response.status().as_u16();
    let body: Value = response.json().await?;
    Ok((status, body.pointer("/error/code").and_then(Value::as_str).unwrap_or("none").to_owned()))
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn a_response_step_answers_exactly() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(
        r#"weir: 1
name: exact
steps:
  - id: which
    uses: switch
    with:
      value: "{{ payload.kind }}"
      cases: { created: created, empty: empty, page: page, bytes: bytes, moved: moved }
    on: { default: plain }
  - { id: created, uses: response, with: { status: 201, headers: { x-id: "{{ payload.id }}", set-cookie: [a=1, b=2] }, json: { id: "{{ payload.id }}" } }, on: { next: end } }
  - { id: empty, uses: response, with: { status: 204, json: { never: sent } }, on: { next: end } }
  - { id: page, uses: response, with: { html: "<p>{{ payload.name }}</p>" }, on: { next: end } }
  - { id: bytes, uses: response, with: { base64: AAH/, headers: { content-type: image/x-test } }, on: { next: end } }
  - { id: moved, uses: response, with: { status: 302, headers: { location: "https://example.com/" } }, on: { next: end } }
  - { id: plain, uses: response, with: { text: "hi {{ payload.name }}" } }
"#,
    )?;
    let created = server.post(&url, r#"{"kind":"created","id":9007199254740993}"#).await?;
    assert_eq!(created.status(), 201);
    assert_eq!(header(&created, "content-type"), "application/json");
    assert_eq!(header(&created, "x-id"), "9007199254740993");
    assert_eq!(created.headers().get_all("set-cookie").iter().count(), 2);
    assert_eq!(created.text().await?, r#"{"id":9007199254740993}"#);

    let empty = server.post(&url, r#"{"kind":"empty"}"#).await?;
    assert_eq!(empty.status(), 204);
    assert_eq!(header(&empty, "content-type"), "");
    assert_eq!(empty.bytes().await?.len(), 0);

    let page = server.post(&url, r#"{"kind":"page","name":"<script>alert(1)</script>"}"#).await?;
    assert_eq!(header(&page, "content-security-policy"), "sandbox");
    assert_eq!(page.text().await?, "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>");

    let bytes = server.post(&url, r#"{"kind":"bytes"}"#).await?;
    assert_eq!(header(&bytes, "content-type"), "image/x-test");
    assert_eq!(bytes.bytes().await?.as_ref(), [0, 1, 255]);

    let moved = server.post(&url, r#"{"kind":"moved"}"#).await?;
    assert_eq!((moved.status().as_u16(), header(&moved, "location")), (302, "https://example.com/"));

    let plain = server.post(&url, r#"{"name":"Ada"}"#).await?;
    assert_eq!(header(&plain, "content-type"), "text/plain; charset=utf-8");
    assert_eq!(plain.text().await?, "hi Ada");
    Ok(())
}

#[tokio::test]
async fn every_other_situation_has_its_answer() -> Result<()> {
    let server = Server::start()?;
    let (hello, dev) = server.publish(HELLO)?;
    let client = &server.client;

    let unknown = format!("{}/webhook/{}", server.hooks, "a".repeat(32));
    assert_eq!(code(client.get(&unknown).send().await?).await?, (404, "WEIR-HOOK-UNKNOWN".into()));
    assert_eq!(code(client.get(format!("{}/nope", server.hooks)).send().await?).await?.0, 404);

    let put = client.put(&hello).send().await?;
    assert_eq!(header(&put, "allow"), "GET, POST, HEAD, OPTIONS");
    assert_eq!(code(put).await?, (405, "WEIR-HOOK-METHOD".into()));

    let options = client.request(Method::OPTIONS, &hello).send().await?;
    assert_eq!((options.status().as_u16(), header(&options, "allow")), (204, "GET, POST, HEAD, OPTIONS"));

    let head = client.head(format!("{hello}?name=Ada")).send().await?;
    assert_eq!(head.status(), 201);
    assert_eq!(head.bytes().await?.len(), 0);

    let zipped = client.post(&hello).header("content-encoding", "compress").body("x").send().await?;
    assert_eq!(code(zipped).await?, (415, "WEIR-BODY-ENCODING".into()));
    assert_eq!(code(server.post(&hello, "{").await?).await?, (400, "WEIR-BODY-MALFORMED".into()));
    let large = "x".repeat(10 << 20);
    assert_eq!(code(client.post(&hello).body(large).send().await?).await?, (413, "WEIR-BODY-SIZE".into()));

    assert_eq!(code(client.get(&dev).send().await?).await?, (422, "WEIR-HOOK-NOT-LISTENING".into()));
    assert_eq!(server.cli(&["flow", "disable", "hello"])?.code, 0);
    assert_eq!(code(client.get(&hello).send().await?).await?, (422, "WEIR-HOOK-DISABLED".into()));
    assert_eq!(server.cli(&["flow", "enable", "hello"])?.code, 0);
    assert_eq!(client.get(&hello).send().await?.status(), 201);
    Ok(())
}

#[tokio::test]
async fn runs_that_do_not_answer_have_their_answers_too() -> Result<()> {
    let server = Server::start()?;
    let (background, _) = server.publish(BACKGROUND)?;
    let accepted = server.post(&background, r#"{"n":1}"#).await?;
    assert_eq!(accepted.status(), 202);
    let accepted: Value = accepted.json().await?;
    assert_eq!(accepted["success"], json!(true));
    let run = server.last_run().await?;
    assert_eq!((&run["id"], &run["outcome"]), (&accepted["run_id"], &json!("completed")));
    assert_eq!(run["answer"]["status"], 202);

    let (maybe, _) = server.publish(
        r#"weir: 1
name: maybe
trigger: { webhook: { accepted: { status: 200 } } }
steps:
  - { id: choose, uses: condition, with: { when: "payload.go" }, on: { "true": broken, "false": end } }
  - { id: broken, uses: fail, with: { code: OUT-OF-STOCK, message: "no {{ payload.item }} left" } }
  - { id: never, uses: response, with: { status: 200 } }
"#,
    )?;
    // `never` cannot be reached, so nobody is made to wait.
    assert_eq!(server.post(&maybe, r#"{"go":false}"#).await?.status(), 200);

    let (waits, _) = server.publish(
        r#"weir: 1
name: waits
steps:
  - { id: choose, uses: switch, with: { value: "{{ payload.do }}", cases: { broken: fail, end-here: skip } }, on: { default: answer } }
  - { id: broken, uses: fail, with: { code: OUT-OF-STOCK, message: "no {{ payload.item }} left" } }
  - { id: end-here, uses: stop }
  - { id: answer, uses: response, with: { json: {} } }
"#,
    )?;
    let failed = server.post(&waits, r#"{"do":"fail","item":"tea"}"#).await?;
    assert_eq!(failed.status(), 500);
    let failed: Value = failed.json().await?;
    assert_eq!(failed["error"], json!({ "code": "OUT-OF-STOCK", "message": "no tea left" }));
    let run = server.last_run().await?;
    assert_eq!(
        (&run["id"], &run["outcome"], &run["answer"]["status"]),
        (&failed["run_id"], &json!("failed"), &json!(500))
    );
    let skipped = server.post(&waits, r#"{"do":"skip"}"#).await?;
    assert_eq!((skipped.status().as_u16(), skipped.bytes().await?.len()), (204, 0));
    Ok(())
}

#[tokio::test]
async fn a_slow_flow_answers_504_and_goes_on() -> Result<()> {
    let server = Server::start()?;
    server.push_action("spin")?;
    let spins = spins();
    let (slow, _) = server.publish(&format!(
        r#"weir: 1
name: slow
trigger: {{ webhook: {{ wait: 1s }} }}
steps:
{spins}  - {{ id: answer, uses: response, with: {{ json: {{ late: true }} }} }}
"#
    ))?;
    let late = server.post(&slow, "{}").await?;
    assert_eq!(late.status(), 504);
    let late: Value = late.json().await?;
    assert_eq!(late["error"]["code"], "WEIR-RUN-WAIT");
    let run = server.ended(late["run_id"].as_str().unwrap_or_default()).await?;
    assert_eq!((&run["outcome"], &run["answer"]["status"]), (&json!("completed"), &json!(504)));
    Ok(())
}

#[tokio::test]
async fn what_follows_a_response_runs_after_it() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(
        r#"weir: 1
name: after
steps:
  - { id: answer, uses: response, with: { status: 201, json: { n: "{{ payload.n }}" } } }
  - { id: later, uses: set, with: { done: "{{ payload.n + 1 }}" } }
"#,
    )?;
    let answered = server.post(&url, r#"{"n":1}"#).await?;
    assert_eq!((answered.status().as_u16(), answered.text().await?.as_str()), (201, r#"{"n":1}"#));
    let run = server.last_run().await?;
    assert_eq!(run["outcome"], "completed");
    assert_eq!(run["steps"][1]["variables"], json!({ "done": 2 }));
    assert_eq!(run["answer"]["status"], 201);
    Ok(())
}
