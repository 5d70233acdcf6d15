//! The order of action versions. It compares; it does not choose.

use std::cmp::Ordering;

/// Whether a version is one that authors try things with, such as `1.4.0-beta.2`.
pub(crate) fn is_prerelease(version: &str) -> bool {
    split(version).1.is_some()
}

/// Orders versions as Semantic Versioning 2.0.0 §11 does; missing numbers count as 0. Versions that differ in their build
/// part alone are ordered by their text, so that the order is total.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    let ((left_core, left_pre), (right_core, right_pre)) = (split(left), split(right));
    let core = compare_parts(left_core, right_core, true);
    let pre = match (left_pre, right_pre) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(left), Some(right)) => compare_parts(left, right, false),
    };
    core.then(pre).then_with(|| left.cmp(right))
}

/// The numbers and the pre-release part, without the build part.
fn split(version: &str) -> (&str, Option<&str>) {
    let version = version.split_once('+').map_or(version, |(version, _build)| version);
    version.split_once('-').map_or((version, None), |(core, pre)| (core, Some(pre)))
}

fn compare_parts(left: &str, right: &str, zeros: bool) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (Some(part), None) if zeros => compare_part(part, "0"),
            (None, Some(part)) if zeros => compare_part("0", part),
            (Some(_), None) => Ordering::Greater,
            (None, Some(_)) => Ordering::Less,
            (Some(left), Some(right)) => compare_part(left, right),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Numbers by their value and below texts, texts by their bytes.
fn compare_part(left: &str, right: &str) -> Ordering {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match (digits(left), digits(right)) {
        (true, true) => {
            // By length, then by text: a number of any length compares without being parsed.
            let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
            left.len().cmp(&right.len()).then_with(|| left.cmp(right))
        }
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => left.cmp(right),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_stand_in_the_order_of_semantic_versioning() {
        let ordered = [
            "0.9",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0",
            "1.2",
            "1.10.0",
            "2",
            "2.0.1",
            "20.0.0",
            "99999999999999999999999.0",
        ];
        for pair in ordered.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
        assert!(is_prerelease("1.0.0-rc.1") && !is_prerelease("1.0.0+a-b"));
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in "[0-9a-b.+-]{1,8}", b in "[0-9a-b.+-]{1,8}", c in "[0-9a-b.+-]{1,8}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b).is_eq(), a == b);
            if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
                prop_assert!(compare(&a, &c).is_le());
            }
        }
    }
}
