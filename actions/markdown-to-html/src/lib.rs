//! The standard action `markdown-to-html`: its settings, and what makes its HTML safe. Reading Markdown is
//! pulldown-cmark's.

#![forbid(unsafe_code)]

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};
use weir_action::Result;

/// How Markdown is read and what the HTML may hold.
#[weir_action::data]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Tables, strikethrough, task lists and footnotes, as GitHub has them.
    pub extensions: bool,
    /// Curly quotes, dashes and ellipses.
    pub smart: bool,
    /// Whether HTML in the Markdown stays HTML, and links may have any scheme. Only for Markdown that you wrote
    /// yourself: with a stranger's it lets scripts into your page.
    pub unsafe_html: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { extensions: true, smart: false, unsafe_html: false }
    }
}

/// Turns Markdown (CommonMark) into HTML that is safe to show.
///
/// The input is a string. HTML in it is shown as text, and links with schemes such as `javascript:` lose their address.
#[weir_action::action(name = "markdown-to-html", title = "Markdown to HTML")]
pub fn markdown_to_html(config: Config, input: String) -> Result<String> {
    let mut options = Options::empty();
    if config.extensions {
        options |= Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
        options |= Options::ENABLE_FOOTNOTES;
    }
    options.set(Options::ENABLE_SMART_PUNCTUATION, config.smart);
    let events = Parser::new_ext(&input, options);
    let mut out = String::with_capacity(input.len() + input.len() / 2);
    if config.unsafe_html {
        html::push_html(&mut out, events);
    } else {
        html::push_html(&mut out, events.map(harmless));
    }
    Ok(out)
}

fn harmless(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: address(dest_url), title, id })
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Image { link_type, dest_url: address(dest_url), title, id })
        }
        other => other,
    }
}

/// The address where its scheme is harmless or it has none, else nothing. Browsers skip control characters and spaces in
/// a scheme (URL standard, basic URL parser), so that they are skipped here.
fn address(url: CowStr<'_>) -> CowStr<'_> {
    const HARMLESS: [&str; 4] = ["http", "https", "mailto", "tel"];
    let head: String = url.chars().filter(|c| !c.is_control() && !c.is_whitespace()).take(64).collect();
    let scheme = head.split(['/', '?', '#']).next().and_then(|start| start.split_once(':')).map(|(scheme, _)| scheme);
    match scheme {
        Some(scheme) if !HARMLESS.contains(&scheme.to_ascii_lowercase().as_str()) => CowStr::Borrowed(""),
        _ => url,
    }
}

#[cfg(test)]
mod tests {
    use weir_action::serde_json::{Value, json};
    use weir_action::testing;

    use super::*;

    fn html(config: Value, markdown: &str) -> String {
        testing::run::<markdown_to_html>(&config, &json!(markdown)).unwrap().value.as_str().unwrap().to_owned()
    }

    #[test]
    fn markdown_becomes_html() {
        let got = html(json!({}), "# Hi *Ada*\n\n| a | b |\n|---|---|\n| 1 | ~~2~~ |\n\n[site](https://example.com)");
        assert!(got.starts_with("<h1>Hi <em>Ada</em></h1>"), "{got}");
        assert!(got.contains("<td>1</td><td><del>2</del></td>"), "{got}");
        assert!(got.contains("<a href=\"https://example.com\">site</a>"), "{got}");
        assert!(!html(json!({ "extensions": false }), "| a |\n|---|\n| 1 |").contains("<table>"));
        assert_eq!(html(json!({ "smart": true }), "\"a\" -- b"), "<p>\u{201c}a\u{201d} \u{2013} b</p>\n");
    }

    #[test]
    fn a_strangers_markdown_is_harmless() {
        let hostile = "<script>alert(1)</script>\n\nhi <img src=x onerror=alert(1)> [a](javascript:alert(1)) \
                       [b](<java\tscript:alert(1)>) [c](JAVASCRIPT:x) [d](data:text/html,x) ![e](vbscript:x) <b>x</b> \
                       [rel](/a:b) [m](mailto:a@b.c)";
        let got = html(json!({}), hostile);
        assert!(!got.contains("<script") && !got.contains("<img src=x") && !got.contains("<b>"), "{got}");
        assert!(
            !got.to_lowercase().contains("href=\"java") && !got.contains("data:text") && !got.contains("vbscript"),
            "{got}"
        );
        assert!(got.contains("href=\"/a:b\"") && got.contains("href=\"mailto:a@b.c\""), "{got}");
        assert!(html(json!({ "unsafe_html": true }), "<b>x</b>").contains("<b>x</b>"));
    }
}
