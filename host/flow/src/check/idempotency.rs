//! Checks how a hook tells a request that it had before. It reads settings; ingress finds the key.

use std::time::Duration;

use weir_model::{IdempotencyDef, Span};

use super::shape::{Part, Report};
use super::webhook::is_token;

const CODE: &str = "WEIR-FLOW-IDEMPOTENCY";
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3_600);

impl Report<'_> {
    pub(super) fn idempotency(&mut self, webhook: &Part<'_>) -> Option<IdempotencyDef> {
        let part = self.object(webhook, "idempotency")?;
        self.known(&part, &["header", "pointer", "keep", "required"]);
        match (Self::given(&part, "header"), Self::given(&part, "pointer")) {
            (None, None) => {
                self.missing(
                    &part,
                    "header",
                    "say where the key is, such as `header: idempotency-key` or `pointer: /id`",
                );
            }
            (Some(_), Some(_)) => {
                let message = "the key is in a header or in the payload, not in both: take `header` or `pointer` out";
                self.error(CODE, &part, "pointer", message.to_owned());
            }
            _ => {}
        }
        let header = self.text(&part, "header");
        if let Some(header) = header.filter(|header| !is_token(header)) {
            let message = format!("{:?} is no header name: write one such as `idempotency-key`", short(header));
            self.error(CODE, &part, "header", message);
        }
        let pointer = self.text(&part, "pointer");
        if let Some(pointer) = pointer.filter(|pointer| !is_pointer(pointer)) {
            let message = format!("{:?} is no JSON Pointer: write the way to the key, such as `/id`", short(pointer));
            self.error(CODE, &part, "pointer", message);
        }
        let keep: Option<Span> = self.parsed(&part, "keep", CODE);
        if let Some(keep) = keep.filter(|keep| !(SHORTEST..=LONGEST).contains(&keep.duration())) {
            let message = format!("a key cannot be remembered for {keep}: write a time from 1s to 30d");
            self.error(CODE, &part, "keep", message);
        }
        let required = self.flag(&part, "required").unwrap_or(false);
        Some(IdempotencyDef {
            header: header.map(str::to_ascii_lowercase),
            pointer: pointer.map(ToOwned::to_owned),
            keep,
            required,
        })
    }
}

/// A pointer to something within a document (RFC 6901 §3).
fn is_pointer(text: &str) -> bool {
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    text.starts_with('/') && escapes && text.len() <= 512
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}
