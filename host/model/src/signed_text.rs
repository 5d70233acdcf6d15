//! What a sender signs, as an author writes it: text with places for the time and the body. It reads the form alone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is signed, such as `{timestamp}.{body}`. The body stands in it exactly once, the time at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedText(Vec<SignedPart>);

/// A part of what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedPart {
    /// Text as it stands.
    Text(String),
    /// The time as it was sent.
    Timestamp,
    /// The body's bytes.
    Body,
}

/// Why a text does not say what is signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedTextError {
    /// The body is missing or there twice.
    #[error("the body stands in it {0} times: write `{{body}}` once, such as {{timestamp}}.{{body}}")]
    Body(usize),
    /// The time is there twice.
    #[error("the time stands in it {0} times: write `{{timestamp}}` once, or not at all")]
    Timestamp(usize),
    /// It has a brace that opens or closes none of the two.
    #[error("a brace stands for nothing here: there are `{{timestamp}}` and `{{body}}`")]
    Brace,
    /// It is longer than anybody's.
    #[error("it has more than 256 bytes: shorten it")]
    TooLong,
}

impl SignedText {
    const MOST_BYTES: usize = 256;

    /// The body alone.
    pub fn body() -> Self {
        Self(vec![SignedPart::Body])
    }

    /// The time, a full stop, the body.
    pub fn timestamp_and_body() -> Self {
        Self(vec![SignedPart::Timestamp, SignedPart::Text(".".to_owned()), SignedPart::Body])
    }

    /// Its parts in order.
    pub fn parts(&self) -> &[SignedPart] {
        &self.0
    }

    /// Whether the time is signed.
    pub fn has_timestamp(&self) -> bool {
        self.0.contains(&SignedPart::Timestamp)
    }
}

impl FromStr for SignedText {
    type Err = SignedTextError;

    fn from_str(text: &str) -> Result<Self, SignedTextError> {
        if text.len() > Self::MOST_BYTES {
            return Err(SignedTextError::TooLong);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let found = [("{timestamp}", SignedPart::Timestamp), ("{body}", SignedPart::Body)]
                .into_iter()
                .find_map(|(name, part)| Some((rest.strip_prefix(name)?, part)));
            let (after, part) = match found {
                Some(found) => found,
                None => {
                    let end = rest.find('{').unwrap_or(rest.len());
                    let (plain, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                    if plain.is_empty() || plain.contains('}') {
                        return Err(SignedTextError::Brace);
                    }
                    (after, SignedPart::Text(plain.to_owned()))
                }
            };
            parts.push(part);
            rest = after;
        }
        let count = |wanted: &SignedPart| parts.iter().filter(|part| *part == wanted).count();
        match (count(&SignedPart::Body), count(&SignedPart::Timestamp)) {
            (1, 0 | 1) => Ok(Self(parts)),
            (1, times) => Err(SignedTextError::Timestamp(times)),
            (times, _) => Err(SignedTextError::Body(times)),
        }
    }
}

impl fmt::Display for SignedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            SignedPart::Text(text) => f.write_str(text),
            SignedPart::Timestamp => f.write_str("{timestamp}"),
            SignedPart::Body => f.write_str("{body}"),
        })
    }
}

impl Serialize for SignedText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SignedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_stands_in_it_once_and_the_time_once_or_not() {
        for good in ["{body}", "{timestamp}.{body}", "v0:{timestamp}:{body}", "{body}{timestamp}", "ä{body}\n"] {
            let read: SignedText = good.parse().unwrap();
            assert_eq!(read.to_string(), good);
            assert_eq!(read.has_timestamp(), good.contains("timestamp"));
        }
        assert_eq!("{timestamp}.{body}".parse(), Ok(SignedText::timestamp_and_body()));
        for (bad, why) in [
            ("", SignedTextError::Body(0)),
            ("{timestamp}", SignedTextError::Body(0)),
            ("{body}{body}", SignedTextError::Body(2)),
            ("{timestamp}{timestamp}{body}", SignedTextError::Timestamp(2)),
            ("{id}.{body}", SignedTextError::Brace),
            ("{body}}", SignedTextError::Brace),
            ("{body", SignedTextError::Brace),
            (&"x".repeat(300), SignedTextError::TooLong),
        ] {
            assert_eq!(bad.parse::<SignedText>(), Err(why), "{bad}");
        }
    }
}
