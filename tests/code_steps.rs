//! Promise: JavaScript and TypeScript in a flow see the run, do their work in a fresh, metered instance, and fail with the
//! author's own lines; mistakes in them are found at publish; ten thousand scripts cost no more memory than their text.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use weir_tests::{Cli, Server};

/// A flow whose only step runs a script, and answers with what it returned or why it failed.
fn flow(name: &str, more: &str, source: &str) -> String {
    let source: String = source.lines().map(|line| format!("        {line}\n")).collect();
    format!(
        r#"weir: 1
name: {name}
steps:
  - id: work
    uses: code
    {more}
    with:
      language: javascript
      source: |
{source}    save: result
    on: {{ error: apologise }}
  - {{ id: answer, uses: response, with: {{ json: {{ got: "{{{{ result }}}}" }} }}, on: {{ next: end }} }}
  - {{ id: apologise, uses: response, with: {{ status: 502, json: "{{{{ error }}}}" }} }}
"#
    )
}

fn typed(flow: &str) -> String {
    flow.replace("language: javascript", "language: typescript")
}

async fn run(server: &Server, flow: &str, payload: &Value) -> Result<(u16, Value)> {
    let (url, _) = server.publish(flow)?;
    let answer = server.post(&url, payload.to_string()).await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

/// What publishing a flow with mistakes says.
fn refused(server: &Server, flow: &str) -> Result<String> {
    let file = server.scratch().file("wrong.yaml", flow)?;
    let Cli { code, stdout, stderr } = server.cli(&["flow", "push", &file.to_string_lossy(), "--publish", "--json"])?;
    ensure!(code == 1, "it was published: {stdout}{stderr}");
    Ok(format!("{stdout}{stderr}"))
}

#[tokio::test]
async fn a_script_sees_the_run_and_does_what_it_may() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(
        r#"weir: 1
name: sees
variables: { rate: 3 }
steps:
  - id: first
    uses: code
    with:
      source: |
        const name = await Promise.resolve(payload.name);
        console.log("hello", name, { deep: [1] });
        log.warn("careful", { of: "the dog" });
        setVariable("greeting", `Hello ${name}`);
        kv.set("visits", "last", name);
        const visits = await kv.increment("visits", "count");
        return {
          name, visits, last: kv.get("visits", "last"), rate: vars.rate, agent: request.headers["x-agent"],
          template: "{{ payload.name }} {% if", id: run.id, clock: Date.now() > 1.7e12, chance: Math.random() < 1,
        };
  - id: each
    uses: for-each
    with: { items: "{{ payload.items }}" }
    on: { item: one, done: reply }
  - id: one
    uses: code
    with: { source: "return item.n * vars['rate'] + steps.first.output.visits" }
    on: { next: end }
  - id: reply
    uses: code
    input: { only: "{{ greeting }}" }
    with: { source: "return { ...payload, all: Object.keys(steps).sort(), vars }" }
    save: whole
  - id: answer
    uses: response
    with: { json: { first: "{{ steps.first.output }}", each: "{{ steps.each.output }}", whole: "{{ whole }}" } }
    on: { next: end }
"#,
    )?;
    let payload = json!({ "name": "Ada", "items": [{ "n": 1 }, { "n": 2 }] });
    let request = server.client.post(&url).header("content-type", "application/json").header("x-agent", "test");
    let answer = request.body(payload.to_string()).send().await?;
    ensure!(answer.status() == 200, "{}", answer.text().await?);
    let answer: Value = answer.json().await?;
    let record = server.last_run().await?;
    let first = json!({
        "name": "Ada", "visits": 1, "last": "Ada", "rate": 3, "agent": "test", "template": "{{ payload.name }} {% if",
        "id": record["id"], "clock": true, "chance": true,
    });
    assert_eq!(answer["first"], first);
    assert_eq!(answer["each"], json!([4, 7]));
    let vars = json!({ "rate": 3, "greeting": "Hello Ada" });
    assert_eq!(answer["whole"], json!({ "only": "Hello Ada", "all": ["each", "first", "one"], "vars": vars }));
    let step = &record["steps"][0];
    assert_eq!((&step["uses"], &step["variables"]["greeting"]), (&json!("code"), &json!("Hello Ada")));
    assert!(step["usage"]["fuel"].as_u64() > Some(0) && step["usage"]["kv_operations"] == 3, "{step}");
    let line = |at: usize| (step["logs"][at]["level"].clone(), step["logs"][at]["message"].clone());
    assert_eq!(line(0), (json!("info"), json!(r#"hello Ada {"deep":[1]}"#)));
    assert_eq!(line(1), (json!("warn"), json!("careful")));
    assert_eq!(step["logs"][1]["fields"], json!({ "of": "the dog" }));
    Ok(())
}

#[tokio::test]
async fn mistakes_are_findings_with_line_and_column_and_nothing_is_published() -> Result<()> {
    let server = Server::start()?;
    // The script begins on line 10 of the definition.
    let wrong = flow("wrong", "title: Wrong", "const total = 1;\nconst = 2;\nreturn total;");
    let said = refused(&server, &wrong)?;
    for part in ["WEIR-CODE-SYNTAX", "/steps/0/with/source", "line 2, column 7"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.replace(' ', "").contains(r#""line":11"#), "{said}");
    let said = refused(&server, &typed(&flow("wrong", "title: Wrong", "const a: number = 1;\nlet b: = 2;")))?;
    assert!(said.contains("WEIR-CODE-SYNTAX") && said.contains("line 2, column "), "{said}");
    // What closes the function that is around a script is no script either.
    let said = refused(&server, &flow("wrong", "title: Wrong", "return 1 }); evil(); ({"))?;
    assert!(said.contains("WEIR-CODE-SYNTAX"), "{said}");
    let said = refused(&server, &flow("wrong", "title: Wrong", &format!("return '{}'", "x".repeat(64 << 10))))?;
    assert!(said.contains("WEIR-FLOW-TOO-LARGE") && said.contains("65536"), "{said}");
    let said = refused(&server, &flow("wrong", "title: Wrong", "1").replace("javascript", "python"))?;
    assert!(said.contains("typescript"), "{said}");
    let shown = server.get("/tenants/default/flows/wrong").await?;
    assert!(shown["published"].is_null(), "{shown}");
    Ok(())
}

#[tokio::test]
async fn what_a_script_throws_has_its_lines() -> Result<()> {
    let server = Server::start()?;
    let source = "function read(order) {\n  return order.lines.length;\n}\n\nreturn read(payload);";
    let (status, error) = run(&server, &flow("throws", "title: Throws", source), &json!({})).await?;
    assert_eq!((status, &error["code"]), (502, &json!("WEIR-CODE-EXCEPTION")), "{error}");
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("TypeError: ") && message.ends_with(" (line 2)"), "{message}");
    let stack = error["detail"]["stack"].as_str().unwrap_or_default();
    assert!(stack.contains("read (code:2:") && stack.contains("code:5:"), "{stack}");
    let source = "interface Order { lines: string[] }\nconst order = payload as Order;\nthrow new RangeError(`no ${order.lines}`);";
    let (_, error) = run(&server, &typed(&flow("throws", "title: Throws", source)), &json!({ "lines": [7] })).await?;
    assert_eq!(error["message"], "RangeError: no 7 (line 3)", "{error}");
    let (_, error) = run(&server, &flow("throws", "title: Throws", "await new Promise(() => {})"), &json!({})).await?;
    assert_eq!(error["code"], "WEIR-STEP-INVALID", "{error}");
    Ok(())
}

#[tokio::test]
async fn scripts_that_want_too_much_are_stopped_by_the_limits_of_every_step() -> Result<()> {
    let server = Server::start()?;
    let (well, _) = server.publish(&flow("well", "title: Well", "return payload"))?;
    for (source, code) in [
        ("for (;;) {}", "WEIR-STEP-FUEL"),
        ("const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1));", "WEIR-STEP-MEMORY"),
        ("const all = []; for (;;) all.push({ n: all.length });", "WEIR-STEP-MEMORY"),
        ("return 'x'.repeat(10 << 20)", "WEIR-STEP-OUTPUT"),
        ("const f = () => f() + 1; return f()", "WEIR-CODE-EXCEPTION"),
        ("/(a+)+$/.test('a'.repeat(64) + 'b')", "WEIR-STEP-FUEL"),
    ] {
        let hostile = flow("hostile", "limits: { fuel: 4000000000 }", source);
        let (status, error) = run(&server, &hostile, &json!({})).await?;
        assert_eq!((status, &error["code"]), (502, &json!(code)), "{source}: {error}");
        assert_eq!(server.post(&well, "{}").await?.status(), 200);
    }
    let timed = flow("hostile", "timeout: 50ms", "for (;;) {}");
    let (_, error) = run(&server, &timed, &json!({})).await?;
    assert_eq!(error["code"], "WEIR-STEP-TIMEOUT", "{error}");
    Ok(())
}

#[tokio::test]
async fn runs_share_nothing() -> Result<()> {
    let server = Server::start()?;
    let source = "const seen = [globalThis.x, [].x, Math.pow === null];\nglobalThis.x = Array.prototype.x = 1;\n\
                  Math.pow = null;\nconst chance = Math.random();\nreturn { seen, chance };";
    let (url, _) = server.publish(&flow("alone", "title: Alone", source))?;
    let mut chances = Vec::new();
    for _ in 0..3 {
        let got: Value = server.post(&url, "{}").await?.json().await?;
        assert_eq!(got["got"]["seen"], json!([null, null, false]), "{got}");
        chances.push(got["got"]["chance"].to_string());
    }
    chances.dedup();
    assert_eq!(chances.len(), 3, "randomness repeats itself: {chances:?}");
    Ok(())
}

#[tokio::test]
async fn types_vanish_and_columns_stay() -> Result<()> {
    let server = Server::start()?;
    let source = "type Line = { price: number; count?: number };\n\
                  const sum = (lines: Line[]): number => lines.reduce((all, line) => all + line.price * (line.count ?? 1), 0);\n\
                  const lines = payload.lines as Line[];\n\
                  return { sum: sum(lines), first: lines[0]!.price satisfies number };";
    let flow = typed(&flow("typed", "title: Typed", source));
    let payload = json!({ "lines": [{ "price": 2, "count": 3 }, { "price": 1 }] });
    assert_eq!(run(&server, &flow, &payload).await?, (200, json!({ "got": { "sum": 7, "first": 2 } })));
    Ok(())
}

/// Scripts in one flow, which may have 500 steps.
const AT_ONCE: usize = 499;
/// What the store may keep of what was written, in KiB.
const STORE_KIB: u64 = 32 << 10;
/// What a script may keep: its text in a few forms, and its place in a plan.
const SCRIPT_KIB: u64 = 8;

#[tokio::test]
async fn many_scripts_cost_no_more_memory_than_their_text() -> Result<()> {
    let flows = if std::env::var_os("WEIR_SOAK").is_some() { 21 } else { 3 };
    let server = Server::start()?;
    let mut run = 0;
    let mut call = async |count: usize| -> Result<()> {
        run += 1;
        let (url, _) = server.publish(&many(run, count))?;
        for _ in 0..2 {
            let answer: Value = server.post(&url, r#"{"n":1}"#).await?.json().await?;
            assert_eq!(answer, json!({ "last": run * 1_000 + count }));
        }
        Ok(())
    };
    call(100).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = resident_kib(server.pid())?;
    for _ in 1..flows {
        call(AT_ONCE).await?;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (after, scripts) = (resident_kib(server.pid())?, (flows - 1) as u64 * AT_ONCE as u64);
    println!("{scripts} scripts after 100: {before} KiB, then {after} KiB");
    let most = before + STORE_KIB + scripts * SCRIPT_KIB;
    ensure!(after <= most, "{scripts} scripts made {after} KiB of {before} KiB; {most} KiB are allowed");
    Ok(())
}

/// A flow of so many scripts, no two the same in any flow.
fn many(flow: usize, count: usize) -> String {
    let steps: String = (1..=count)
        .map(|at| {
            let mark = flow * 1_000 + at;
            format!(
                "  - id: s{at}\n    uses: code\n    with:\n      source: |\n        const all = [1, 2, 3].map((one) => one * \
                 {mark});\n        const sum = all.reduce((sum, one) => sum + one, 0);\n        return sum / 6 * payload.n;\n"
            )
        })
        .collect();
    format!(
        "weir: 1\nname: many-{flow}\ncapture: none\nsteps:\n{steps}  - id: answer\n    uses: response\n    with: {{ json: \
         {{ last: \"{{{{ steps.s{count}.output }}}}\" }} }}\n"
    )
}

fn resident_kib(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("there is no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
