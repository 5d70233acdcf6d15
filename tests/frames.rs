//! Promise: loops, branches and called flows run their paths as the flow says, merge what those leave behind in a fixed
//! order, hand failures outwards, and cannot run without end.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use weir_tests::Server;

/// One field of every step of a run, for the steps that `uses` names.
fn of_steps(run: &Value, uses: &str, field: &str) -> Vec<Value> {
    let steps = run["steps"].as_array().into_iter().flatten();
    steps.filter(|step| uses.is_empty() || step["uses"] == uses).map(|step| step[field].clone()).collect()
}

#[tokio::test]
async fn items_follow_one_another_on_the_same_variables() -> Result<()> {
    let server = Server::start()?;
    server.push_action("echo")?;
    let (url, _) = server.publish(
        r#"weir: 1
name: sum
variables: { total: 0, order: "" }
steps:
  - { id: each, uses: for-each, with: { items: "{{ payload.lines }}", as: line }, save: running, on: { item: add, done: answer } }
  - { id: add, uses: set, with: { total: "{{ total + line.price }}", order: "{{ order }}{{ loop.index }}/{{ loop.length }} " } }
  - { id: tell, uses: echo@1, input: "{{ total }}", on: { next: each } }
  - id: answer
    uses: response
    with: { json: { total: "{{ total }}", order: "{{ order }}", running: "{{ running }}", same: "{{ steps.each.output }}", line: "{{ line }}" } }
"#,
    )?;
    let answer = server.post(&url, r#"{"lines":[{"price":1},{"price":2},{"price":3}]}"#).await?;
    let expected =
        json!({ "total": 6, "order": "1/3 2/3 3/3 ", "running": [1, 3, 6], "same": [1, 3, 6], "line": null });
    assert_eq!(answer.json::<Value>().await?, expected);
    let run = server.last_run().await?;
    assert_eq!(of_steps(&run, "echo@1", "frame"), [json!(["each:1"]), json!(["each:2"]), json!(["each:3"])]);
    let ids = of_steps(&run, "", "id");
    assert_eq!(
        ids,
        ["each", "add", "tell", "add", "tell", "add", "tell", "answer"],
        "leading back goes on, it opens nothing"
    );
    Ok(())
}

#[tokio::test]
async fn a_loop_takes_lists_objects_nothing_and_single_values() -> Result<()> {
    let server = Server::start()?;
    server.push_action("echo")?;
    let (url, _) = server.publish(
        r#"weir: 1
name: items
steps:
  - { id: each, uses: for-each, with: { items: "{{ payload.x }}" }, save: got, on: { done: answer } }
  - { id: tell, uses: echo@1, input: "{{ item }}", on: { next: end } }
  - { id: answer, uses: response, with: { json: "{{ got }}" } }
"#,
    )?;
    for (payload, expected) in [
        (json!({ "x": [1, "a", null, [2]] }), json!([1, "a", null, [2]])),
        (json!({ "x": { "b": 1, "a": null } }), json!([{ "key": "b", "value": 1 }, { "key": "a", "value": null }])),
        (json!({ "x": "{{ 7*7 }}" }), json!(["{{ 7*7 }}"])),
        (json!({ "x": [] }), json!([])),
        (json!({ "x": null }), json!([])),
        (json!({}), json!([])),
    ] {
        let answer = server.post(&url, payload.to_string()).await?;
        assert_eq!(answer.json::<Value>().await?, expected, "{payload}");
    }
    Ok(())
}

#[tokio::test]
async fn items_at_once_have_their_own_variables_merged_in_item_order() -> Result<()> {
    let server = Server::start()?;
    server.push_action("echo")?;
    let (url, _) = server.publish(
        r#"weir: 1
name: at-once
variables: { total: 10, last: none }
steps:
  - { id: each, uses: for-each, with: { items: [1, 2, 3, 4], as: n, concurrency: 3 }, save: got, on: { item: mine, done: answer } }
  - { id: mine, uses: set, with: { total: "{{ total + n }}", last: "{{ n }}" } }
  - { id: tell, uses: echo@1, input: "{{ total }}", on: { next: end } }
  - { id: answer, uses: response, with: { json: { total: "{{ total }}", last: "{{ last }}", got: "{{ got }}" } } }
"#,
    )?;
    for _ in 0..5 {
        let answer = server.post(&url, "{}").await?.json::<Value>().await?;
        assert_eq!(answer, json!({ "total": 14, "last": 4, "got": [11, 12, 13, 14] }));
    }
    Ok(())
}

#[tokio::test]
async fn branches_run_together_merge_in_their_order_and_give_an_object() -> Result<()> {
    let server = Server::start()?;
    server.push_action("echo")?;
    server.push_action("spin")?;
    // The first branch ends last; the order of the merge is still that of the list.
    let (url, _) = server.publish(
        r#"weir: 1
name: branches
variables: { who: nobody, base: 1 }
steps:
  - { id: both, uses: parallel, with: { branches: [slow, fast] }, save: got, on: { done: answer } }
  - { id: slow, uses: spin@1, timeout: 800ms, on: { error: slow-set } }
  - { id: slow-set, uses: set, with: { who: slow, a: "{{ base + 1 }}" } }
  - { id: slow-tell, uses: echo@1, input: "s", on: { next: end } }
  - { id: fast, uses: set, with: { who: fast, b: "{{ base + 2 }}" } }
  - { id: fast-tell, uses: echo@1, input: "f", on: { next: end } }
  - { id: answer, uses: response, with: { json: { who: "{{ who }}", a: "{{ a }}", b: "{{ b }}", got: "{{ got }}" } } }
"#,
    )?;
    let answer = server.post(&url, "{}").await?.text().await?;
    assert_eq!(answer, r#"{"who":"fast","a":2,"b":3,"got":{"slow":"s","fast":"f"}}"#);
    let run = server.last_run().await?;
    let ended = of_steps(&run, "", "id");
    assert_eq!(
        ended,
        ["both", "fast", "fast-tell", "slow", "slow-set", "slow-tell", "answer"],
        "fast did not wait for slow"
    );
    assert_eq!(of_steps(&run, "echo@1", "frame"), [json!(["both:fast"]), json!(["both:slow"])]);
    assert_eq!(of_steps(&run, "spin@1", "exit"), ["error"]);
    Ok(())
}

#[tokio::test]
async fn frames_nest() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(
        r#"weir: 1
name: nested
variables: { out: "" }
steps:
  - { id: rows, uses: for-each, with: { items: "{{ payload.rows }}", as: row }, on: { item: cells, done: answer } }
  - { id: cells, uses: for-each, with: { items: "{{ row }}", as: cell }, on: { item: note, done: mark } }
  - { id: note, uses: set, with: { out: "{{ out }}{{ loop.index }}{{ cell }}" }, on: { next: cells } }
  - { id: mark, uses: set, with: { out: "{{ out }};{{ loop.index }} " }, on: { next: rows } }
  - { id: answer, uses: response, with: { text: "{{ out }}" } }
"#,
    )?;
    let answer = server.post(&url, r#"{"rows":[["a","b"],[],["c"]]}"#).await?;
    assert_eq!(answer.text().await?, "1a2b;1 ;2 1c;3 ");
    let run = server.last_run().await?;
    let notes: Vec<Value> = run["steps"]
        .as_array()
        .context("no steps")?
        .iter()
        .filter(|step| step["id"] == "note")
        .map(|step| step["frame"].clone())
        .collect();
    assert_eq!(notes, [json!(["rows:1", "cells:1"]), json!(["rows:1", "cells:2"]), json!(["rows:3", "cells:1"])]);
    Ok(())
}

#[tokio::test]
async fn a_failure_inside_a_frame_is_taken_by_the_frames_error_exit() -> Result<()> {
    let server = Server::start()?;
    server.push_action("spin")?;
    let (each, _) = server.publish(
        r#"weir: 1
name: each-fails
variables: { did: "" }
steps:
  - { id: each, uses: for-each, with: { items: "{{ payload }}" }, on: { item: check, done: answer, error: apologise } }
  - { id: check, uses: condition, with: { left: "{{ item }}", op: less_than, right: 3 }, on: { "true": note, "false": refuse } }
  - { id: note, uses: set, with: { did: "{{ did }}{{ item }}" }, on: { next: end } }
  - { id: refuse, uses: fail, with: { code: TOO-LARGE, message: "{{ item }} is too large" } }
  - { id: answer, uses: response, with: { text: "{{ did }}" }, on: { next: end } }
  - { id: apologise, uses: response, with: { status: 422, json: { code: "{{ error.code }}", message: "{{ error.message }}", step: "{{ error.step }}", did: "{{ did }}" } } }
"#,
    )?;
    let well = server.post(&each, "[1,2]").await?;
    assert_eq!((well.status().as_u16(), well.text().await?.as_str()), (200, "12"));
    let badly = server.post(&each, "[1,5,2]").await?;
    assert_eq!(badly.status(), 422);
    let expected = json!({ "code": "TOO-LARGE", "message": "5 is too large", "step": "refuse", "did": "1" });
    assert_eq!(badly.json::<Value>().await?, expected, "what the items before it did is kept");
    assert_eq!(server.last_run().await?["outcome"], "completed");

    // The other branch is left where it is, and an inner frame without an error exit lets the failure through.
    let (parallel, _) = server.publish(
        r#"weir: 1
name: branch-fails
steps:
  - { id: both, uses: parallel, with: { branches: [slow, loop-over] }, on: { done: answer, error: apologise } }
  - { id: slow, uses: spin@1, timeout: 10s, on: { next: end, error: end } }
  - { id: loop-over, uses: for-each, with: { items: [1] }, on: { item: broken, done: end } }
  - { id: broken, uses: fail, with: { code: BROKEN } }
  - { id: answer, uses: response, with: { status: 200 }, on: { next: end } }
  - { id: apologise, uses: response, with: { status: 502, json: { code: "{{ error.code }}" } } }
"#,
    )?;
    let answer = server.post(&parallel, "{}").await?;
    assert_eq!((answer.status().as_u16(), answer.text().await?.as_str()), (502, r#"{"code":"BROKEN"}"#));
    assert_eq!(of_steps(&server.last_run().await?, "", "id"), ["both", "loop-over", "broken", "apologise"]);
    Ok(())
}

const CHILD: &str = r#"weir: 1
name: child
steps:
  - { id: which, uses: switch, with: { value: "{{ payload.do }}", cases: { broken: broken } }, on: { default: answer } }
  - { id: broken, uses: fail, with: { code: CHILD-FAILED, message: "no {{ payload.x }}" } }
  - { id: answer, uses: response, with: { status: 201, json: { got: "{{ payload.x }}", flow: "{{ flow.name }}" } } }
"#;

#[tokio::test]
async fn a_called_flow_has_a_run_of_its_own_and_its_answer_comes_back() -> Result<()> {
    let server = Server::start()?;
    server.publish(CHILD)?;
    let parent = |name: &str, awaits: bool| {
        format!(
            r#"weir: 1
name: {name}
steps:
  - {{ id: ask, uses: call, with: {{ flow: "{{{{ payload.flow }}}}", payload: {{ x: "{{{{ payload.x }}}}", do: "{{{{ payload.do }}}}" }}, await: {awaits} }}, save: reply, on: {{ error: apologise }} }}
  - {{ id: answer, uses: response, with: {{ json: "{{{{ reply }}}}" }}, on: {{ next: end }} }}
  - {{ id: apologise, uses: response, with: {{ status: 502, json: {{ code: "{{{{ error.code }}}}", step: "{{{{ error.step }}}}" }} }} }}
"#
        )
    };
    let (url, _) = server.publish(&parent("parent", true))?;
    let answer = server.post(&url, r#"{"flow":"child","x":7}"#).await?;
    assert_eq!(answer.json::<Value>().await?, json!({ "got": 7, "flow": "child" }));
    let mut ids = Vec::new();
    for flow in ["parent", "child"] {
        let runs = server.get(&format!("/tenants/default/runs?flow={flow}")).await?;
        assert_eq!(runs["items"].as_array().map(Vec::len), Some(1), "{flow}: {runs}");
        ids.push(runs["items"][0]["id"].as_str().context("no id")?.to_owned());
    }
    let (parent_id, child_id) = (ids.first().context("no parent")?, ids.last().context("no child")?);
    let child = server.get(&format!("/tenants/default/runs/{child_id}")).await?;
    assert_eq!((&child["trigger"]["called_by"], &child["answer"]["status"]), (&json!(parent_id), &json!(201)));

    for (payload, code) in [
        (json!({ "flow": "child", "x": 7, "do": "broken" }), "CHILD-FAILED"),
        (json!({ "flow": "nobody" }), "WEIR-CALL-UNKNOWN"),
        (json!({ "flow": "No Name" }), "WEIR-STEP-SETTING"),
    ] {
        let answer = server.post(&url, payload.to_string()).await?;
        assert_eq!(answer.status(), 502);
        assert_eq!(answer.json::<Value>().await?, json!({ "code": code, "step": "ask" }));
    }

    let (url, _) = server.publish(&parent("sender", false))?;
    let answer = server.post(&url, r#"{"flow":"child","x":8}"#).await?.json::<Value>().await?;
    let started = answer["run_id"].as_str().context("a call that does not wait gives the run's id")?;
    let run = server.ended(started).await?;
    assert_eq!((&run["outcome"], &run["answer"]["body"]["got"]), (&json!("completed"), &json!(8)));
    Ok(())
}

#[tokio::test]
async fn flows_that_call_themselves_and_loops_without_end_are_stopped() -> Result<()> {
    let server = Server::start()?;
    let (again, _) = server.publish(
        "weir: 1\nname: again\nsteps:\n  - { id: down, uses: call, with: { flow: again } }\n  - { id: answer, uses: response }\n",
    )?;
    let answer = server.post(&again, "{}").await?;
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.json::<Value>().await?["error"]["code"], "WEIR-RUN-DEPTH");
    let runs = server.get("/tenants/default/runs?flow=again&outcome=failed").await?;
    assert_eq!(runs["items"].as_array().map(Vec::len), Some(9), "one that was asked for and eight within each other");

    let (endless, _) = server.publish(
        r#"weir: 1
name: endless
variables: { n: 0 }
steps:
  - { id: count, uses: set, with: { n: "{{ n + 1 }}" } }
  - { id: enough, uses: condition, with: { left: "{{ n }}", op: less_than, right: "{{ payload.floor }}" }, on: { "true": answer, "false": count } }
  - { id: answer, uses: response, with: { json: "{{ n }}" } }
"#,
    )?;
    let answer = server.post(&endless, r#"{"floor":0}"#).await?;
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.json::<Value>().await?["error"]["code"], "WEIR-RUN-STEPS");
    let run = server.last_run().await?;
    assert_eq!(
        (&run["outcome"], &run["truncated"]),
        (&json!("failed"), &json!(true)),
        "the record stays within its cap"
    );
    assert_eq!(server.post(&endless, r#"{"floor":5}"#).await?.text().await?, "1", "the server goes on");
    Ok(())
}
