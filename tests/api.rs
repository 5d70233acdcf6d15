//! Promise: the API answers those who may, refuses all others in one shape, and its documents say what it does.

use anyhow::{Context as _, Result};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use weir_tests::{HELLO, Server, committed};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Status and code of a refusal, once its shape was looked at.
async fn refusal(answer: Response) -> Result<(u16, String)> {
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").cloned();
    let body: Value = answer.json().await?;
    let error = body["error"].as_object().with_context(|| format!("{status} without an error: {body}"))?;
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "{body}");
    assert!(error.keys().all(|key| ["code", "message", "findings"].contains(&key.as_str())), "{body}");
    assert!(kind.is_some_and(|kind| kind == "application/json"));
    let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
    assert!(text("code").starts_with("WEIR-") && text("message").len() > 20, "{body}");
    Ok((status, text("code").to_owned()))
}

#[tokio::test]
async fn only_bearers_of_a_valid_token_come_in() -> Result<()> {
    let server = Server::start()?;
    let flows = format!("{}/api/v1/tenants/default/flows", server.admin);
    let with = |value: &str| server.client.get(&flows).header("authorization", value);
    let bare = server.client.get(&flows).send().await?;
    assert!(bare.headers().get("www-authenticate").is_some_and(|value| value.as_bytes().starts_with(b"Bearer")));
    assert_eq!(refusal(bare).await?, (401, "WEIR-API-TOKEN-MISSING".into()));
    let last = if server.token.ends_with('a') { 'b' } else { 'a' };
    let forged = format!("{}{last}", server.token.get(..server.token.len() - 1).unwrap_or_default());
    for wrong in [
        "Basic YTpi",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer weir_operator_x_y",
        &format!("Bearer {forged}"),
        &format!("Bearer {}", "x".repeat(10_000)),
    ] {
        assert_eq!(refusal(with(wrong).send().await?).await?.0, 401, "{wrong:.40}");
    }
    let query = server.client.get(format!("{flows}?token={}", server.token)).send().await?;
    assert_eq!(refusal(query).await?.0, 401, "a token in an address is none");
    assert_eq!(with(&format!("bearer {}", server.token)).send().await?.status(), 200);
    let me = server.get("/me").await?;
    assert_eq!((&me["role"], &me["tenant"]), (&json!("operator"), &Value::Null));
    Ok(())
}

