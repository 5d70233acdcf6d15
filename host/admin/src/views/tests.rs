//! Holds the views to the model's own JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use weir_model::{DebugEvent, EventKind, Outcome, RunRecord, RunSummary, Usage};

use super::*;

/// Whether a view takes the model's JSON and gives it back whole: neither has a field that the other lacks.
fn mirrors<V: Serialize + DeserializeOwned>(model: &impl Serialize) {
    let written = serde_json::to_value(model).unwrap();
    let view: V = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(view).unwrap(), written);
}

fn record(full: bool) -> RunRecord {
    let error = json!({"code": "WEIR-STEP-FUEL", "message": "m", "step": "score", "detail": {"n": 1}});
    let line = json!({"step": "score", "level": "warn", "message": "m", "fields": {"a": 1}});
    let mut record = json!({
        "id": "0192f3c8-5b5e-7000-8000-000000000001", "tenant": "default", "flow": "new-lead",
        "flow_id": "0192f3c8-5b5e-7000-8000-000000000002", "version": 3, "mode": "development", "outcome": "timed_out",
        "started_at": "2026-11-24T09:30:00Z", "duration_us": 5, "trigger": null, "steps": [], "answer": null, "error": null,
    });
    if full {
        let usage = serde_json::to_value(Usage { fuel: 9, memory_bytes: 65_536, ..Usage::default() }).unwrap();
        let step = json!({
            "id": "score", "uses": "lead-score@1", "exit": "error", "started_us": 1, "duration_us": 2, "attempt": 1,
            "usage": usage, "limits_reached": ["fuel"], "frame": ["each:2"], "input": {"a": 1}, "output": null,
            "variables": {"v": null}, "why": {"op": "equal"}, "logs": [line], "logs_dropped": 7, "missing": ["payload.email"], "error": error,
        });
        let request = json!({
            "method": "POST", "path": "/", "query": "a=1", "headers": [["accept", "*/*"]], "content_type": "text/plain",
            "client_ip": "127.0.0.1", "received_at": "2026-11-24T09:30:00Z",
        });
        let parent = "0192f3c8-5b5e-7000-8000-000000000003";
        let more = json!({
            "trigger": {"request": request, "payload": {"name": "Ada"}, "called_by": parent}, "steps": [step],
            "answer": {"status": 201, "headers": [["content-type", "application/json"]], "body": {"hello": "Ada"}},
            "error": error, "truncated": true, "origin": {"kind": "retry", "run": parent}, "resumed": 2,
        });
        for (name, value) in more.as_object().unwrap() {
            record[name] = value.clone();
        }
    }
    serde_json::from_value::<RunRecord>(record).unwrap()
}

#[test]
fn run_records_and_summaries_are_as_documented() {
    for full in [true, false] {
        let record = record(full);
        mirrors::<RunRecordView>(&record);
        let waits_until = full.then_some(record.started_at);
        mirrors::<RunSummaryView>(&RunSummary { waits_until, ..record.summary() });
    }
}

#[test]
fn debug_events_are_as_documented_and_named_by_their_kind() {
    let run = record(true);
    let step = run.steps[0].clone();
    let kinds = [
        EventKind::RunStarted { trigger: Box::new(run.trigger.clone().unwrap()) },
        EventKind::StepStarted { id: "score".into(), uses: "lead-score@1".into() },
        EventKind::Log { line: step.logs[0].clone() },
        EventKind::Variables { changed: step.variables.clone().unwrap() },
        EventKind::StepFinished { step: Box::new(step) },
        EventKind::Answered { answer: Box::new(run.answer.clone().unwrap()) },
        EventKind::RunFinished { outcome: Outcome::Completed, error: None, duration_us: 5 },
    ];
    for kind in kinds {
        let (tenant, flow, run, mode, at) = (run.tenant.clone(), run.flow.clone(), run.id, run.mode, run.started_at);
        let event = DebugEvent { tenant, flow, run, mode, seq: 1, at, kind };
        mirrors::<EventView>(&event);
        let written: Value = serde_json::to_value(&event).unwrap();
        assert_eq!(written["event"], crate::events::name(&event.kind));
    }
}
