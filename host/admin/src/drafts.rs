//! Drafts: check a text, save it as a flow's draft, read it back.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{AppendHeaders, IntoResponse};

use crate::access::{At, Edits, FlowPath, Reads, TenantPath};
use crate::api::{Reading, Sending};
use crate::body::Definition;
use crate::convert::{finding_views, flow_view};
use crate::error::{Answer, ApiError};
use crate::state::AdminState;
use crate::views::{CheckView, DraftView, SavedView};

/// Checks a definition without saving it
///
/// Findings come in the answer, however many there are; a text that is no definition at all has them too.
#[utoipa::path(
    post, path = "/tenants/{tenant}/check", tag = "drafts", operation_id = "check_flow", params(TenantPath),
    request_body(
        description = "A definition, at most 1 MiB.",
        content((String = "application/yaml"), (Object = "application/json"), (String = "text/plain"))
    ),
    responses((status = 200, description = "What the check found.", body = CheckView), Sending)
)]
pub(crate) async fn check(
    State(state): State<AdminState>,
    at: At<Reads, TenantPath>,
    Definition(text): Definition,
) -> Answer<Json<CheckView>> {
    let findings = state.catalog().check(&at.path.tenant, &text).await?;
    Ok(Json(CheckView { findings: finding_views(findings) }))
}

/// Saves a flow's draft, and makes the flow where there is none
///
/// A draft with errors inside its steps is saved, and its findings come back; a text that is no definition is refused with
/// 422. With `If-Match` the draft is saved only while it has that revision; else the answer is 409;
/// revision 0 stands for a flow that does not exist yet.
#[utoipa::path(
    put, path = "/tenants/{tenant}/flows/{name}/draft", tag = "drafts", operation_id = "save_draft",
    params(
        FlowPath,
        ("if-match" = Option<String>, Header, description = "The revision that the change was made from, as in `ETag`."),
    ),
    request_body(
        description = "The definition, at most 1 MiB; its `name` is the flow's.",
        content((String = "application/yaml"), (Object = "application/json"), (String = "text/plain"))
    ),
    responses(
        (status = 200, description = "It is saved.", body = SavedView,
            headers(("etag" = String, description = "The draft's new revision."))),
        Sending,
    )
)]
pub(crate) async fn save(
    State(state): State<AdminState>,
    at: At<Edits, FlowPath>,
    headers: HeaderMap,
    Definition(text): Definition,
) -> Answer<impl IntoResponse> {
    let expected = expected_revision(&headers)?;
    let saved = state.catalog().save_draft(&at.path.tenant, Some(&at.path.name), &text, expected).await?;
    let flow = flow_view(&state, saved.flow);
    Ok((etag(flow.draft.revision), Json(SavedView { flow, findings: finding_views(saved.findings) })))
}

/// Reads a flow's draft
#[utoipa::path(
    get, path = "/tenants/{tenant}/flows/{name}/draft", tag = "drafts", operation_id = "show_draft", params(FlowPath),
    responses(
        (status = 200, description = "The draft.", body = DraftView,
            headers(("etag" = String, description = "The draft's revision."))),
        Reading,
    )
)]
pub(crate) async fn show(State(state): State<AdminState>, at: At<Reads, FlowPath>) -> Answer<impl IntoResponse> {
    let draft = state.catalog().draft_text(&at.path.tenant, &at.path.name).await?;
    let findings = finding_views(draft.findings);
    Ok((etag(draft.revision), Json(DraftView { text: draft.text, revision: draft.revision, findings })))
}

fn etag(revision: u64) -> AppendHeaders<Option<(HeaderName, HeaderValue)>> {
    AppendHeaders(HeaderValue::from_str(&format!("\"{revision}\"")).ok().map(|value| (header::ETAG, value)))
}

/// The revision in `If-Match`, quoted as in `ETag` or bare.
fn expected_revision(headers: &HeaderMap) -> Answer<Option<u64>> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    bare.parse().map(Some).map_err(|_| {
        let message = "`If-Match` holds no revision: send the draft's revision as its `ETag` says, such as \"3\"";
        ApiError::malformed("WEIR-API-REVISION", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_read_as_it_was_given_out() {
        let read = |text: &str| {
            expected_revision(&HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_str(text).unwrap())]))
        };
        assert_eq!(read("\"12\"").unwrap(), Some(12));
        assert_eq!(read("12").unwrap(), Some(12));
        assert_eq!(expected_revision(&HeaderMap::new()).unwrap(), None);
        for wrong in ["*", "\"12", "W/\"12\"", "-1", "", "twelve"] {
            assert_eq!(read(wrong).unwrap_err().status().as_u16(), 400, "{wrong}");
        }
    }
}
