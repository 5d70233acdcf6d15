//! The two URLs of a hook. It reads a path; it does not know which hooks exist.

/// Where a request's path leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route<'a> {
    /// The hook's key, unchecked.
    pub(crate) key: &'a str,
    /// Whether it is the development URL.
    pub(crate) development: bool,
    /// What follows, with its slash; `/` where nothing does.
    pub(crate) rest: &'a str,
}

impl<'a> Route<'a> {
    /// Reads `/webhook/{key}[/dev][/rest]`; none for any other path. Exact bytes count: nothing is decoded or normalised.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        let path = path.strip_prefix("/webhook/")?;
        let (key, rest) = split(path);
        let (development, rest) = match rest.strip_prefix("/dev") {
            Some("") => (true, "/"),
            Some(after) if after.starts_with('/') => (true, after),
            _ => (false, rest),
        };
        Some(Self { key, development, rest: if rest.is_empty() { "/" } else { rest } })
    }
}

fn split(path: &str) -> (&str, &str) {
    path.find('/').and_then(|at| path.split_at_checked(at)).unwrap_or((path, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_where_they_should() {
        let route = |key, development, rest| Some(Route { key, development, rest });
        assert_eq!(Route::of("/webhook/abc"), route("abc", false, "/"));
        assert_eq!(Route::of("/webhook/abc/"), route("abc", false, "/"));
        assert_eq!(Route::of("/webhook/abc/orders/7"), route("abc", false, "/orders/7"));
        assert_eq!(Route::of("/webhook/abc/dev"), route("abc", true, "/"));
        assert_eq!(Route::of("/webhook/abc/dev/orders"), route("abc", true, "/orders"));
        assert_eq!(Route::of("/webhook/abc/device"), route("abc", false, "/device"));
        assert_eq!(Route::of("/webhooks/abc"), None);
        assert_eq!(Route::of("/"), None);
    }
}
