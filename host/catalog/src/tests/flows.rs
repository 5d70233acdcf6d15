//! Flows from their first draft to their deletion.

use std::sync::Arc;
use std::time::Duration;

use weir_cluster::{Change, DocKind, Expect};
use weir_model::{Clock, Coded, Severity, TenantId};

use super::support::{Rooms, Step, name, tenant, text};
use crate::documents::flow_key;
use crate::{Catalog, CatalogError, Class};

async fn published(catalog: &Catalog<Step>, flow: &str) -> crate::FlowView {
    catalog.save_draft(&tenant(), None, &text(flow, "note"), None).await.unwrap();
    catalog.publish(&tenant(), &name(flow), None).await.unwrap().flow
}

#[tokio::test]
async fn versions_are_numbered_on_whatever_is_published_and_survive_a_restart() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let (tenant, lead) = (tenant(), name("lead"));
    let saved = catalog.save_draft(&tenant, Some(&lead), &text("lead", "note"), Some(0)).await.unwrap();
    assert_eq!((saved.flow.published, saved.flow.draft.revision, saved.flow.steps), (None, 1, 2));
    let hook = catalog.hook(saved.flow.key.as_str()).unwrap();
    assert!(hook.enabled && hook.published.is_none() && !hook.is_published());

    assert_eq!(catalog.publish(&tenant, &lead, Some("first".into())).await.unwrap().version, 1);
    catalog.save_draft(&tenant, Some(&lead), &text("lead", "response"), Some(1)).await.unwrap();
    assert_eq!(catalog.publish(&tenant, &lead, None).await.unwrap().version, 2);
    let back = catalog.rollback(&tenant, &lead, 1).await.unwrap();
    assert_eq!((back.published, back.latest), (Some(1), 2));
    let running = catalog.hook(back.key.as_str()).unwrap().published.clone().unwrap();
    assert_eq!((running.version, running.plan.steps[0].code.as_str()), (1, "note"));
    assert_eq!(catalog.publish(&tenant, &lead, None).await.unwrap().version, 3);
    assert_eq!(catalog.rollback(&tenant, &lead, 9).await.unwrap_err().class(), Class::NotFound);

    let catalog = rooms.open().await;
    let flow = catalog.flow(&tenant, &lead).unwrap();
    let hook = catalog.hook(flow.key.as_str()).unwrap();
    assert_eq!(hook.published.as_ref().unwrap().version, 3);
    assert!(Arc::ptr_eq(&hook, &catalog.hook_by_flow(&tenant, flow.id).unwrap()));
    let page = catalog.versions(&tenant, &lead, None, 2).unwrap();
    let numbers: Vec<(u32, bool)> = page.items.iter().map(|version| (version.version, version.published)).collect();
    assert_eq!((numbers, page.next.as_deref()), (vec![(3, true), (2, false)], Some("2")));
    assert_eq!(catalog.versions(&tenant, &lead, Some("2"), 2).unwrap().items[0].note.as_deref(), Some("first"));
    assert_eq!(catalog.version_text(&tenant, &lead, 1).unwrap().text, text("lead", "note"));
    assert_eq!(catalog.release(&tenant, flow.id, 2).await.unwrap().plan.steps[0].code, "response");
}

