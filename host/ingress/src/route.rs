//! The two URLs of a hook, and the one that resumes a run. It reads a path; it does not know which hooks and runs exist.

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

/// Where a call that resumes a run leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resume<'a> {
    /// The tenant, unchecked.
    pub(crate) tenant: &'a str,
    /// The run's id, unchecked.
    pub(crate) run: &'a str,
    /// The secret, unchecked.
    pub(crate) token: &'a str,
}

impl<'a> Resume<'a> {
    /// Reads `/resume/{tenant}/{run}/{token}`; none for any other path.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        let mut parts = path.strip_prefix("/resume/")?.split('/');
        let (tenant, run, token) = (parts.next()?, parts.next()?, parts.next()?);
        parts.next().is_none().then_some(Self { tenant, run, token })
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

    #[test]
    fn a_resume_url_has_exactly_three_parts() {
        let route = Resume { tenant: "default", run: "r", token: "t" };
        assert_eq!(Resume::of("/resume/default/r/t"), Some(route));
        assert_eq!(Resume::of("/resume/default/r/"), Some(Resume { tenant: "default", run: "r", token: "" }));
        for path in ["/resume/default/r", "/resume/default/r/t/", "/resume/default/r/t/u", "/resumed/default/r/t"] {
            assert_eq!(Resume::of(path), None, "{path}");
        }
    }
}
