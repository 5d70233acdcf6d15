//! Limits of tenants: what holds, who decided it, and that it stays.

use weir_model::{LimitOverrides, Limits, TenantId};

use super::support::{Rooms, tenant};
use crate::{CatalogError, Class, LimitLevel, LimitView, TenantLimits};

fn row(limits: &TenantLimits, name: &str) -> LimitView {
    *limits.all.iter().find(|limit| limit.name == name).unwrap()
}

#[tokio::test]
async fn the_operator_sets_the_base_and_a_tenant_only_lowers_it() {
    let mut rooms = Rooms::new();
    rooms.limits = LimitOverrides { fuel: Some(100), kv_operations: Some(5_000), ..LimitOverrides::default() };
    let catalog = rooms.open().await;
    let other = TenantId::new("other").unwrap();
    catalog.create_tenant(&other).await.unwrap();
    assert_eq!((catalog.limits(&other).fuel, catalog.limits(&other).kv_operations), (100, 5_000));

    let set = "fuel: 70\nkv_operations: 9000\nrun_steps: 3\n";
    let limits = catalog.set_tenant_limits(&tenant(), set).await.unwrap();
    let holds = |name| (row(&limits, name).value, row(&limits, name).level);
    assert_eq!(holds("fuel"), (70, LimitLevel::Tenant));
    assert_eq!(holds("kv_operations"), (5_000, LimitLevel::Operator), "no more than the operator gives");
    assert_eq!(holds("run_steps"), (3, LimitLevel::Tenant));
    assert_eq!(holds("handles"), (Limits::default().handles, LimitLevel::Default));
    assert_eq!((limits.own.kv_operations, limits.all.len()), (Some(9_000), Limits::TABLE.len()));
    assert_eq!(catalog.limits(&other).fuel, 100, "another tenant's stay");

    let again = rooms.open().await;
    assert_eq!((again.limits(&tenant()).fuel, again.limits(&tenant()).run_steps), (70, 3), "after a restart too");
    let limits = again.set_tenant_limits(&tenant(), "{\"run_steps\": 4}").await.unwrap();
    assert_eq!((again.limits(&tenant()).fuel, limits.own.iter().count()), (100, 1), "the whole set is replaced");
}

#[tokio::test]
async fn wrong_limits_are_refused_with_findings_and_change_nothing() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let error = catalog.set_tenant_limits(&tenant(), "fuel: 9\nfule: 1").await.unwrap_err();
    assert_eq!((error.class(), error.findings().unwrap().len()), (Class::Invalid, 1));
    assert_eq!(*catalog.limits(&tenant()), Limits::default());
    let nobody = TenantId::new("nobody").unwrap();
    assert!(matches!(catalog.set_tenant_limits(&nobody, "").await, Err(CatalogError::NotFound { .. })));
}
