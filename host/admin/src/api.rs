//! The routes put together, and their OpenAPI document. A handler is reachable only from here, so the document has all.

use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::{Router, routing};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, Response};
use utoipa::{IntoResponses, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::state::AdminState;
use crate::{
    access, actions, again, backup, drafts, events, flows, guard, health, home, hooks, identity, limits, retention,
    runs, schema, secrets, tokens, versions, views,
};

/// Where the API's routes begin.
const BASE: &str = "/api/v1";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "weir",
        description = "Flows, custom actions and runs of a weir server. Errors are JSON with a stable code; times are \
                       RFC 3339 in UTC; a route under a tenant that the token may not see answers as if the tenant did \
                       not exist.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "this server")),
    security(("bearer" = [])),
    components(schemas(views::ErrorBody, views::EventView)),
    tags(
        (name = "flows", description = "Flows, and the settings of their hooks"),
        (name = "drafts", description = "The definition that the development URL runs"),
        (name = "versions", description = "Published definitions, which never change"),
        (name = "actions", description = "Custom actions: WebAssembly components of a tenant"),
        (name = "runs", description = "What happened"),
        (name = "secrets", description = "What flows and actions may use and nobody may read"),
        (name = "server", description = "The server, its tenants, its tokens, and who calls"),
    )
)]
struct Head;

/// The routes that need no token: what they answer is the same on every server of this version.
fn open() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(schema::flow))
        .routes(routes!(schema::openapi))
}

/// The routes that need a token.
fn closed() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(identity::me))
        .routes(routes!(identity::tenants, identity::create_tenant))
        .routes(routes!(limits::show, limits::set))
        .routes(routes!(retention::show, retention::set))
        .routes(routes!(backup::back_up))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(secrets::list))
        .routes(routes!(secrets::set, secrets::delete))
        .routes(routes!(secrets::rotate))
        .routes(routes!(flows::list))
        .routes(routes!(flows::show, flows::delete))
        .routes(routes!(hooks::enable))
        .routes(routes!(hooks::disable))
        .routes(routes!(hooks::renew_key))
        .routes(routes!(hooks::arm, hooks::disarm))
        .routes(routes!(events::listen))
        .routes(routes!(drafts::check))
        .routes(routes!(drafts::show, drafts::save))
        .routes(routes!(versions::publish))
        .routes(routes!(versions::rollback))
        .routes(routes!(versions::list))
        .routes(routes!(versions::show))
        .routes(routes!(actions::list, actions::push))
        .routes(routes!(actions::show))
        .routes(routes!(actions::delete))
        .routes(routes!(runs::list))
        .routes(routes!(runs::show))
        .routes(routes!(again::retry))
        .routes(routes!(again::replay))
        .routes(routes!(again::cancel))
        .routes(routes!(again::bulk))
}

fn whole(open: OpenApiRouter<AdminState>, closed: OpenApiRouter<AdminState>) -> OpenApiRouter<AdminState> {
    let mut document = Head::openapi();
    let components = document.components.get_or_insert_default();
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.description = Some("A token: `weir_<role>_<id>_<secret>`. Reading needs viewer, changing flows and actions needs editor, secrets and tokens need admin, tenants need operator.".into());
    components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    for (_, name, description) in ERRORS {
        components.responses.insert((*name).into(), error_response(description).into());
    }
    OpenApiRouter::with_openapi(document).nest(BASE, open.merge(closed))
}

/// The OpenAPI document of the API.
pub(crate) fn document() -> Document {
    whole(open(), closed()).into_openapi()
}

/// The whole listener: the API, the front door, and what wraps them.
pub(crate) fn router(state: AdminState) -> Router {
    let closed = closed().route_layer(from_fn_with_state(state.clone(), access::authenticate));
    let (api, _) = whole(open(), closed).split_for_parts();
    api.route("/", routing::get(home::home))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(state.clone(), guard::wrap))
        .with_state(state)
}

async fn unknown() -> ApiError {
    ApiError::absent("WEIR-API-ROUTE", "there is no such route: /api/v1/openapi.json lists all of them")
}

async fn wrong_method() -> ApiError {
    let message = "this route does not take this method: /api/v1/openapi.json lists the ones it takes";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "WEIR-API-METHOD", message)
}

fn error_response(description: &str) -> Response {
    let schema = Ref::from_schema_name("Error");
    Response::builder().description(description).content("application/json", Content::new(Some(schema))).build()
}

/// The errors of routes: status, name in the document, when.
const ERRORS: &[(&str, &str, &str)] = &[
    ("400", "BadRequest", "The path, the query or the body was not understood."),
    ("401", "Unauthorized", "There is no valid token."),
    (
        "403",
        "Forbidden",
        "The token's role does not suffice, or the server was called by a name that it does not answer to.",
    ),
    ("404", "NotFound", "It does not exist, or not for this token."),
    ("408", "TooSlow", "The body did not arrive in time."),
    ("409", "Conflict", "It exists in another form, is in use, or was changed meanwhile."),
    ("413", "TooLarge", "The body is larger than the route takes."),
    ("415", "WrongType", "The body has another content type than the route takes."),
    ("422", "Unacceptable", "It was understood and cannot be done; `findings` says where a definition is wrong."),
    ("500", "ServerError", "The server failed; its log says why."),
    ("503", "Unavailable", "The server cannot do it now; `Retry-After` says when to try again."),
];

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident: $($status:literal)*;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<String, RefOr<Response>> {
                let wanted = [$($status),*];
                let used = ERRORS.iter().filter(|(status, ..)| wanted.contains(status));
                used.map(|(status, name, _)| ((*status).into(), Ref::from_response_name(*name).into())).collect()
            }
        }
    )*};
}

errors! {
    /// What routes may answer that read.
    Reading: "400" "401" "403" "404" "500" "503";
    /// What routes may answer that change something by their path alone.
    Changing: "400" "401" "403" "404" "409" "422" "500" "503";
    /// What routes may answer that take a body.
    Sending: "400" "401" "403" "404" "408" "409" "413" "415" "422" "500" "503";
    /// What routes may answer that need no token.
    Open: "403" "500";
}
