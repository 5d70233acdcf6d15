//! Who may do what: a bearer token becomes an identity, and a route's path opens only to the role and tenant it needs.

use std::marker::PhantomData;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;
use weir_catalog::Identity;
use weir_model::{FlowName, RunId, SecretName, TenantId};
use weir_vault::Role;

use crate::body::reason;
use crate::error::{Answer, ApiError};
use crate::state::AdminState;

/// The longest token read, in bytes.
const TOKEN_LENGTH: usize = 512;

/// Routes that read.
pub(crate) struct Reads;
/// Routes that change flows and actions.
pub(crate) struct Edits;

/// Routes that manage who may come in.
pub(crate) struct Manages;
/// Routes that change the server itself.
pub(crate) struct Operates;

/// The least role that a route asks for.
pub(crate) trait Need {
    const ROLE: Role;
}

impl Need for Reads {
    const ROLE: Role = Role::Viewer;
}

impl Need for Edits {
    const ROLE: Role = Role::Editor;
}

impl Need for Manages {
    const ROLE: Role = Role::Admin;
}

impl Need for Operates {
    const ROLE: Role = Role::Operator;
}

/// Lets only bearers of a valid token on; the layer around every route that is not open to all.
pub(crate) async fn authenticate(State(state): State<AdminState>, mut request: Request, next: Next) -> Response {
    let caller = bearer(request.headers())
        .and_then(|token| Ok(Caller { identity: state.catalog().authenticate(token)?, token: token.into() }));
    match caller {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// The token of `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Answer<&str> {
    let refuse = |message| Err(ApiError::new(StatusCode::UNAUTHORIZED, "WEIR-API-TOKEN-MISSING", message));
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return refuse("this route needs a token: send one header `Authorization: Bearer <token>`");
    };
    let text = value.to_str().unwrap_or_default().trim();
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && token.len() <= TOKEN_LENGTH => {
            Ok(token.trim())
        }
        _ => refuse("the Authorization header was not understood: write it as `Authorization: Bearer <token>`"),
    }
}

/// Who calls.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) identity: Identity,
    token: Box<str>,
}

impl Caller {
    /// Whether the token still opens what it opened, for answers that last.
    pub(crate) fn still_holds(&self, state: &AdminState) -> bool {
        state.catalog().authenticate(&self.token).is_ok()
    }

    /// The caller as records name it.
    pub(crate) fn name(&self) -> String {
        format!("the {} token {}", self.identity.role, self.identity.token)
    }

    /// Refuses a caller whose role does not suffice.
    pub(crate) fn must_be(&self, needed: Role) -> Answer<()> {
        let role = self.identity.role;
        if role.may(needed) {
            return Ok(());
        }
        let message = format!("this needs the role {needed}, the token has {role}: use a token with more rights");
        Err(ApiError::new(StatusCode::FORBIDDEN, "WEIR-API-FORBIDDEN", message))
    }

    /// Whether it may see a tenant at all.
    pub(crate) fn sees(&self, tenant: &TenantId) -> bool {
        self.identity.tenant.as_ref().is_none_or(|own| own == tenant)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        let missing = || ApiError::new(StatusCode::UNAUTHORIZED, "WEIR-API-TOKEN-MISSING", "this route needs a token");
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}

/// A caller whose role suffices, for routes outside a tenant.
pub(crate) struct By<N> {
    pub(crate) caller: Caller,
    need: PhantomData<N>,
}

impl<N: Need, S: Send + Sync> FromRequestParts<S> for By<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.must_be(N::ROLE)?;
        Ok(Self { caller, need: PhantomData })
    }
}

/// A route's path, opened to a caller whose role suffices in a tenant that exists and that it may see. Handlers have no
/// other way to their path, so none can leave the check out.
pub(crate) struct At<N, P> {
    pub(crate) path: P,
    pub(crate) caller: Caller,
    need: PhantomData<N>,
}

impl<N: Need, P: DeserializeOwned + Scoped + Send> FromRequestParts<AdminState> for At<N, P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AdminState) -> Answer<Self> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let Path(path) = Path::<P>::from_request_parts(parts, state).await.map_err(|rejection| misread(&rejection))?;
        let tenant = path.tenant();
        tracing::Span::current().record("tenant", tracing::field::display(tenant));
        admit(&caller, tenant, N::ROLE, |tenant| state.catalog().has_tenant(tenant))?;
        Ok(Self { path, caller, need: PhantomData })
    }
}

/// The tenant first, so that a token of another tenant learns nothing from the role check.
fn admit(caller: &Caller, tenant: &TenantId, needed: Role, exists: impl Fn(&TenantId) -> bool) -> Answer<()> {
    if !caller.sees(tenant) || !exists(tenant) {
        return Err(no_tenant(tenant));
    }
    caller.must_be(needed)
}

/// What is said of a path whose parts are not names, ids or numbers as they should be.
pub(crate) fn misread(rejection: &PathRejection) -> ApiError {
    ApiError::malformed("WEIR-NAME-INVALID", format!("the path was not understood: {}", reason(rejection)))
}

/// What is said of a tenant that is not there, or not for this caller.
pub(crate) fn no_tenant(tenant: &TenantId) -> ApiError {
    let message = format!(
        "there is no tenant {:?}: check the name; an operator lists tenants with GET /api/v1/tenants and makes one with POST",
        tenant.as_str()
    );
    ApiError::absent("WEIR-CATALOG-TENANT-UNKNOWN", message)
}

/// A path that begins with a tenant.
pub(crate) trait Scoped {
    fn tenant(&self) -> &TenantId;
}

macro_rules! paths {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field:meta])* $part:ident: $kind:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Deserialize, IntoParams)]
        #[into_params(parameter_in = Path)]
        pub(crate) struct $name {
            /// The tenant.
            #[param(value_type = String, example = "default")]
            pub(crate) tenant: TenantId,
            $($(#[$field])* pub(crate) $part: $kind,)*
        }

        impl Scoped for $name {
            fn tenant(&self) -> &TenantId {
                &self.tenant
            }
        }
    )*};
}

paths! {
    /// A tenant.
    TenantPath {}
    /// A flow of a tenant.
    FlowPath {
        /// The flow's name.
        #[param(value_type = String, example = "new-lead")]
        name: FlowName,
    }
    /// A version of a flow.
    VersionPath {
        /// The flow's name.
        #[param(value_type = String, example = "new-lead")]
        name: FlowName,
        /// The version's number.
        #[param(minimum = 1)]
        version: u32,
    }
    /// All versions of an action.
    ActionPath {
        /// The action's name.
        #[param(example = "lead-score")]
        name: String,
    }
    /// A version of an action.
    ActionVersionPath {
        /// The action's name.
        #[param(example = "lead-score")]
        name: String,
        /// Its exact version.
        #[param(example = "1.4.2")]
        version: String,
    }
    /// A secret of a tenant.
    SecretPath {
        /// The secret's name: 1 to 63 characters A-Z, 0-9 and `_`, starting with a letter.
        #[param(value_type = String, example = "CRM_KEY")]
        name: SecretName,
    }
    /// A run of a tenant.
    RunPath {
        /// The run's id.
        #[param(value_type = String, format = "uuid")]
        run: RunId,
    }
}

#[cfg(test)]
mod tests;
