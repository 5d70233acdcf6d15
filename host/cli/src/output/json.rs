//! Lays JSON text out for reading without parsing it into values, so that long numbers and key order survive. It
//! expects JSON; of other text it makes something odd but harmless.

use std::fmt::Write;

use super::safe::is_unsafe;

/// JSON over several lines, two spaces a level, each line after the first moved right by `margin`.
pub(crate) fn pretty(raw: &str, margin: usize) -> String {
    lay_out(raw, Some(margin))
}

/// JSON on one line with a space after each colon and comma.
pub(crate) fn one_line(raw: &str) -> String {
    lay_out(raw, None)
}

fn lay_out(raw: &str, margin: Option<usize>) -> String {
    let mut out = String::with_capacity(raw.len() + raw.len() / 2);
    let mut chars = raw.chars().peekable();
    let mut depth = 0_usize;
    let (mut in_string, mut escaped) = (false, false);
    while let Some(c) = chars.next() {
        if in_string {
            push(&mut out, c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                while chars.next_if(|c| c.is_ascii_whitespace()).is_some() {}
                if let Some(close) = chars.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    new_line(&mut out, margin, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, margin, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                if margin.is_none() {
                    out.push(' ');
                }
                new_line(&mut out, margin, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => {
                in_string = c == '"';
                push(&mut out, c);
            }
        }
    }
    out
}

fn new_line(out: &mut String, margin: Option<usize>, depth: usize) {
    if let Some(margin) = margin {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', margin + 2 * depth));
    }
}

/// JSON lets C1 controls and direction marks stand in strings as they are; a terminal should not see them.
fn push(out: &mut String, c: char) {
    if is_unsafe(c) {
        // Writing to a string cannot fail.
        let _ = write!(out, "\\u{:04x}", u32::from(c));
    } else {
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &str = "{\"a\":[1e400,{}, [ ]],\"b\\\"{\":\"x,:\\\\\",\"c\":\"\u{9b}31m\"}";

    #[test]
    fn layout_changes_white_space_alone() {
        let pretty = pretty(RAW, 2);
        assert!(pretty.contains("\"a\": [\n      1e400,\n      {},\n      []\n    ],"), "{pretty}");
        assert!(pretty.contains("\"b\\\"{\": \"x,:\\\\\""), "{pretty}");
        assert!(pretty.contains("\"c\": \"\\u009b31m\""), "{pretty}");
        assert_eq!(one_line("[1, {\"a\":null}]"), "[1, {\"a\": null}]");
    }

    #[test]
    fn what_was_laid_out_means_the_same() {
        let raw = RAW.replace("1e400", "12345678901234567890");
        let value: serde_json::Value = serde_json::from_str(&raw).unwrap();
        for text in [pretty(&raw, 4), one_line(&raw)] {
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        }
    }
}
