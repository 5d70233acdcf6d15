//! Promise: a flow's text is kept as it was sent, published only when it is sound, never changed once published, and all of
//! it is there again after a restart.

use anyhow::{Context as _, Result};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use weir_tests::Server;

const FLOWS: &str = "/tenants/default/flows";

/// A flow that answers with a text of its own; the comment must survive.
fn saying(name: &str, text: &str) -> String {
    format!(
        "weir: 1   # kept as it was sent\nname: {name}\nsteps:\n  - {{ id: answer, uses: response, with: {{ text: {text} }} }}\n"
    )
}

fn draft(server: &Server, name: &str, text: impl Into<String>) -> RequestBuilder {
    server
        .api(Method::PUT, &format!("{FLOWS}/{name}/draft"))
        .header("content-type", "application/yaml")
        .body(text.into())
}

async fn done(request: RequestBuilder) -> Result<(u16, Value)> {
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
}

async fn post(server: &Server, path: &str, body: Value) -> Result<(u16, Value)> {
    done(server.api(Method::POST, &format!("{FLOWS}/{path}")).json(&body)).await
}

/// What a URL answers: the text of a well one, the code of an error.
async fn answer(server: &Server, url: &str) -> Result<String> {
    let text = server.post(url, "{}").await?.text().await?;
    let error = serde_json::from_str::<Value>(&text).unwrap_or_default();
    Ok(error.pointer("/error/code").and_then(Value::as_str).map_or(text, str::to_owned))
}

const FAULTY: &str = r#"weir: 1
name: faulty
capturee: full
steps:
  - id: first
    uses: respons
  - id: second
    uses: response
    with: { status: 99, json: x, text: x }
    on: { next: nowhere, maybe: first }
  - id: second
    uses: set
    with: { payload: 1 }
  - id: third
    uses: condition
    with: { left: 1, op: equals, right: 1 }
  - { id: fourth, uses: log, with: { message: "{{ payload. }}" } }
"#;

#[tokio::test]
async fn a_draft_with_errors_is_kept_and_not_published_and_all_is_told_at_once() -> Result<()> {
    let server = Server::start()?;
    let (status, saved) = done(draft(&server, "faulty", FAULTY)).await?;
    assert_eq!(status, 200, "{saved}");
    let expected: [(&str, &str, u64); 10] = [
        ("WEIR-FLOW-UNKNOWN-KEY", "/capturee", 3),
        ("WEIR-FLOW-USES", "/steps/0/uses", 6),
        ("WEIR-FLOW-WITH", "/steps/1/with", 9),
        ("WEIR-FLOW-WITH", "/steps/1/with/status", 9),
        ("WEIR-FLOW-EXIT", "/steps/1/on/maybe", 10),
        ("WEIR-FLOW-TARGET", "/steps/1/on/next", 10),
        ("WEIR-FLOW-DUPLICATE-STEP", "/steps/2/id", 11),
        ("WEIR-FLOW-VARIABLE", "/steps/2/with/payload", 13),
        ("WEIR-FLOW-CONDITION", "/steps/3/with/op", 16),
        ("WEIR-FLOW-TEMPLATE", "/steps/4/with/message", 17),
    ];
    let sorted = |findings: &Value| {
        let findings = findings.as_array().into_iter().flatten();
        let mut found: Vec<_> = findings.map(|f| (f["line"].as_u64(), f["path"].clone(), f["code"].clone())).collect();
        found.sort_by_key(|(line, path, _)| (*line, path.to_string()));
        found
    };
    let expected: Vec<_> = expected.iter().map(|(code, path, line)| (Some(*line), json!(path), json!(code))).collect();
    assert_eq!(sorted(&saved["findings"]), expected, "{saved:#}");
    assert!(
        saved["findings"][1]["message"].as_str().is_some_and(|text| text.contains("`response`")),
        "a slip is understood"
    );
    assert!(saved["findings"].as_array().into_iter().flatten().all(|finding| finding["severity"] == "error"));
    assert_eq!((&saved["flow"]["draft"]["errors"], &saved["flow"]["published"]), (&json!(10), &Value::Null));

    let (status, refused) = post(&server, "faulty/publish", json!({})).await?;
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("WEIR-CATALOG-INVALID")));
    assert_eq!(sorted(&refused["error"]["findings"]), expected);
    let url = saved["flow"]["urls"]["production"].as_str().context("no URL")?;
    assert_eq!(answer(&server, url).await?, "WEIR-HOOK-UNPUBLISHED");
    assert_eq!(server.get(&format!("{FLOWS}/faulty/draft")).await?["text"], FAULTY);
    Ok(())
}

