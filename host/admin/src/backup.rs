//! Backups on the server's machine, for operators alone. It says how far one is; making it is the engine's and the store's.

use std::path::PathBuf;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use weir_engine::BackupOrder;

use crate::access::{By, Operates};
use crate::api::Sending;
use crate::body::Command;
use crate::error::{Answer, ApiError};
use crate::lines;
use crate::state::AdminState;
use crate::views::{BackupCommand, BackupDoneView, BackupView};

/// Makes a backup while the server goes on
///
/// Needs the role operator. Everything that was acknowledged before is in the backup. In a folder with earlier backups, only
/// what changed is copied. One backup is made at a time.
///
/// The answer has a line of JSON for each stage: `{"stage":"counting"}`, `copying`, `verifying`; the last line is
/// `{"done":…}` or `{"error":…}`. A backup that began goes on where the client goes away.
#[utoipa::path(
    post, path = "/backup", tag = "server", operation_id = "back_up", request_body = BackupCommand,
    responses(
        (status = 200, description = "Its stages, one to a line.", body = BackupView, content_type = "application/x-ndjson"),
        Sending,
    )
)]
pub(crate) async fn back_up(
    State(state): State<AdminState>,
    _: By<Operates>,
    Command(command): Command<BackupCommand>,
) -> Answer<Response> {
    let permit = state.backups().try_acquire_owned().map_err(|_| {
        let message = "another backup is being made: wait for its end and try again";
        ApiError::new(StatusCode::CONFLICT, "WEIR-API-BACKUP-BUSY", message)
    })?;
    let order = BackupOrder {
        folder: PathBuf::from(&command.folder),
        version: env!("CARGO_PKG_VERSION").into(),
        at: state.clock().now(),
        keep_out: Some(state.data().to_owned()),
    };
    Ok(lines::answer(|lines| async move {
        let begun = state.clock().elapsed();
        let stages = lines.clone();
        let tell = move |stage| {
            // Held until the work is over, which may be after the client went away.
            let _permit = &permit;
            // Where nobody listens, the backup is made all the same.
            let _ = stages.send(BackupView::from(stage));
        };
        let made = state.engine().back_up(order, tell).await;
        let took = state.clock().elapsed().saturating_sub(begun);
        let last = match made {
            Ok(info) => BackupView::Done { done: BackupDoneView::new(&info, command.folder, took) },
            Err(error) => BackupView::Failed { error: ApiError::from(error).into_detail() },
        };
        let _ = lines.send(last);
    }))
}
