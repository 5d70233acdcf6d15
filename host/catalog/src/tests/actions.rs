//! Custom actions from upload to deletion, and what flows make of their versions.

use bytes::Bytes;
use serde_json::json;
use weir_model::Coded;

use super::support::{Rooms, echo, echo_padded, name, tenant, text};
use crate::{CatalogError, Class};

#[tokio::test]
async fn a_component_becomes_a_version_once_and_only_with_the_same_bytes() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let tenant = tenant();
    let pushed = catalog.push_action(&tenant, echo(), |_| {}).await.unwrap();
    assert_eq!((pushed.name.as_str(), pushed.size), ("echo", echo().len() as u64));
    let again = catalog.push_action(&tenant, echo(), |_| {}).await.unwrap();
    assert_eq!((again.artifact.clone(), again.created_at), (pushed.artifact.clone(), pushed.created_at));
    let other = catalog.push_action(&tenant, echo_padded(), |_| {}).await.unwrap_err();
    assert!(matches!(other, CatalogError::Exists { .. }), "{other}");
    let text = catalog.push_action(&tenant, Bytes::from_static(b"(module)"), |_| {}).await.unwrap_err();
    assert_eq!((text.class(), text.code().as_str()), (Class::Invalid, "WEIR-SANDBOX-NOT-BINARY"));
    assert_eq!(rooms.cluster.artifacts.get(&pushed.artifact).unwrap().unwrap(), echo());

    let catalog = rooms.open().await;
    assert_eq!(catalog.actions(&tenant, None, 10).unwrap().items.len(), 1);
    assert_eq!(catalog.action(&tenant, "echo").unwrap()[0].version, pushed.version);
    catalog.delete_action(&tenant, "echo", &pushed.version).await.unwrap();
    assert_eq!(catalog.action(&tenant, "echo").unwrap_err().class(), Class::NotFound);
    assert!(rooms.cluster.artifacts.get(&pushed.artifact).unwrap().is_none());
}

#[tokio::test]
async fn a_published_version_keeps_the_action_versions_it_was_published_with() {
    let rooms = Rooms::new();
    // Makes the tenant that the versions belong to.
    rooms.open().await;
    for version in ["1.0.0", "1.9.0", "1.10.0-beta", "2.0.0"] {
        rooms.uploaded("score", version, json!({})).await;
    }
    let catalog = rooms.open().await;
    let (tenant, lead) = (tenant(), name("lead"));
    catalog.save_draft(&tenant, None, &text("lead", "score@1"), None).await.unwrap();
    catalog.publish(&tenant, &lead, None).await.unwrap();

    rooms.uploaded("score", "1.10.0", json!({})).await;
    let catalog = rooms.open().await;
    let hook = catalog.hook_by_name(&tenant, &lead).unwrap();
    assert_eq!(hook.published.as_ref().unwrap().plan.steps[0].code, "score@1.9.0");
    assert_eq!(catalog.draft(&hook).await.unwrap().plan.steps[0].code, "score@1.10.0");
    assert_eq!(catalog.release(&tenant, hook.flow, 1).await.unwrap().plan.steps[0].code, "score@1.9.0");

    for (version, used) in [("1.9.0", true), ("1.10.0", true), ("1.0.0", false), ("2.0.0", false)] {
        let deleted = catalog.delete_action(&tenant, "score", version).await;
        assert_eq!(matches!(deleted, Err(CatalogError::InUse { .. })), used, "{version}: {deleted:?}");
    }
    catalog.publish(&tenant, &lead, None).await.unwrap();
    catalog.delete_action(&tenant, "score", "1.9.0").await.unwrap();
    let gone = catalog.rollback(&tenant, &lead, 1).await.unwrap_err();
    assert!(gone.findings().is_some_and(|findings| !findings.is_empty()), "{gone}");
    assert_eq!(catalog.flow(&tenant, &lead).unwrap().published, Some(2));
}

#[tokio::test]
async fn a_new_action_version_makes_compiled_drafts_old() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let (tenant, lead) = (tenant(), name("lead"));
    catalog.save_draft(&tenant, None, &text("lead", "echo"), None).await.unwrap();
    let hook = catalog.hook_by_name(&tenant, &lead).unwrap();
    assert!(catalog.draft(&hook).await.is_err());
    let version = catalog.push_action(&tenant, echo(), |_| {}).await.unwrap().version;
    assert_eq!(catalog.draft(&hook).await.unwrap().plan.steps[0].code, format!("echo@{version}"));
    let in_use = catalog.delete_action(&tenant, "echo", &version).await.unwrap_err();
    assert_eq!((in_use.class(), in_use.code().as_str()), (Class::Conflict, "WEIR-CATALOG-IN-USE"));
    catalog.delete_flow(&tenant, &lead).await.unwrap();
    catalog.delete_action(&tenant, "echo", &version).await.unwrap();
}
