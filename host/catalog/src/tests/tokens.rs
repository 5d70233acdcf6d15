//! Who comes in: the first token, made tokens, sessions.

use std::time::Duration;

use weir_model::{Coded, TenantId};
use weir_vault::{Role, TokenError};

use super::support::{Rooms, tenant};
use crate::{CatalogError, Class};

#[tokio::test]
async fn a_first_start_makes_a_tenant_and_a_token_and_a_later_one_nothing() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let token = catalog.first_operator_token().unwrap();
    assert!(catalog.first_operator_token().is_none());
    assert_eq!(catalog.tenants().first().unwrap().id, tenant());

    let again = rooms.open().await;
    assert!(again.first_operator_token().is_none());
    assert_eq!(again.tenants().len(), 1);
    let identity = again.authenticate(token.reveal()).unwrap();
    assert_eq!((identity.role, identity.tenant.clone()), (Role::Operator, None));
    assert!(identity.may(Role::Operator, &tenant()));
    for wrong in ["", "weir", &token.reveal().replace("operator", "viewer"), &format!("{}0", token.reveal())] {
        assert_eq!(again.authenticate(wrong).unwrap_err().class(), Class::Unauthorized, "{wrong}");
    }
}

#[tokio::test]
async fn a_token_opens_its_tenant_until_it_expires_or_is_revoked() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    let end = weir_model::Clock::now(&*rooms.clock).plus(Duration::from_secs(60));
    let made = catalog.create_token(Role::Editor, Some(tenant()), "ci", Some(end)).await.unwrap();
    let session = catalog.issue_session(Role::Admin, None, Duration::from_secs(30)).unwrap();

    let identity = catalog.authenticate(made.token.reveal()).unwrap();
    assert!(identity.may(Role::Viewer, &tenant()) && !identity.may(Role::Admin, &tenant()));
    assert!(!identity.may(Role::Viewer, &TenantId::new("other").unwrap()));
    assert_eq!(catalog.authenticate(session.reveal()).unwrap().role, Role::Admin);
    assert!(rooms.open().await.authenticate(session.reveal()).is_err(), "a session ends with the process");

    rooms.clock.advance(Duration::from_secs(61));
    for expired in [made.token.reveal(), session.reveal()] {
        let error = catalog.authenticate(expired).unwrap_err();
        assert!(matches!(error, CatalogError::Token(TokenError::Expired(_))), "{error}");
        assert_eq!(error.code().as_str(), "WEIR-VAULT-TOKEN-EXPIRED");
    }
    catalog.revoke_token(&made.view.id).await.unwrap();
    assert_eq!(catalog.revoke_token(&made.view.id).await.unwrap_err().class(), Class::NotFound);
    assert!(catalog.create_token(Role::Operator, Some(tenant()), "", None).await.is_err());
    assert_eq!(rooms.open().await.tokens(None).len(), 1);
}
