//! Retention of tenants: what holds, that it stays, and that it leaves other settings alone.

use std::time::Duration;

use super::support::{Rooms, tenant};
use crate::{CatalogError, RetentionDef};

const fn def(days: Option<u32>, bytes: Option<u64>) -> RetentionDef {
    RetentionDef { days, bytes }
}

#[tokio::test]
async fn of_each_number_the_lower_counts_and_it_stays_beside_the_limits() {
    let mut rooms = Rooms::new();
    rooms.retention = def(Some(30), None);
    let catalog = rooms.open().await;
    assert_eq!(catalog.retention(&tenant()).unwrap().holds, def(Some(30), None));
    catalog.set_tenant_limits(&tenant(), "fuel: 70").await.unwrap();
    let set = catalog.set_retention(&tenant(), def(Some(90), Some(1_000))).await.unwrap();
    assert_eq!((set.own.days, set.holds), (Some(90), def(Some(30), Some(1_000))));
    catalog.set_tenant_limits(&tenant(), "fuel: 60").await.unwrap();

    let again = rooms.open().await;
    assert_eq!(again.retention(&tenant()).unwrap(), set, "after a restart and a change of the limits too");
    assert_eq!(again.limits(&tenant()).fuel, 60);
    let cleared = again.set_retention(&tenant(), RetentionDef::default()).await.unwrap();
    assert_eq!(cleared.holds, def(Some(30), None));
    let nobody = weir_model::TenantId::new("nobody").unwrap();
    assert!(matches!(again.set_retention(&nobody, cleared.own).await, Err(CatalogError::NotFound { .. })));
}

#[tokio::test]
async fn who_waits_for_changes_misses_none() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    catalog.set_retention(&tenant(), def(Some(1), None)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), catalog.retention_changed()).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(20), catalog.retention_changed()).await.is_err());
}

#[test]
fn no_bound_and_zero_are_the_same() {
    assert_eq!(def(Some(0), Some(5)).and(def(Some(7), Some(0))), def(Some(7), Some(5)));
    assert_eq!(def(Some(0), None).and(RetentionDef::default()), RetentionDef::default());
    assert_eq!(serde_json::to_string(&def(Some(7), None)).unwrap(), r#"{"days":7}"#);
}