#[tokio::test]
async fn a_draft_may_have_errors_but_must_be_this_flow() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let (tenant, lead) = (tenant(), name("lead"));
    let saved = catalog.save_draft(&tenant, Some(&lead), &text("lead", "nonsense"), None).await.unwrap();
    assert!(saved.flow.draft.errors > 0 && saved.findings.iter().any(|found| found.severity == Severity::Error));
    let refused = catalog.publish(&tenant, &lead, None).await.unwrap_err();
    assert_eq!((refused.class(), refused.findings()), (Class::Invalid, Some(&saved.findings)));
    let hook = catalog.hook_by_name(&tenant, &lead).unwrap();
    assert_eq!(catalog.draft(&hook).await.unwrap_err().findings(), Some(&saved.findings));

    let other = catalog.save_draft(&tenant, Some(&lead), &text("other", "note"), None).await.unwrap_err();
    assert_eq!(other.code().as_str(), "WEIR-CATALOG-OTHER-NAME");
    for no_definition in ["", "{", "[]", "weir: 1", "weir: 1\nname: Not A Name\nsteps: []"] {
        let error = catalog.save_draft(&tenant, None, no_definition, None).await.unwrap_err();
        assert!(error.findings().is_some_and(|findings| !findings.is_empty()), "{no_definition}: {error}");
    }
    let late = catalog.save_draft(&tenant, Some(&lead), &text("lead", "note"), Some(7)).await.unwrap_err();
    assert!(matches!(late, CatalogError::Changed { expected: 7, found: 1, .. }), "{late}");
    let long = catalog.check(&tenant, &" ".repeat((1 << 20) + 1)).await.unwrap_err();
    assert_eq!(long.code().as_str(), "WEIR-CATALOG-LIMIT");
    let nobody = TenantId::new("nobody").unwrap();
    assert_eq!(catalog.check(&nobody, "").await.unwrap_err().class(), Class::NotFound);
    assert_eq!(catalog.draft_text(&tenant, &lead).await.unwrap().revision, 1, "nothing of this was saved");
}

#[tokio::test]
async fn the_hook_follows_its_key_its_switch_and_its_arming() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let (tenant, lead) = (tenant(), name("lead"));
    let flow = published(&catalog, "lead").await;
    let until = catalog.arm(&tenant, &lead, Duration::from_secs(900)).unwrap();
    let off = catalog.set_enabled(&tenant, &lead, false).await.unwrap();
    assert!(!off.enabled && off.key == flow.key && !catalog.hook(flow.key.as_str()).unwrap().enabled);

    let renewed = catalog.regenerate_key(&tenant, &lead).await.unwrap();
    assert!(catalog.hook(flow.key.as_str()).is_none());
    let hook = catalog.hook(renewed.key.as_str()).unwrap();
    assert_eq!((hook.flow, hook.published.as_ref().unwrap().version), (flow.id, 1));
    let now = rooms.clock.now();
    assert_eq!((renewed.armed_until, hook.armed_until(now)), (Some(until), Some(until)));
    assert!(hook.is_listening(now, 0) && !hook.is_listening(until, 0) && hook.is_listening(until, 1));
    rooms.clock.advance(Duration::from_secs(901));
    assert!(!catalog.flow(&tenant, &lead).unwrap().listening);
    assert!(catalog.arm(&tenant, &lead, Duration::ZERO).is_err());
    catalog.arm(&tenant, &lead, Duration::from_secs(1)).unwrap();
    catalog.disarm(&tenant, &lead).unwrap();
    assert_eq!(catalog.flow(&tenant, &lead).unwrap().armed_until, None);
    let stored = rooms.open().await;
    assert!(stored.hook(flow.key.as_str()).is_none() && !stored.hook(renewed.key.as_str()).unwrap().enabled);
}

#[tokio::test]
async fn a_deleted_flow_leaves_nothing_and_its_name_can_be_used_again() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let (tenant, lead) = (tenant(), name("lead"));
    let old = published(&catalog, "lead").await;
    catalog.publish(&tenant, &lead, None).await.unwrap();
    catalog.delete_flow(&tenant, &lead).await.unwrap();
    assert_eq!(catalog.delete_flow(&tenant, &lead).await.unwrap_err().class(), Class::NotFound);
    assert!(catalog.hook(old.key.as_str()).is_none() && catalog.hook_by_flow(&tenant, old.id).is_none());
    for kind in [DocKind::Flow, DocKind::Draft, DocKind::Version] {
        assert!(rooms.cluster.definitions.scan(kind, Some(&tenant), "", None, 10).unwrap().is_empty(), "{kind:?}");
    }
    let new = published(&catalog, "lead").await;
    assert!(new.id != old.id && new.key != old.key && new.published == Some(1));
}

