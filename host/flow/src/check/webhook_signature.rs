//! Checks how a hook's callers sign: the scheme, and what only some schemes can be told. It verifies nothing.

use std::time::Duration;

use weir_model::{Algorithm, Encoding, Scheme, SignatureDef, SignedText, Span};

use super::near::instead;
use super::shape::{Part, Report};
use super::webhook_auth::AUTH;

const KEYS: &[&str] = &["scheme", "secret", "tolerance", "replay"];
const GENERIC_KEYS: &[&str] = &["header", "algorithm", "encoding", "prefix", "timestamp_header", "template"];
const ALGORITHMS: &[(&str, Algorithm)] =
    &[("sha1", Algorithm::Sha1), ("sha256", Algorithm::Sha256), ("sha512", Algorithm::Sha512)];
const ENCODINGS: &[(&str, Encoding)] = &[("hex", Encoding::Hex), ("base64", Encoding::Base64)];
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 3_600);
const MOST_PREFIX: usize = 64;

impl Report<'_> {
    pub(super) fn signature(&mut self, auth: &Part<'_>) -> Option<SignatureDef> {
        let part = self.object(auth, "signature")?;
        self.known(&part, &[KEYS, GENERIC_KEYS].concat());
        let scheme = self.scheme(&part);
        let secret = self.secrets(&part, "secret");
        let tolerance = self.tolerance(&part);
        let replay = self.flag(&part, "replay");
        let is_generic = scheme.is_some_and(|scheme| scheme.name() == Scheme::GENERIC);
        if let Some(scheme) = scheme.filter(|_| !is_generic) {
            for key in GENERIC_KEYS.iter().filter(|key| Self::given(&part, key).is_some()) {
                let name = scheme.name();
                let message =
                    format!("`{key}` is for the scheme `generic` alone: take it out, `{name}` says it itself");
                self.error(AUTH, &part, key, message);
            }
        }
        let mut def = SignatureDef {
            scheme: scheme?,
            secret: secret?,
            tolerance,
            replay,
            header: None,
            algorithm: None,
            encoding: None,
            prefix: None,
            timestamp_header: None,
            template: None,
        };
        if is_generic {
            self.generic(&part, &mut def);
        }
        if tolerance.is_some() && !def.is_timed() {
            let message = if is_generic {
                "no time is signed, so there is nothing to tolerate: name the `timestamp_header`, or take `tolerance` out"
            } else {
                "this scheme signs no time, so there is nothing to tolerate: take `tolerance` out; `replay: true` refuses \
                 what came before"
            };
            self.error(AUTH, &part, "tolerance", message.to_owned());
        }
        Some(def)
    }

    fn scheme(&mut self, part: &Part<'_>) -> Option<Scheme> {
        let names = || Scheme::ALL.iter().map(|info| info.name);
        if Self::given(part, "scheme").is_none() {
            let hint = format!("say whose way of signing it is; {}", instead("", names()));
            self.missing(part, "scheme", &hint);
        }
        let name = self.text(part, "scheme")?;
        let scheme = Scheme::named(name);
        if scheme.is_none() {
            let shown: String = name.chars().take(40).collect();
            let message = format!("`{shown}` is no scheme of signatures: {}", instead(name, names()));
            self.error(AUTH, part, "scheme", message);
        }
        scheme
    }

    fn tolerance(&mut self, part: &Part<'_>) -> Option<Span> {
        let tolerance: Span = self.parsed(part, "tolerance", AUTH)?;
        if !(SHORTEST..=LONGEST).contains(&tolerance.duration()) {
            let message = format!("a signature cannot be {tolerance} old: write a time from 1s to 24h, such as 5m");
            self.error(AUTH, part, "tolerance", message);
        }
        Some(tolerance)
    }

    /// What the flow says of an HMAC that has no scheme of its own.
    fn generic(&mut self, part: &Part<'_>, def: &mut SignatureDef) {
        let hint = "name the header with the signature, such as `header: x-signature`";
        def.header = self.header_name(part, "header", hint);
        def.algorithm = self.choice(part, "algorithm", ALGORITHMS);
        def.encoding = self.choice(part, "encoding", ENCODINGS);
        def.prefix = self.text(part, "prefix").map(str::to_owned);
        if def.prefix.as_ref().is_some_and(|prefix| prefix.len() > MOST_PREFIX || prefix.contains([',', ' '])) {
            let message = "`prefix` has at most 64 bytes and neither comma nor blank, which stand between signatures";
            self.error(AUTH, part, "prefix", message.to_owned());
        }
        if Self::given(part, "timestamp_header").is_some() {
            def.timestamp_header = self.header_name(part, "timestamp_header", "");
        }
        def.template = self.parsed(part, "template", AUTH);
        let is_signed = def.template.as_ref().map(SignedText::has_timestamp);
        match (is_signed, def.timestamp_header.is_some()) {
            (Some(true), false) => {
                let message = "`template` has a time: name the header that it comes in with `timestamp_header`";
                self.error(AUTH, part, "template", message.to_owned());
            }
            (Some(false), true) => {
                let message = "the time is not signed, so anybody could set it: write `{timestamp}` into `template`, or \
                               take `timestamp_header` out";
                self.error(AUTH, part, "timestamp_header", message.to_owned());
            }
            _ => {}
        }
    }

    fn choice<T: Copy>(&mut self, part: &Part<'_>, key: &str, choices: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(part, key)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        if found.is_none() {
            let shown: String = text.chars().take(40).collect();
            let names = choices.iter().map(|(name, _)| *name);
            self.error(AUTH, part, key, format!("`{shown}` is not known as `{key}`: {}", instead(text, names)));
        }
        found
    }
}