#[tokio::test]
async fn what_is_no_definition_is_not_kept() -> Result<()> {
    let server = Server::start()?;
    let deep = format!("weir: 1\nname: none\nsteps: {}{}", "[".repeat(200), "]".repeat(200));
    for (text, code) in [
        ("- a", "WEIR-FLOW-TYPE"),
        ("weir: [", "WEIR-FLOW-SYNTAX"),
        ("weir: 1\nname: none", "WEIR-FLOW-MISSING-KEY"),
        ("weir: 2\nname: none\nsteps: [{ id: a, uses: stop }]", "WEIR-FLOW-VERSION"),
        ("weir: 1\nname: none\nname: none\nsteps: []", "WEIR-FLOW-DUPLICATE-KEY"),
        ("weir: &a 1\nname: none\nsteps: [*a]", "WEIR-FLOW-YAML-FEATURE"),
        (deep.as_str(), "WEIR-FLOW-TOO-DEEP"),
    ] {
        let (status, refused) = done(draft(&server, "none", text)).await?;
        assert_eq!((status, &refused["error"]["findings"][0]["code"]), (422, &json!(code)), "{text:.60}: {refused}");
        let (_, checked) = done(server.api(Method::POST, "/tenants/default/check").body(text.to_owned())).await?;
        assert_eq!(checked["findings"], refused["error"]["findings"], "a check says the same");
    }
    let (status, other) = done(draft(&server, "none", saying("some", "x"))).await?;
    assert_eq!((status, &other["error"]["code"]), (422, &json!("WEIR-CATALOG-OTHER-NAME")));
    assert_eq!(done(server.api(Method::GET, &format!("{FLOWS}/none"))).await?.0, 404);
    assert_eq!(server.get(FLOWS).await?["items"], json!([]));
    Ok(())
}

#[tokio::test]
async fn versions_never_change_and_numbers_are_not_used_again() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(&saying("steps", "one"))?;
    server.publish(&saying("steps", "two"))?;
    assert_eq!(answer(&server, &url).await?, "two");
    let (status, flow) = post(&server, "steps/rollback", json!({ "version": 1 })).await?;
    assert_eq!((status, &flow["published"], &flow["latest"]), (200, &json!(1), &json!(2)));
    assert_eq!(answer(&server, &url).await?, "one");
    assert_eq!(server.get(&format!("{FLOWS}/steps/draft")).await?["text"], saying("steps", "two"), "the draft stays");

    done(draft(&server, "steps", saying("steps", "three"))).await?;
    assert_eq!(answer(&server, &url).await?, "one", "a draft changes nothing");
    let (status, published) = post(&server, "steps/publish", json!({ "note": "the third" })).await?;
    assert_eq!((status, &published["version"], &published["findings"]), (200, &json!(3), &json!([])));
    assert_eq!(answer(&server, &url).await?, "three");
    for (version, text) in [(1, "one"), (2, "two"), (3, "three")] {
        let kept = server.get(&format!("{FLOWS}/steps/versions/{version}")).await?;
        assert_eq!((&kept["text"], &kept["published"]), (&json!(saying("steps", text)), &json!(version == 3)));
    }
    let listed = server.get(&format!("{FLOWS}/steps/versions")).await?;
    let listed: Vec<_> = listed["items"]
        .as_array()
        .context("no items")?
        .iter()
        .map(|v| (v["version"].clone(), v["note"].clone()))
        .collect();
    assert_eq!(
        listed,
        [(json!(3), json!("the third")), (json!(2), json!(null)), (json!(1), json!(null))],
        "newest first"
    );
    let (status, refused) = post(&server, "steps/rollback", json!({ "version": 9 })).await?;
    assert_eq!((status, &refused["error"]["code"]), (404, &json!("WEIR-CATALOG-VERSION-UNKNOWN")));
    Ok(())
}

#[tokio::test]
async fn yaml_and_json_mean_the_same_and_no_change_is_overwritten_unseen() -> Result<()> {
    let server = Server::start()?;
    let flow = json!({ "weir": 1, "name": "twin", "steps": [{ "id": "answer", "uses": "response", "with": { "text": "json" } }] });
    let first =
        server.api(Method::PUT, &format!("{FLOWS}/twin/draft")).header("if-match", "0").json(&flow).send().await?;
    assert_eq!((first.status().as_u16(), first.headers()["etag"].to_str()?), (200, "\"1\""));
    let (url, _) = server.publish(&flow.to_string())?;
    assert_eq!(answer(&server, &url).await?, "json");
    server.publish(&saying("twin", "yaml"))?;
    assert_eq!(answer(&server, &url).await?, "yaml");

    let revision = server.get(&format!("{FLOWS}/twin/draft")).await?["revision"].as_u64().context("no revision")?;
    let mine =
        done(draft(&server, "twin", saying("twin", "mine")).header("if-match", format!("\"{revision}\""))).await?;
    assert_eq!((mine.0, mine.1["flow"]["draft"]["revision"].as_u64()), (200, Some(revision + 1)));
    let (status, theirs) = done(draft(&server, "twin", saying("twin", "theirs")).header("if-match", revision)).await?;
    assert_eq!((status, &theirs["error"]["code"]), (409, &json!("WEIR-CATALOG-CHANGED")));
    assert_eq!(server.get(&format!("{FLOWS}/twin/draft")).await?["text"], saying("twin", "mine"));
    assert_eq!(done(draft(&server, "twin", saying("twin", "x")).header("if-match", "soon")).await?.0, 400);
    Ok(())
}

