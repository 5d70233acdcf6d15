//! Which flows start by themselves, and flows that the server switches off.

use weir_model::Clock;

use super::support::{Rooms, name, tenant};

fn text(flow: &str, more: &str) -> String {
    format!("weir: 1\nname: {flow}\n{more}\nsteps: [{{ id: first, uses: note }}]\n")
}

const DAILY: &str = "trigger: { schedule: { cron: '@daily', zone: Europe/Berlin } }";

#[tokio::test]
async fn only_published_and_enabled_flows_start_by_themselves() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let (tenant, daily) = (tenant(), name("daily"));
    catalog.save_draft(&tenant, None, &text("daily", DAILY), None).await.unwrap();
    assert!(catalog.scheduled().is_empty(), "a draft does not");
    let flow = catalog.publish(&tenant, &daily, None).await.unwrap().flow;
    assert!(catalog.scheduled().contains_key(&flow.id));
    let schedule = flow.schedule.unwrap();
    assert_eq!((schedule.cron.as_str(), schedule.zone.as_str()), ("@daily", "Europe/Berlin"));
    assert!(schedule.next_at.unwrap() > rooms.clock.now());
    let off = catalog.set_enabled(&tenant, &daily, false).await.unwrap();
    assert!(catalog.scheduled().is_empty() && off.schedule.unwrap().next_at.is_none());
    catalog.set_enabled(&tenant, &daily, true).await.unwrap();
    assert!(rooms.open().await.scheduled().contains_key(&flow.id), "also after a restart");
    catalog.save_draft(&tenant, None, &text("daily", ""), None).await.unwrap();
    assert_eq!(catalog.scheduled().len(), 1, "the draft changes nothing yet");
    catalog.publish(&tenant, &daily, None).await.unwrap();
    assert!(catalog.scheduled().is_empty());
    catalog.rollback(&tenant, &daily, 1).await.unwrap();
    assert_eq!(catalog.scheduled().len(), 1);
    catalog.delete_flow(&tenant, &daily).await.unwrap();
    assert!(catalog.scheduled().is_empty());
}

#[tokio::test]
async fn a_flow_is_switched_off_with_its_reason_until_it_is_enabled() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let (tenant, lead) = (tenant(), name("lead"));
    let saved = catalog.save_draft(&tenant, None, &text("lead", "on_failure: tell"), None).await.unwrap();
    let found: Vec<_> = saved.findings.iter().map(|found| (found.code.as_str(), found.line)).collect();
    assert_eq!(found, [("WEIR-FLOW-ON-FAILURE", Some(3))], "there is no such flow, which is a warning");
    catalog.save_draft(&tenant, None, &text("tell", ""), None).await.unwrap();
    let published = catalog.publish(&tenant, &lead, None).await.unwrap();
    assert!(published.findings.is_empty());
    let since = || catalog.hook_by_name(&tenant, &lead).unwrap().fresh_since();
    let (flow, first) = (published.flow.id, since());
    let off = |since| catalog.switch_off(&tenant, flow, since, "it fails".to_owned());
    assert!(off(first).await.unwrap() && !off(first).await.unwrap(), "once");
    let catalog_again = rooms.open().await;
    let hook = catalog_again.hook_by_name(&tenant, &lead).unwrap();
    assert_eq!((hook.enabled, hook.disabled().unwrap().reason.as_str()), (false, "it fails"));
    assert_eq!(catalog.flow(&tenant, &lead).unwrap().disabled.as_ref(), hook.disabled());

    rooms.clock.advance(std::time::Duration::from_secs(1));
    let on = catalog.set_enabled(&tenant, &lead, true).await.unwrap();
    assert!(on.enabled && on.disabled.is_none() && since() > first);
    assert!(!off(first).await.unwrap(), "what was counted before it was enabled counts no more");
    catalog.set_enabled(&tenant, &lead, false).await.unwrap();
    assert!(catalog.flow(&tenant, &lead).unwrap().disabled.is_none(), "somebody did it, and knows why");
}
