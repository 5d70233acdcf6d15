//! Guesses what a misspelt name was meant to be, and lists the names there are. It only words findings.

const MOST_LISTED: usize = 24;

/// Characters of a name in a list, at most: where they are wrong, an author's step ids may be of any length.
const MOST_SHOWN: usize = 80;

/// Characters of a message, at most: each step may have one, and each may quote what is long.
const MOST_SAID: usize = 2_000;

/// A finding's message, cut where it is too long.
pub(super) fn message(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(MOST_SAID) {
        text.truncate(at);
        text.push('…');
        text.shrink_to_fit();
    }
    text
}

/// A step's id as findings name it.
pub(super) fn step(id: &str) -> String {
    id.chars().take(MOST_SHOWN).collect()
}

/// The candidate that `word` most likely was meant to be, where one is near enough.
pub(crate) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let normal = |text: &str| text.chars().take(64).collect::<String>().to_lowercase().replace(['_', ' '], "-");
    let wanted = normal(word);
    let allowed = match wanted.chars().count() {
        0 | 1 => 0,
        2 | 3 => 1,
        length => (length / 3).clamp(2, 4),
    };
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &normal(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// What to write instead of `word`: the nearest candidate, else the list of all.
pub(crate) fn instead<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str> + Clone) -> String {
    match nearest(word, candidates.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => listed(candidates),
    }
}

/// The names there are.
pub(crate) fn listed<'c>(candidates: impl IntoIterator<Item = &'c str>) -> String {
    let mut names: Vec<String> = candidates.into_iter().map(|name| format!("`{name:.MOST_SHOWN$}`")).collect();
    let more = names.len().saturating_sub(MOST_LISTED);
    names.truncate(MOST_LISTED);
    match (names.len(), more) {
        (0, _) => "there is none".to_owned(),
        (1, 0) => format!("there is {}", names.join(", ")),
        (_, 0) => format!("there are {}", names.join(", ")),
        _ => format!("there are {} and {more} more", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_another_word() {
        let kinds = ["response", "for-each", "http-request", "set"];
        assert_eq!(nearest("respnose", kinds), Some("response"));
        assert_eq!(nearest("for_each", kinds), Some("for-each"));
        assert_eq!(nearest("SET", kinds), Some("set"));
        assert_eq!(nearest("email", kinds), None);
        assert_eq!(instead("email", ["a", "b"]), "there are `a`, `b`");
        assert_eq!(nearest("", kinds), None);
    }
}
