//! Promise: the flow that a flow names for its failures is started for each of them, and a flow that fails too often in a row
//! is switched off, with the reason for whoever calls it or looks at it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use weir_tests::Server;

const TELL: &str = "weir: 1
name: tell
steps:
  - { id: keep, uses: set, with: { told: '{{ payload.error.code }}' } }
";

const FLAKY: &str = r#"weir: 1
name: flaky
on_failure: tell
disable_after: 3
steps:
  - { id: choose, uses: condition, with: { when: payload.ok }, on: { "true": answer, "false": broken } }
  - { id: broken, uses: fail, with: { code: REFUSED, message: on purpose } }
  - { id: answer, uses: response, with: { status: 201 } }
"#;

/// The runs of a flow, newest first, once there are at least so many.
async fn runs(server: &Server, flow: &str, count: usize) -> Result<Vec<Value>> {
    for _ in 0..200 {
        let page = server.get(&format!("/tenants/default/runs?flow={flow}&limit=100")).await?;
        let items = page["items"].as_array().with_context(|| page.to_string())?;
        if items.len() >= count {
            return Ok(items.clone());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("{flow} has no {count} runs")
}

/// Calls a flow: the status and the body.
async fn call(server: &Server, url: &str, ok: bool) -> Result<(u16, Value)> {
    let answer = server.post(url, json!({ "ok": ok }).to_string()).await?;
    Ok((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
}

/// What the hook says once it is switched off.
async fn switched_off(server: &Server, url: &str) -> Result<String> {
    for _ in 0..100 {
        let flow = server.get("/tenants/default/flows/flaky").await?;
        if flow["enabled"] == false {
            let (status, body) = call(server, url, true).await?;
            assert_eq!((status, &body["error"]["code"]), (422, &json!("WEIR-HOOK-DISABLED")), "{body}");
            return Ok(body["error"]["message"].as_str().context("no message")?.to_owned());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the flow was not switched off")
}

#[tokio::test]
async fn the_flow_for_failures_is_told_which_run_failed_and_why() -> Result<()> {
    let server = Server::start()?;
    let checked = server.api(Method::POST, "/tenants/default/check").body(FLAKY).send().await?;
    let checked: Value = checked.json().await?;
    let finding = &checked["findings"][0];
    assert_eq!((&finding["code"], &finding["severity"]), (&json!("WEIR-FLOW-ON-FAILURE"), &json!("warning")));

    server.publish(TELL)?;
    let (url, development) = server.publish(FLAKY)?;
    assert_eq!(call(&server, &url, true).await?.0, 201);
    let (status, failed) = call(&server, &url, false).await?;
    assert_eq!(status, 500);
    let told = runs(&server, "tell", 1).await?;
    let run = server.ended(told[0]["id"].as_str().context("no id")?).await?;
    assert_eq!(run["origin"], json!({ "kind": "failure", "run": failed["run_id"] }));
    let payload = &run["trigger"]["payload"];
    assert_eq!(
        (&payload["run_id"], &payload["flow"], &payload["version"], &payload["outcome"]),
        (&failed["run_id"], &json!("flaky"), &json!(1), &json!("failed"))
    );
    assert_eq!((&payload["error"]["code"], &payload["error"]["step"]), (&json!("REFUSED"), &json!("broken")));
    assert_eq!(
        (&payload["payload"], &run["steps"][0]["variables"]["told"]),
        (&json!({ "ok": false }), &json!("REFUSED"))
    );

    // Neither a run that completes nor one of the draft starts it.
    server.api(Method::POST, "/tenants/default/flows/flaky/arm").send().await?.error_for_status()?;
    assert_eq!((call(&server, &url, true).await?.0, call(&server, &development, false).await?.0), (201, 500));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(runs(&server, "tell", 1).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn flows_that_fail_for_each_other_come_to_an_end() -> Result<()> {
    let server = Server::start()?;
    let fails = |name: &str, other: &str, capture: &str| {
        format!(
            "weir: 1\nname: {name}\non_failure: {other}\ncapture: {capture}\nsteps:\n  - {{ id: broken, uses: fail, with: {{ \
             code: NO, message: on purpose }} }}\n"
        )
    };
    server.publish(&fails("ping", "pong", "full"))?;
    server.publish(&fails("pong", "ping", "none"))?;
    let (url, _) = server.publish(&fails("ping", "pong", "full"))?;
    server.post(&url, "{}").await?;
    // Eight follow the first: `call_depth`. Of those of `pong` nothing is kept.
    runs(&server, "ping", 5).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((runs(&server, "ping", 5).await?.len(), runs(&server, "pong", 0).await?.len()), (5, 0));
    Ok(())
}

#[tokio::test]
async fn a_flow_that_fails_three_times_in_a_row_is_switched_off_until_it_is_enabled() -> Result<()> {
    let mut server = Server::start()?;
    server.publish(TELL)?;
    let (mut url, _) = server.publish(FLAKY)?;
    for (ok, status) in [(false, 500), (false, 500), (true, 201), (false, 500), (false, 500)] {
        assert_eq!(call(&server, &url, ok).await?.0, status);
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    assert_eq!(server.get("/tenants/default/flows/flaky").await?["enabled"], true, "one completed in between");
    let (_, last) = call(&server, &url, false).await?;
    let said = switched_off(&server, &url).await?;
    let last = last["run_id"].as_str().context("no run")?;
    for words in ["3 runs in a row failed", "REFUSED", last] {
        assert!(said.contains(words), "{words:?} is not in {said:?}");
    }
    server.kill()?;
    server.start_again(&[])?;
    let flow = server.get("/tenants/default/flows/flaky").await?;
    url = flow["urls"]["production"].as_str().context("no URL")?.to_owned();
    assert!(flow["disabled"]["reason"].as_str().is_some_and(|reason| said.contains(reason)), "{flow}");
    let shown = server.cli(&["flow", "show", "flaky"])?.stdout;
    assert!(shown.contains("3 runs in a row failed, the last with REFUSED"), "{shown}");

    ensure!(server.cli(&["flow", "enable", "flaky"])?.code == 0, "not enabled");
    assert_eq!(server.get("/tenants/default/flows/flaky").await?["disabled"], Value::Null);
    for _ in 0..2 {
        assert_eq!(call(&server, &url, false).await?.0, 500, "it counts anew");
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    assert_eq!(call(&server, &url, true).await?.0, 201);
    // At the same time, too: the last to be logged sees all of them.
    let three = tokio::join!(call(&server, &url, false), call(&server, &url, false), call(&server, &url, false));
    assert_eq!((three.0?.0, three.1?.0, three.2?.0), (500, 500, 500));
    assert!(switched_off(&server, &url).await?.contains("3 runs in a row failed"));
    Ok(())
}
