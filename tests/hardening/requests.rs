//! The table of malformed and odd requests, read from `requests.txt`.

use anyhow::{Context as _, Result, bail, ensure};

/// A request and what becomes of it.
#[derive(Debug)]
pub struct Case {
    /// What is odd about it.
    pub name: String,
    /// The statuses that webhooks answer; none for no answer.
    pub webhooks: Vec<u16>,
    /// The statuses that the admin answers.
    pub admin: Vec<u16>,
    /// Whether the connection takes another request afterwards.
    pub is_kept: bool,
    /// The bytes, with `{path}` and `{host}` in them.
    text: String,
}

/// All of them.
pub fn all() -> Result<Vec<Case>> {
    let lines = include_str!("requests.txt").lines();
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(case).collect()
}

fn case(line: &str) -> Result<Case> {
    let mut parts = line.splitn(5, " | ");
    let mut part = || parts.next().map(str::trim).with_context(|| format!("too few columns: {line}"));
    let (name, webhooks, admin, connection, text) = (part()?, part()?, part()?, part()?, part()?);
    ensure!(["kept", "closed"].contains(&connection), "neither kept nor closed: {line}");
    Ok(Case {
        name: name.to_owned(),
        webhooks: statuses(webhooks)?,
        admin: statuses(admin)?,
        is_kept: connection == "kept",
        text: text.to_owned(),
    })
}

fn statuses(text: &str) -> Result<Vec<u16>> {
    if text == "none" { Ok(Vec::new()) } else { Ok(text.split(' ').map(str::parse).collect::<Result<_, _>>()?) }
}

impl Case {
    /// The request's bytes.
    pub fn bytes(&self, path: &str, host: &str) -> Result<Vec<u8>> {
        unescaped(&self.text.replace("{path}", path).replace("{host}", host))
    }
}

/// Text with `\r`, `\xHH` and `{text*N}` in it, as bytes.
fn unescaped(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let repeated = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).and_then(|(inner, after)| {
            let (text, times) = inner.rsplit_once('*')?;
            Some((text, times.parse::<usize>().ok()?, after))
        });
        if let Some((text, times, after)) = repeated {
            bytes.extend(unescaped(text)?.repeat(times));
            rest = after;
        } else if let Some(escape) = rest.strip_prefix('\\') {
            let (byte, length) = match escape.as_bytes() {
                [b'r', ..] => (b'\r', 1),
                [b'n', ..] => (b'\n', 1),
                [b't', ..] => (b'\t', 1),
                [b'0', ..] => (0, 1),
                [b'\\', ..] => (b'\\', 1),
                [b'x', ..] => (u8::from_str_radix(escape.get(1..3).context("an escape that is cut")?, 16)?, 3),
                _ => bail!("an unknown escape: {rest}"),
            };
            bytes.push(byte);
            rest = &escape[length..];
        } else {
            bytes.extend(first.to_string().as_bytes());
            rest = &rest[first.len_utf8()..];
        }
    }
    Ok(bytes)
}
