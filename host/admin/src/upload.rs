//! An upload whose client wants to know how far it is: the stages as lines of JSON. What they are is the catalog's.

use axum::response::Response;
use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use weir_model::TenantId;

use crate::error::ApiError;
use crate::lines;
use crate::state::AdminState;
use crate::views::UploadView;

/// Answers with the stages of an upload, then with what came of it.
pub(crate) fn in_lines(state: AdminState, tenant: TenantId, bytes: Bytes, permit: OwnedSemaphorePermit) -> Response {
    lines::answer(|lines| async move {
        let _permit = permit;
        let stages = lines.clone();
        let tell = move |stage| {
            // Where nobody listens, this task is about to be ended.
            let _ = stages.send(UploadView::from(stage));
        };
        let last = match state.catalog().push_action(&tenant, bytes, tell).await {
            Ok(action) => UploadView::Done { done: Box::new(action.into()) },
            Err(error) => UploadView::Failed { error: ApiError::from(error).into_detail() },
        };
        let _ = lines.send(last);
    })
}

#[cfg(test)]
mod tests {
    use weir_catalog::Stage;

    use super::*;

    #[test]
    fn stages_are_lines_of_json() {
        let line = |stage| serde_json::to_string(&UploadView::from(stage)).unwrap();
        assert_eq!(line(Stage::Waiting { ahead: 2 }), r#"{"stage":"waiting","ahead":2}"#);
        assert_eq!(line(Stage::Compiling), r#"{"stage":"compiling"}"#);
    }
}
