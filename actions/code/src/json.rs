//! JSON text on its way from JavaScript to weir. It must not change what the text says, but for what UTF-8 cannot hold.

/// The same text with U+FFFD in place of halves of characters (lone surrogates), which scripts make by cutting strings.
pub(crate) fn whole_characters(json: String) -> String {
    // They are always escaped, and nothing else of that look is: other characters stand as they are.
    if !json.contains("\\ud") {
        return json;
    }
    let mut whole = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some((before, escape)) = rest.split_once('\\') {
        whole.push_str(before);
        whole.push('\\');
        // A backslash after this one is what it escapes, not the beginning of another escape.
        let (kind, after) = escape.split_at_checked(1).unwrap_or((escape, ""));
        whole.push_str(kind);
        rest = after;
        if kind == "u" && after.starts_with('d') {
            whole.push_str("fffd");
            rest = after.get(4..).unwrap_or_default();
        }
    }
    whole.push_str(rest);
    whole
}
