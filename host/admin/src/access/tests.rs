//! Tests of who may do what.

use weir_model::Coded;
use weir_vault::TokenId;

use super::*;

fn caller(role: Role, tenant: Option<&str>) -> Caller {
    let tenant = tenant.map(|tenant| TenantId::new(tenant).unwrap());
    Caller { identity: Identity { token: TokenId::new("0123456789abcdef").unwrap(), role, tenant }, token: "".into() }
}

/// Who asks for what: the status, where it is refused.
fn refused(caller: &Caller, tenant: &str, needed: Role) -> Option<(u16, String)> {
    let exists = |tenant: &TenantId| ["default", "acme"].contains(&tenant.as_str());
    let refusal = admit(caller, &TenantId::new(tenant).unwrap(), needed, exists).err()?;
    Some((refusal.status().as_u16(), refusal.code().to_string()))
}

#[test]
fn each_role_may_do_what_the_ones_below_it_may() {
    let roles = [Role::Viewer, Role::Editor, Role::Admin, Role::Operator];
    for (have, role) in roles.into_iter().enumerate() {
        for (need, needed) in roles.into_iter().enumerate() {
            let wanted = (have < need).then(|| (403, "WEIR-API-FORBIDDEN".to_owned()));
            assert_eq!(refused(&caller(role, None), "acme", needed), wanted, "{role} for {needed}");
        }
    }
    assert_eq!((Reads::ROLE, Edits::ROLE), (Role::Viewer, Role::Editor));
}

#[test]
fn another_tenant_looks_like_none_at_all() {
    let bound = caller(Role::Viewer, Some("acme"));
    assert_eq!(refused(&bound, "acme", Role::Viewer), None);
    let unknown = Some((404, "WEIR-CATALOG-TENANT-UNKNOWN".to_owned()));
    for needed in [Role::Viewer, Role::Editor, Role::Operator] {
        assert_eq!(refused(&bound, "default", needed), unknown);
        assert_eq!(refused(&bound, "nowhere", needed), unknown);
    }
    assert_eq!(refused(&caller(Role::Operator, None), "nowhere", Role::Viewer), unknown);
    let text =
        |tenant: &str| admit(&bound, &TenantId::new(tenant).unwrap(), Role::Viewer, |_| true).unwrap_err().to_string();
    assert_eq!(text("default").replace("default", "nowhere"), text("nowhere"));
}

#[test]
fn only_one_bearer_header_counts() {
    let headers = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        headers
    };
    assert_eq!(bearer(&headers(&["Bearer weir_x"])).unwrap(), "weir_x");
    assert_eq!(bearer(&headers(&["bearer  weir_x "])).unwrap(), "weir_x");
    let long = format!("Bearer {}", "a".repeat(TOKEN_LENGTH + 1));
    for wrong in [&[][..], &["Bearer a", "Bearer b"], &["Basic YTpi"], &["Bearer"], &["weir_x"], &[&*long]] {
        let error = bearer(&headers(wrong)).unwrap_err();
        assert_eq!((error.status().as_u16(), error.code().as_str()), (401, "WEIR-API-TOKEN-MISSING"), "{wrong:?}");
    }
}
