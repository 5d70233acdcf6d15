//! Which secrets a flow's steps name, and where they may not. It knows names; whether there are such secrets the catalog
//! finds out.

use crate::Template;
use crate::plan::SecretUse;

/// Secrets named in one flow.
#[derive(Debug, Default)]
pub(super) struct Secrets(Vec<SecretUse>);

/// What is wrong with a template that names secrets.
pub(super) const NOT_HERE: &str = "secrets are only for what is sent: `url`, `query`, `headers`, `auth` and the bodies of \
    `http-request`, and the `with` of an action";

/// What is wrong with `secrets` without a name.
pub(super) const NO_NAME: &str = "`secrets` needs a name that is written out, such as `secrets.CRM_KEY`";

impl Secrets {
    pub(super) fn add(&mut self, found: SecretUse) {
        if !self.0.contains(&found) {
            self.0.push(found);
        }
    }

    pub(super) fn into_uses(self) -> Box<[SecretUse]> {
        self.0.into()
    }
}

/// The secrets that a template names: the name of each, or none where it is not written out.
pub(super) fn named(template: &Template) -> Vec<Option<String>> {
    let names = template.names().into_iter().filter_map(|path| {
        let rest = path.strip_prefix("secrets")?;
        match rest.chars().next() {
            None => Some(None),
            Some('.') => Some(name(rest.get(1..).unwrap_or_default())),
            Some('[') => Some(name(rest.trim_matches(['[', ']', '"', '\'']))),
            Some(_) => None,
        }
    });
    names.collect()
}

/// A secret's name: what `weir secret set` takes.
fn name(text: &str) -> Option<String> {
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let starts = text.starts_with(|c: char| c.is_ascii_uppercase());
    (starts && text.len() <= 63 && text.bytes().all(fits)).then(|| text.to_owned())
}
