//! Pages of lists: how many items, from where, and the cursor to the next page. It never reads a list itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::{Answer, ApiError};

/// Items of a page where the caller says nothing.
const USUAL: u32 = 50;
/// The most items of a page.
const MOST: u32 = 200;
/// The longest cursor read, in characters.
const CURSOR_LENGTH: usize = 512;

/// One page of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// What to pass as `after` for the next page; null on the last one.
    #[schema(required = true)]
    pub next: Option<String>,
}

/// Which page of a list.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many items, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the page before; without it the first page.
    #[param(max_length = 512)]
    pub after: Option<String>,
}

/// The lists that have pages. A cursor of one is refused by the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    Tenants,
    Tokens,
    Flows,
    Versions,
    Actions,
    Runs,
    Secrets,
}

impl List {
    const fn mark(self) -> &'static str {
        match self {
            Self::Tenants => "t:",
            Self::Tokens => "k:",
            Self::Flows => "f:",
            Self::Versions => "v:",
            Self::Actions => "a:",
            Self::Runs => "r:",
            Self::Secrets => "s:",
        }
    }

    /// The cursor that means "after this key".
    pub(crate) fn cursor(self, key: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{key}", self.mark()))
    }

    /// The key inside a cursor.
    fn key(self, cursor: &str) -> Answer<String> {
        let readable = || {
            let short = (cursor.len() <= CURSOR_LENGTH).then_some(cursor)?;
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(short).ok()?).ok()?;
            text.strip_prefix(self.mark()).map(str::to_owned)
        };
        readable().ok_or_else(|| {
            let message = "`after` is no cursor of this list: pass the `next` of the page before, or leave it out";
            ApiError::malformed("WEIR-API-CURSOR", message)
        })
    }

    /// The page that a query asks for.
    pub(crate) fn window(self, limit: Option<u32>, after: Option<&str>) -> Answer<Window> {
        let limit = limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            let message = format!("`limit` is {limit}: ask for 1 to {MOST} items and follow `next` for more");
            return Err(ApiError::malformed("WEIR-API-LIMIT", message));
        }
        Ok(Window { limit: limit as usize, after: after.map(|cursor| self.key(cursor)).transpose()? })
    }

    /// A page cut from a whole list in the order of its keys, for the short lists that catalog gives whole.
    pub(crate) fn cut<T, V>(
        self,
        all: Vec<T>,
        window: &Window,
        key: impl Fn(&T) -> String,
        view: impl Fn(T) -> V,
    ) -> Page<V> {
        let rest = all.into_iter().filter(|row| window.after.as_ref().is_none_or(|after| key(row) > *after));
        let mut rows: Vec<T> = rest.take(window.limit + 1).collect();
        let more = rows.len() > window.limit;
        rows.truncate(window.limit);
        let next = rows.last().filter(|_| more).map(&key);
        self.page(rows, next, view)
    }

    /// A page that another room gave, with its rows as the API shows them and its cursor sealed.
    pub(crate) fn page<T, V>(self, rows: Vec<T>, next: Option<String>, view: impl Fn(T) -> V) -> Page<V> {
        Page { items: rows.into_iter().map(view).collect(), next: next.map(|key| self.cursor(&key)) }
    }
}

/// A checked wish for a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) limit: usize,
    pub(crate) after: Option<String>,
}

#[cfg(test)]
mod tests {
    use weir_model::Coded;

    use super::*;

    #[test]
    fn limits_outside_one_to_two_hundred_are_refused() {
        for limit in [0, 201, u32::MAX] {
            let error = List::Flows.window(Some(limit), None).unwrap_err();
            assert_eq!((error.status().as_u16(), error.code().as_str()), (400, "WEIR-API-LIMIT"), "{limit}");
        }
        assert_eq!(List::Flows.window(None, None).unwrap(), Window { limit: 50, after: None });
        assert_eq!(List::Flows.window(Some(200), None).unwrap().limit, 200);
    }

    #[test]
    fn a_cursor_comes_back_as_its_key_in_its_own_list_alone() {
        let cursor = List::Flows.cursor("new-lead");
        assert_eq!(List::Flows.window(None, Some(&cursor)).unwrap().after.as_deref(), Some("new-lead"));
        let long = "A".repeat(CURSOR_LENGTH + 4);
        for (list, text) in [(List::Runs, &*cursor), (List::Flows, "new-lead"), (List::Flows, ""), (List::Flows, &long)]
        {
            let error = list.window(None, Some(text)).unwrap_err();
            assert_eq!((error.status().as_u16(), error.code().as_str()), (400, "WEIR-API-CURSOR"), "{text}");
        }
    }

    #[test]
    fn following_next_visits_every_row_of_a_whole_list_once() {
        let all: Vec<String> = (0..7).map(|n| format!("tenant-{n}")).collect();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let window = List::Tenants.window(Some(3), after.as_deref()).unwrap();
            let page = List::Tenants.cut(all.clone(), &window, Clone::clone, |row| row);
            seen.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn a_page_keeps_order_and_seals_its_cursor() {
        let page = List::Flows.page(vec![1, 2], Some("b".to_owned()), |n| n * 10);
        assert_eq!(page.items, [10, 20]);
        let window = List::Flows.window(Some(2), page.next.as_deref()).unwrap();
        assert_eq!(window, Window { limit: 2, after: Some("b".into()) });
        assert!(List::Flows.page(vec![3], None, |n| n).next.is_none());
    }
}
