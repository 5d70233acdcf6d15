//! The standard action `html-to-text`: its settings. The reading of HTML is html2text's.

#![forbid(unsafe_code)]

use weir_action::{Error, Result};

/// How the text looks.
#[weir_action::data]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The longest line in characters; longer ones are wrapped.
    #[schemars(range(min = 20, max = 10_000))]
    pub width: usize,
    /// What becomes of links.
    pub links: Links,
    /// Whether bold, italic and struck text and code keep marks like those of Markdown, as headings, lists and quotes do.
    pub emphasis: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { width: 80, links: Links::Drop, emphasis: true }
    }
}

/// What becomes of links.
#[weir_action::data]
#[derive(Copy, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Links {
    /// Only their text stays, in brackets.
    #[default]
    Drop,
    /// Their addresses stand numbered at the end.
    Footnotes,
}

/// Turns HTML into readable text, such as the plain part of a mail.
///
/// The input is a string; scripts and styles are left out.
#[weir_action::action(name = "html-to-text", title = "HTML to text", validate = check)]
pub fn html_to_text(config: Config, input: String) -> Result<String> {
    let html = input.as_bytes();
    let footnotes = config.links == Links::Footnotes;
    let made = if config.emphasis {
        html2text::config::plain().link_footnotes(footnotes).string_from_read(html, config.width)
    } else {
        html2text::config::plain_no_decorate().link_footnotes(footnotes).string_from_read(html, config.width)
    };
    let text = made.map_err(|error| Error::failed(format!("the HTML does not fit into this width: {error}")))?;
    Ok(text.trim().to_owned())
}

/// What the schema says, for settings that come from templates.
fn check(config: &Config) -> Result<(), String> {
    match config.width {
        20..=10_000 => Ok(()),
        other => Err(format!("`width` is {other}; it goes from 20 to 10000")),
    }
}

#[cfg(test)]
mod tests {
    use weir_action::serde_json::json;
    use weir_action::testing;

    use super::*;

    fn text(config: weir_action::Value, html: &str) -> String {
        testing::run::<html_to_text>(&config, &json!(html)).unwrap().value.as_str().unwrap().to_owned()
    }

    #[test]
    fn a_mail_becomes_readable() {
        let html = "<h1>Hello Ada</h1><p>Two   things &amp; <b>one</b> link: <a href='https://example.com/x'>here</a>.</p>\
                    <ul><li>one<li>two</ul><script>alert(1)</script><style>p{}</style>";
        let got = text(json!({}), html);
        assert!(got.starts_with("# Hello Ada"), "{got}");
        assert!(got.contains("Two things & **one** link: [here].") && got.contains("* one\n* two"), "{got}");
        assert!(!got.contains("alert") && !got.contains("p{}") && !got.contains("https:"), "{got}");
        let got = text(json!({ "links": "footnotes" }), html);
        assert!(got.contains("[1]: https://example.com/x"), "{got}");
        let got = text(json!({ "emphasis": false }), html);
        assert!(got.starts_with("# Hello Ada") && got.contains("& one link"), "{got}");
    }

    #[test]
    fn lines_are_wrapped_and_broken_html_is_read() {
        let got = text(json!({ "width": 20 }), "<p>A line that is longer than twenty characters <b>and <i>unclosed");
        assert!(got.lines().count() > 2 && got.lines().all(|line| line.chars().count() <= 20), "{got}");
        assert_eq!(text(json!({}), ""), "");
        assert_eq!(testing::check::<html_to_text>(&json!({ "width": 1 })), ["`width` is 1; it goes from 20 to 10000"]);
    }

    #[test]
    fn deep_html_ends() {
        let html = format!("{}x{}", "<div>".repeat(300), "</div>".repeat(300));
        assert_eq!(text(json!({}), &html), "x");
    }
}