#[tokio::test]
async fn a_compiled_draft_is_kept_until_it_changes() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let (tenant, lead) = (tenant(), name("lead"));
    published(&catalog, "lead").await;
    let catalog = rooms.open().await;
    let hook = || catalog.hook_by_name(&tenant, &lead).unwrap();
    let first = catalog.draft(&hook()).await.unwrap();
    catalog.set_enabled(&tenant, &lead, false).await.unwrap();
    assert!(Arc::ptr_eq(&first, &catalog.draft(&hook()).await.unwrap()));
    let stale = hook();
    catalog.save_draft(&tenant, None, &text("lead", "response"), None).await.unwrap();
    let second = catalog.draft(&hook()).await.unwrap();
    assert_eq!((first.version, second.version, second.plan.steps[0].code.as_str()), (0, 0, "response"));
    let found = catalog.draft(&stale).await.unwrap();
    assert_eq!((found.revision, found.plan.steps[0].code.as_str()), (2, "response"), "the text that is there now");
    assert_eq!(catalog.draft(&hook()).await.unwrap().plan.steps[0].code, "response");
}

#[tokio::test]
async fn a_change_that_lost_the_race_changes_nothing_in_memory() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let (tenant, lead) = (tenant(), name("lead"));
    let flow = published(&catalog, "lead").await;
    let key = flow_key(&tenant, &lead);
    let body = rooms.cluster.definitions.get(&key).unwrap().unwrap().body;
    rooms.cluster.definitions.apply(vec![Change::put(key, Expect::Any, body)]).await.unwrap();
    let raced = catalog.regenerate_key(&tenant, &lead).await.unwrap_err();
    assert_eq!((raced.class(), raced.code().as_str()), (Class::Conflict, "WEIR-CATALOG-CHANGED"));
    assert!(catalog.publish(&tenant, &lead, None).await.is_err());
    assert_eq!(catalog.hook(flow.key.as_str()).unwrap().published.as_ref().unwrap().version, 1);
    assert_eq!(catalog.versions(&tenant, &lead, None, 10).unwrap().items.len(), 1);
}

#[tokio::test]
async fn flows_are_listed_by_name_page_by_page_and_tenant_by_tenant() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let other = TenantId::new("other").unwrap();
    catalog.create_tenant(&other).await.unwrap();
    assert_eq!(catalog.create_tenant(&other).await.unwrap_err().class(), Class::Conflict);
    for flow in ["c", "a", "b"] {
        published(&catalog, flow).await;
    }
    catalog.save_draft(&other, None, &text("a", "note"), None).await.unwrap();
    let page = catalog.flows(&tenant(), None, 2).unwrap();
    let names: Vec<String> = page.items.iter().map(|flow| flow.name.to_string()).collect();
    assert_eq!((names, page.next.as_deref()), (vec!["a".to_owned(), "b".into()], Some("b")));
    let rest = catalog.flows(&tenant(), page.next.as_deref(), 2).unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
    let stranger = catalog.hook_by_name(&tenant(), &name("a")).unwrap();
    assert!(catalog.hook_by_flow(&other, stranger.flow).is_none());
    assert_eq!(catalog.flows(&other, None, 10).unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_caller_that_hangs_up_leaves_memory_as_the_documents_are() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let (tenant, lead) = (tenant(), name("lead"));
    published(&catalog, "lead").await;
    for micros in (0..2_000).step_by(100) {
        let _ = tokio::time::timeout(Duration::from_micros(micros), catalog.publish(&tenant, &lead, None)).await;
        // What was begun has ended once nobody writes.
        drop(catalog.writing().await);
        let (remembered, stored) = (catalog.flow(&tenant, &lead).unwrap(), rooms.open().await);
        assert_eq!(stored.flow(&tenant, &lead).unwrap().published, remembered.published, "after {micros} us");
    }
}
