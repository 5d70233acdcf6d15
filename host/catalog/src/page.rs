//! One page of a list. It counts rows; it does not know what they are.

use serde::Serialize;

use crate::bounds;

/// Some rows of a list and where to go on.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// What to pass as `after` for the next page; none where this is the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Takes at most `limit` rows (1 to 500) off `rows`; `cursor` names the last one.
    pub(crate) fn of(mut rows: impl Iterator<Item = T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let items: Vec<T> = rows.by_ref().take(limit.clamp(1, bounds::PAGE)).collect();
        let next = rows.next().and_then(|_| items.last().map(cursor));
        Self { items, next }
    }
}