#[tokio::test]
async fn roles_and_tenants_keep_to_themselves() -> Result<()> {
    let server = Server::start()?;
    server.publish(HELLO)?;
    let made = server.api(Method::POST, "/tenants").json(&json!({ "name": "acme" })).send().await?;
    assert_eq!(made.status(), 201);
    let token = async |role: &str, tenant: Value| -> Result<String> {
        let made = server.api(Method::POST, "/tokens").json(&json!({ "role": role, "tenant": tenant })).send().await?;
        assert_eq!(made.status(), 201);
        let made: Value = made.json().await?;
        Ok(made["token"].as_str().context("no token")?.to_owned())
    };
    let viewer = token("viewer", json!("default")).await?;
    let editor = token("editor", json!("default")).await?;
    let stranger = token("admin", json!("acme")).await?;
    let send = |method: Method, path: &str, token: &str| {
        let request = server.client.request(method, format!("{}/api/v1{path}", server.admin)).bearer_auth(token);
        request.send()
    };
    let hello = "/tenants/default/flows/hello";
    assert_eq!(send(Method::GET, hello, &viewer).await?.status(), 200);
    let refused = send(Method::POST, "/tenants/default/flows/hello/disable", &viewer).await?;
    assert_eq!(refusal(refused).await?, (403, "WEIR-API-FORBIDDEN".into()));
    assert_eq!(send(Method::POST, "/tenants/default/flows/hello/disable", &editor).await?.status(), 200);
    assert_eq!(refusal(send(Method::GET, "/tokens", &editor).await?).await?.0, 403);
    // Another tenant's flows look as if the tenant were not there.
    let theirs = refusal(send(Method::GET, hello, &stranger).await?).await?;
    let nobodys = refusal(send(Method::GET, "/tenants/nobody/flows/hello", &stranger).await?).await?;
    assert_eq!((&theirs, &theirs.1), (&nobodys, &"WEIR-CATALOG-TENANT-UNKNOWN".to_owned()));
    assert_eq!(refusal(server.api(Method::GET, "/tenants/nobody/runs").send().await?).await?.0, 404);
    let seen: Value = send(Method::GET, "/tenants", &stranger).await?.json().await?;
    assert_eq!(seen["items"].as_array().map(Vec::len), Some(1), "{seen}");
    assert_eq!(server.get("/tenants/acme/flows").await?["items"], json!([]), "the same names, other flows");
    assert_eq!(server.get("/tenants/acme/runs").await?["items"], json!([]));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_the_right_status() -> Result<()> {
    let server = Server::start()?;
    server.publish(HELLO)?;
    let draft = "/tenants/default/flows/hello/draft";
    let rollback = "/tenants/default/flows/hello/rollback";
    for (method, path, kind, body, status) in [
        (Method::PUT, draft, "image/png", "weir: 1".to_owned(), 415),
        (Method::PUT, draft, "application/yaml", " ".repeat((1 << 20) + 1), 413),
        (Method::PUT, "/tenants/default/flows/No%20Name/draft", "application/yaml", HELLO.to_owned(), 400),
        (Method::POST, rollback, "application/json", "{".to_owned(), 400),
        (Method::POST, rollback, "application/json", String::new(), 400),
        (Method::POST, rollback, "application/json", r#"{"version":1,"more":2}"#.to_owned(), 400),
        (Method::POST, rollback, "text/plain", r#"{"version":1}"#.to_owned(), 415),
        (Method::POST, "/tenants/default/actions", "application/json", "{}".to_owned(), 415),
        (Method::GET, "/tenants/default/runs/7", "text/plain", String::new(), 400),
        (Method::GET, "/tenants/default/runs/0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b", "text/plain", String::new(), 404),
        (Method::GET, "/nope", "text/plain", String::new(), 404),
        (Method::PATCH, draft, "text/plain", String::new(), 405),
    ] {
        let answer = server.api(method, path).header("content-type", kind).body(body).send().await?;
        assert_eq!(refusal(answer).await?.0, status, "{path} as {kind}");
    }
    Ok(())
}

#[tokio::test]
async fn the_document_lists_exactly_the_routes_that_answer() -> Result<()> {
    let server = Server::start()?;
    let document = server.get("/openapi.json").await?;
    let paths = document["paths"].as_object().context("no paths")?;
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")) && paths.len() > 20);
    // Names that are not there keep every call without effect; only the tenant is.
    let filled = |path: &str| {
        let parts = path.split('/').map(|part| match part {
            "{tenant}" => "default",
            "{version}" => "1",
            "{run}" => "0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b",
            part if part.starts_with('{') => "nobody",
            part => part,
        });
        parts.collect::<Vec<_>>().join("/")
    };
    let leads_to = |template: &str, path: &str| {
        let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        template.len() == path.len()
            && template.iter().zip(&path).all(|(part, name)| part.starts_with('{') || part == name)
    };
    for template in paths.keys() {
        let path = filled(template);
        // Where several lead there, the router takes those that spell out most of it.
        let spelled = |template: &str| template.split('/').filter(|part| !part.starts_with('{')).count();
        let all: Vec<_> = paths.iter().filter(|(other, _)| leads_to(other, &path)).collect();
        let most = all.iter().map(|(other, _)| spelled(other)).max();
        let templates: Vec<_> = all.into_iter().filter(|(other, _)| Some(spelled(other)) == most).collect();
        for method in METHODS {
            let documented = templates.iter().find_map(|(_, item)| item.get(method));
            let verb = Method::from_bytes(method.to_uppercase().as_bytes())?;
            let url = format!("{}{path}", server.admin);
            let answer = server.client.request(verb.clone(), &url).bearer_auth(&server.token).send().await?;
            let status = answer.status().as_u16();
            let code = if answer.status().is_success() { String::new() } else { refusal(answer).await?.1 };
            let answers = !["WEIR-API-ROUTE", "WEIR-API-METHOD"].contains(&code.as_str());
            assert_eq!(answers, documented.is_some(), "{method} {template}: {status} {code}");
            let Some(operation) = documented else { continue };
            assert!(
                operation["responses"].get(status.to_string()).is_some(),
                "{method} {template} answers {status}, which it does not say"
            );
            let open = operation.get("security").is_some();
            let bare = server.client.request(verb, &url).send().await?.status();
            assert_eq!(bare == 401, !open, "{method} {template} without a token: {bare}");
        }
    }
    for path in [
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nope",
        "/api/v2/health",
        "/api/v1/tenants/default/nope",
        "/webhook/x",
        "/metrics",
    ] {
        let answer = server.client.get(format!("{}{path}", server.admin)).bearer_auth(&server.token).send().await?;
        assert_eq!(refusal(answer).await?, (404, "WEIR-API-ROUTE".into()), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn the_flow_schema_accepts_what_publishes_and_refuses_what_does_not() -> Result<()> {
    let server = Server::start()?;
    let answer = server.client.get(format!("{}/api/v1/schema/flow.json", server.admin)).send().await?;
    assert!(
        answer.headers().get("content-type").is_some_and(|kind| kind == "application/schema+json"),
        "no token is needed"
    );
    let schema: Value = answer.json().await?;
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let validator =
        jsonschema::draft202012::new(&schema).map_err(|error| anyhow::anyhow!("the schema is none: {error}"))?;
    let read = |text: &str| {
        weir_flow::Document::parse(text)
            .map(|document| document.value().clone())
            .map_err(|finding| anyhow::anyhow!("{finding:?}"))
    };
    let mut sound = vec![("hello".to_owned(), HELLO.to_owned())];
    for entry in std::fs::read_dir(committed("examples/flows"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            sound.push((path.display().to_string(), std::fs::read_to_string(&path)?));
        }
    }
    let starter = server.cli(&["flow", "init", "starter", "--stdout"])?;
    sound.push(("the starter".to_owned(), starter.stdout));
    for (name, text) in &sound {
        let definition = read(text)?;
        let errors: Vec<_> =
            validator.iter_errors(&definition).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
    for (from, to) in [
        ("weir: 1", "weir: 2"),
        ("name: hello", "name: Hello World"),
        ("uses: response", "uses: response\n    wiht: {}"),
        ("id: answer", "id: end"),
        ("json:", "jsn:"),
        ("methods: [GET, POST]", "methods: get"),
        ("uses: response\n    with: {", "uses: condition\n    with: { op: equals, left: 1, right: 1, "),
    ] {
        let changed = HELLO.replace(from, to);
        assert!(changed != HELLO && !validator.is_valid(&read(&changed)?), "{to}");
    }
    Ok(())
}

#[tokio::test]
async fn a_page_under_another_name_cannot_call_the_admin() -> Result<()> {
    let server = Server::start()?;
    let health = format!("{}/api/v1/health", server.admin);
    for (host, status) in [
        ("localhost", 200),
        ("127.0.0.1:1", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost@evil.example", 400),
    ] {
        let answer = server.client.get(&health).header("host", host).send().await?;
        assert_eq!(answer.status(), status, "{host}");
        if status == 403 {
            assert_eq!(refusal(answer).await?.1, "WEIR-API-HOST");
        }
    }
    let well = server.client.get(&health).header("origin", "https://evil.example").send().await?;
    let absent = |name: &str| well.headers().get(name).is_none();
    assert!(absent("access-control-allow-origin") && absent("access-control-allow-credentials"));
    assert!(well.headers().get("x-content-type-options").is_some_and(|value| value == "nosniff"));
    let body: Value = well.json().await?;
    assert_eq!(body["status"], "ok");
    Ok(())
}
