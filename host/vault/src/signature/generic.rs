//! An HMAC whose header, hash function, encoding and signed text the flow gives.

use weir_model::{SignatureDef, SignedPart, SignedText};

use super::{Claim, Delivery, Kind, Scheme, SignatureError, header};

pub(super) struct Generic;

impl Scheme for Generic {
    fn read<'a>(&self, def: &'a SignatureDef, delivery: &Delivery<'a>) -> Result<Claim<'a>, SignatureError> {
        let name = def.header.as_deref().unwrap_or_default();
        let timestamp = def.timestamp_header.as_deref().map(|name| header::one(delivery.headers, name)).transpose()?;
        let at = match (timestamp, &def.timestamp_header) {
            (Some(text), Some(name)) => Some(header::seconds_or_millis(name, text)?),
            _ => None,
        };
        let (prefix, encoding) = (def.prefix.as_deref().unwrap_or_default(), def.encoding.unwrap_or_default());
        let mut signatures = Vec::new();
        for item in header::one(delivery.headers, name)?.split([',', ' ']).filter(|item| !item.is_empty()) {
            let text = item.strip_prefix(prefix);
            let text = text.ok_or_else(|| header::malformed(name, "it does not begin with the flow's `prefix`"))?;
            signatures.push((Kind::Hmac, header::encoded(name, text, encoding)?));
        }
        let signed = signed(def, timestamp, delivery.body);
        Claim { header: name, signed, at, id: None, signatures }.checked()
    }
}

fn signed<'a>(def: &'a SignatureDef, timestamp: Option<&'a str>, body: &'a [u8]) -> Vec<&'a [u8]> {
    let timestamp = timestamp.unwrap_or_default().as_bytes();
    let part = |part: &'a SignedPart| match part {
        SignedPart::Text(text) => text.as_bytes(),
        SignedPart::Timestamp => timestamp,
        SignedPart::Body => body,
    };
    match def.template.as_ref().map(SignedText::parts) {
        Some(parts) => parts.iter().map(part).collect(),
        None if def.timestamp_header.is_some() => vec![timestamp, b".", body],
        None => vec![body],
    }
}
