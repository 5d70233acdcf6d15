//! Secrets: set, used, listed, deleted; sealed under keys that come and go.

use weir_cluster::{DocKind, Expect};
use weir_model::{Coded, RunId, SecretName, TenantId};
use weir_vault::{Keyring, SecretText};

use super::support::{Counter, Rooms, tenant};
use crate::{CatalogError, Class, NewSecret, documents, shelf};

fn name(text: &str) -> SecretName {
    SecretName::new(text).unwrap()
}

fn secret(text: &str, hosts: &[&str]) -> NewSecret {
    let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
    NewSecret { text: SecretText::new(text), hosts, reveal_to: vec!["mailer".into()] }
}

#[tokio::test]
async fn a_secret_is_set_used_listed_and_deleted_and_is_its_tenants_alone() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let other = TenantId::new("other").unwrap();
    catalog.create_tenant(&other).await.unwrap();
    let made = catalog.set_secret(&tenant(), &name("CRM_KEY"), secret("hunter2", &["API.example.com"])).await.unwrap();
    assert_eq!((made.version, made.hosts.as_slice()), (1, &["api.example.com".to_owned()][..]));
    let again = catalog.set_secret(&tenant(), &name("CRM_KEY"), secret("hunter3", &[])).await.unwrap();
    assert_eq!((again.version, again.created_at), (2, made.created_at));
    catalog.set_secret(&other, &name("CRM_KEY"), secret("theirs", &[])).await.unwrap();

    for catalog in [catalog, rooms.open().await] {
        let found = catalog.secret(&tenant(), "CRM_KEY").unwrap().unwrap();
        assert_eq!((found.text.expose(), found.reveal_to.as_slice()), ("hunter3", &["mailer".to_owned()][..]));
        assert_eq!(catalog.secret(&other, "CRM_KEY").unwrap().unwrap().text.expose(), "theirs");
        assert_eq!(catalog.secrets(&tenant()).unwrap(), std::slice::from_ref(&again));
        assert!(catalog.has_secret(&tenant(), "CRM_KEY") && !catalog.has_secret(&tenant(), "crm_key"));
        assert_eq!(catalog.secret_names(&other), [name("CRM_KEY")]);
        assert!(catalog.secret(&tenant(), "NONE").unwrap().is_none());
        assert!(catalog.secret(&TenantId::new("nobody").unwrap(), "CRM_KEY").unwrap().is_none());
    }
    let catalog = rooms.open().await;
    catalog.delete_secret(&tenant(), &name("CRM_KEY")).await.unwrap();
    let gone = catalog.delete_secret(&tenant(), &name("CRM_KEY")).await.unwrap_err();
    assert_eq!((gone.class(), gone.code().as_str()), (Class::NotFound, "WEIR-CATALOG-SECRET-UNKNOWN"));
    assert!(rooms.open().await.secret(&tenant(), "CRM_KEY").unwrap().is_none());
    let nobody = catalog.set_secret(&TenantId::new("nobody").unwrap(), &name("A"), secret("x", &[])).await;
    assert_eq!(nobody.unwrap_err().class(), Class::NotFound);
}

#[tokio::test]
async fn what_stands_for_a_secret_is_the_runs_own_and_the_same_after_a_restart() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    catalog.set_secret(&tenant(), &name("A"), secret("x", &[])).await.unwrap();
    let (run, next) = (RunId::from_bytes([1; 16]), RunId::from_bytes([2; 16]));
    let first = catalog.placeholder(&tenant(), run, "A").unwrap();
    assert!(first.starts_with("weir-secret-"));
    assert_eq!(rooms.open().await.placeholder(&tenant(), run, "A").unwrap(), first);
    assert_ne!(catalog.placeholder(&tenant(), next, "A").unwrap(), first);
    assert!(catalog.placeholder(&tenant(), run, "B").is_none());
}

#[tokio::test]
async fn a_new_first_key_takes_over_and_the_old_one_can_go() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    catalog.set_secret(&tenant(), &name("A"), secret("x", &[])).await.unwrap();
    let old = rooms.keys.0.lock().clone().unwrap();
    let entropy = Counter::default();

    // On order.
    let second = old.clone().with_fresh(&entropy).unwrap();
    *rooms.keys.0.lock() = Some(second.clone());
    let done = catalog.rotate_secret_keys().await.unwrap();
    assert_eq!((done.first.as_str(), done.tenants, done.renewed), (second.first(), 1, 1));
    assert_eq!(done.others, [old.first().to_owned()]);
    assert_eq!(catalog.rotate_secret_keys().await.unwrap().renewed, 0);
    let alone = Keyring::parse(second.to_text().lines().next().unwrap()).unwrap();
    *rooms.keys.0.lock() = Some(alone.clone());
    assert_eq!(rooms.open().await.secret(&tenant(), "A").unwrap().unwrap().text.expose(), "x");

    // At a start.
    *rooms.keys.0.lock() = Some(alone.with_fresh(&entropy).unwrap());
    rooms.open().await;
    let third = rooms.keys.0.lock().clone().unwrap().to_text().lines().next().unwrap().to_owned();
    *rooms.keys.0.lock() = Some(Keyring::parse(&third).unwrap());
    assert_eq!(rooms.open().await.secret(&tenant(), "A").unwrap().unwrap().text.expose(), "x");

    // Another key under the id in use: what is open in memory is sealed anew, so that the next start opens it.
    let catalog = rooms.open().await;
    let forged = Keyring::generate(&entropy);
    let id = rooms.keys.0.lock().as_ref().unwrap().first().to_owned();
    *rooms.keys.0.lock() = Some(Keyring::parse(&forged.to_text().replace(forged.first(), &id)).unwrap());
    assert!(matches!(rooms.try_open().await, Err(CatalogError::Locked { .. })));
    assert_eq!(catalog.rotate_secret_keys().await.unwrap().renewed, 1);
    assert!(rooms.open().await.secret(&tenant(), "A").unwrap().is_some());
}