#[tokio::test]
async fn a_new_key_and_a_deletion_end_the_old_urls_at_once() -> Result<()> {
    let server = Server::start()?;
    let (old, old_dev) = server.publish(&saying("keyed", "first"))?;
    post(&server, "keyed/arm", json!({})).await?;
    let (status, flow) = post(&server, "keyed/key", json!({})).await?;
    let url = |kind: &str| flow["urls"][kind].as_str().map(str::to_owned).context("no URL");
    let (new, new_dev) = (url("production")?, url("development")?);
    assert_eq!((status, new == old, new_dev == format!("{new}/dev")), (200, false, true));
    for (url, expected) in
        [(&old, "WEIR-HOOK-UNKNOWN"), (&old_dev, "WEIR-HOOK-UNKNOWN"), (&new, "first"), (&new_dev, "first")]
    {
        assert_eq!(answer(&server, url).await?, expected);
    }

    assert_eq!(done(server.api(Method::DELETE, &format!("{FLOWS}/keyed"))).await?.0, 204);
    assert_eq!(answer(&server, &new).await?, "WEIR-HOOK-UNKNOWN");
    assert_eq!(done(server.api(Method::GET, &format!("{FLOWS}/keyed/versions/1"))).await?.0, 404);
    let (next, _) = server.publish(&saying("keyed", "second"))?;
    assert_eq!(
        (answer(&server, &next).await?.as_str(), answer(&server, &new).await?.as_str()),
        ("second", "WEIR-HOOK-UNKNOWN")
    );
    let again = server.get(&format!("{FLOWS}/keyed")).await?;
    assert_eq!((again["id"] == flow["id"], &again["latest"]), (false, &json!(1)), "the name is reused, nothing else");
    let count = |runs: Value| runs["items"].as_array().map(Vec::len);
    assert_eq!(count(server.get("/tenants/default/runs?flow=keyed").await?), Some(1));
    let id = flow["id"].as_str().context("no id")?;
    assert_eq!(
        count(server.get(&format!("/tenants/default/runs?flow={id}")).await?),
        Some(2),
        "records outlive their flow"
    );
    Ok(())
}

#[tokio::test]
async fn no_name_is_special() -> Result<()> {
    let server = Server::start()?;
    for name in ["check", "draft", "dev", "a", "end"] {
        let (url, _) = server.publish(&saying(name, "here"))?;
        assert_eq!(answer(&server, &url).await?, "here");
        assert_eq!(server.get(&format!("{FLOWS}/{name}")).await?["name"], name);
        assert_eq!(done(server.api(Method::DELETE, &format!("{FLOWS}/{name}"))).await?.0, 204, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn after_a_restart_everything_is_as_before() -> Result<()> {
    let mut server = Server::start()?;
    server.push_action("echo")?;
    server.publish(&saying("live", "one"))?;
    server.publish(&saying("live", "two"))?;
    post(&server, "live/rollback", json!({ "version": 1 })).await?;
    server.publish(&saying("off", "x"))?;
    post(&server, "off/disable", json!({})).await?;
    done(draft(&server, "faulty", FAULTY)).await?;
    let acting = saying("acting", "x").replace("steps:\n", "steps:\n  - { id: work, uses: echo@1 }\n");
    let (url, _) = server.publish(&acting)?;
    assert_eq!(answer(&server, &url).await?, "x");
    let before = everything(&server).await?;
    for kill in [false, true] {
        if kill {
            server.kill()?
        } else {
            server.stop()?
        }
        server.start_again(&[])?;
        assert_eq!(everything(&server).await?, before);
        for (name, expected) in
            [("live", "one"), ("off", "WEIR-HOOK-DISABLED"), ("faulty", "WEIR-HOOK-UNPUBLISHED"), ("acting", "x")]
        {
            let flow = server.get(&format!("{FLOWS}/{name}")).await?;
            assert_eq!(answer(&server, flow["urls"]["production"].as_str().context("no URL")?).await?, expected);
        }
    }
    Ok(())
}

/// What the API tells of flows, drafts, versions and actions; the addresses, which differ, left out.
async fn everything(server: &Server) -> Result<Vec<String>> {
    let mut all =
        vec![server.get(FLOWS).await?, server.get("/tenants/default/actions").await?, server.get("/tenants").await?];
    for name in ["live", "off", "faulty", "acting"] {
        all.push(server.get(&format!("{FLOWS}/{name}/draft")).await?);
        all.push(server.get(&format!("{FLOWS}/{name}/versions")).await?);
    }
    all.push(server.get(&format!("{FLOWS}/live/versions/2")).await?);
    Ok(all.iter().map(|value| value.to_string().replace(&server.hooks, "")).collect())
}
