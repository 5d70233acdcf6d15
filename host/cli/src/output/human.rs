//! Numbers and lengths as people read them. It formats; it measures nothing.

use weir_model::Timestamp;

/// Microseconds in the unit that suits them: `850 µs`, `12.3 ms`, `1.24 s`, `3 min 5 s`.
pub(crate) fn duration(micros: u64) -> String {
    let tenths = |n: u64, unit: u64| format!("{}.{}", n / unit, n % unit * 10 / unit);
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{} ms", tenths(micros, 1_000)),
        1_000_000..60_000_000 => format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000),
        _ => format!("{} min {} s", micros / 60_000_000, micros % 60_000_000 / 1_000_000),
    }
}

/// Bytes in the unit that suits them: `812 B`, `64.0 KiB`, `1.5 MiB`.
pub(crate) fn bytes(n: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", n / unit, n % unit * 10 / unit);
    match n {
        0..1_024 => format!("{n} B"),
        1_024..1_048_576 => format!("{} KiB", tenths(1 << 10)),
        1_048_576..1_073_741_824 => format!("{} MiB", tenths(1 << 20)),
        _ => format!("{} GiB", tenths(1 << 30)),
    }
}

/// A number with its thousands apart: `1,234,567`.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A moment to the second in UTC, as lists show it; `-` where there is none.
pub(crate) fn moment(at: Option<Timestamp>) -> String {
    let second = |at: Timestamp| at.to_string().replacen('T', " ", 1).chars().take(19).collect();
    at.map_or_else(|| "-".into(), second)
}

/// Text cut after `most` characters, with how many more there were.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => {
            let (head, rest) = text.split_at(at);
            format!("{head}… ({} more characters)", grouped(u64::try_from(rest.chars().count()).unwrap_or(u64::MAX)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(duration(850), "850 µs");
        assert_eq!(duration(12_349), "12.3 ms");
        assert_eq!(duration(1_249_000), "1.24 s");
        assert_eq!(duration(185_000_000), "3 min 5 s");
        assert_eq!(bytes(1_572_864), "1.5 MiB");
        assert_eq!([grouped(0), grouped(999), grouped(1_234_567)], ["0", "999", "1,234,567"]);
        assert_eq!(moment(Some(Timestamp::from_millis(1_795_512_345_678))), "2026-11-24 09:25:45");
        assert_eq!(cut("grüße", 3), "grü… (2 more characters)");
    }
}