#[tokio::test]
async fn a_server_whose_keys_are_lost_does_not_start_with_others() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    catalog.set_secret(&tenant(), &name("A"), secret("x", &[])).await.unwrap();
    let kept = rooms.keys.0.lock().take();
    for keys in [None, Some(Keyring::generate(&Counter::default()))] {
        *rooms.keys.0.lock() = keys.clone();
        let error = rooms.try_open().await.err().unwrap();
        assert_eq!(error.code().as_str(), "WEIR-CATALOG-SECRETS-LOCKED");
        assert!(error.to_string().contains(kept.as_ref().unwrap().first()), "{error}");
        assert_eq!(rooms.keys.0.lock().is_some(), keys.is_some(), "no key is made in place of a lost one");
    }
    *rooms.keys.0.lock() = kept;
    let catalog = rooms.open().await;
    // Where nothing is sealed any more, nothing is lost.
    catalog.delete_secret(&tenant(), &name("A")).await.unwrap();
    *rooms.keys.0.lock() = None;
    let catalog = rooms.open().await;
    catalog.set_secret(&tenant(), &name("B"), secret("y", &[])).await.unwrap();
    assert_eq!(rooms.open().await.secret(&tenant(), "B").unwrap().unwrap().text.expose(), "y");
}

#[tokio::test]
async fn what_was_changed_beside_the_seal_does_not_open() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    catalog.set_secret(&tenant(), &name("A"), secret("x", &["a.example"])).await.unwrap();
    catalog.set_secret(&tenant(), &name("B"), secret("x", &["a.example"])).await.unwrap();
    let (a, b) = (documents::secret_key(&tenant(), &name("A")), documents::secret_key(&tenant(), &name("B")));
    let stored: documents::SecretDoc =
        serde_json::from_slice(&rooms.cluster.definitions.get(&a).unwrap().unwrap().body).unwrap();
    let wide = documents::SecretDoc { hosts: vec!["evil.example".into()], ..stored.clone() };
    let moved = documents::SecretDoc { name: name("B"), ..stored };
    let changes = vec![shelf::put(a, Expect::Any, &wide).unwrap(), shelf::put(b, Expect::Any, &moved).unwrap()];
    rooms.cluster.definitions.apply(changes).await.unwrap();
    let catalog = rooms.open().await;
    for changed in ["A", "B"] {
        let error = catalog.secret(&tenant(), changed).unwrap_err();
        assert_eq!((error.class(), error.code().as_str()), (Class::Internal, "WEIR-VAULT-SEAL-BROKEN"));
    }
    let key = rooms.cluster.definitions.scan(DocKind::TenantKey, Some(&tenant()), "", None, 10).unwrap();
    assert_eq!(key.len(), 1);
}

#[tokio::test]
async fn a_tenant_has_so_many_secrets_of_so_many_bytes() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let long = "x".repeat(64 << 10);
    for n in 0..127 {
        catalog.set_secret(&tenant(), &name(&format!("LONG_{n}")), secret(&long, &[])).await.unwrap();
    }
    let error = catalog.set_secret(&tenant(), &name("LONG_127"), secret(&long, &[])).await.unwrap_err();
    assert!(matches!(error, CatalogError::Limit { what: "bytes of all secrets", .. }), "{error}");
    // One that is set again takes no more than it does.
    catalog.set_secret(&tenant(), &name("LONG_0"), secret(&long, &[])).await.unwrap();
    for n in 127..1_000 {
        catalog.set_secret(&tenant(), &name(&format!("S_{n}")), secret("x", &[])).await.unwrap();
    }
    let error = catalog.set_secret(&tenant(), &name("ONE_MORE"), secret("x", &[])).await.unwrap_err();
    assert!(matches!(error, CatalogError::Limit { what: "secrets", limit: 1_000, .. }), "{error}");
    catalog.set_secret(&tenant(), &name("S_999"), secret("y", &[])).await.unwrap();
}
