//! Stripe: `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=…]` over `{t}.{body}`. Other kinds than `v1` are passed over.

use weir_model::SignatureDef;

use super::{Claim, Delivery, Kind, Scheme, SignatureError, header};

const SIGNATURE: &str = "stripe-signature";

pub(super) struct Stripe;

impl Scheme for Stripe {
    fn read<'a>(&self, _: &'a SignatureDef, delivery: &Delivery<'a>) -> Result<Claim<'a>, SignatureError> {
        let mut timestamp = None;
        let mut signatures = Vec::new();
        for item in header::one(delivery.headers, SIGNATURE)?.split(',') {
            match item.split_once('=') {
                Some(("t", _)) if timestamp.is_some() => {
                    return Err(header::malformed(SIGNATURE, "it has more than one time"));
                }
                Some(("t", text)) => timestamp = Some(text),
                Some(("v1", hex)) => signatures.push((Kind::Hmac, header::hex(SIGNATURE, hex)?)),
                Some(_) => {}
                None => return Err(header::malformed(SIGNATURE, "it is no list such as `t=…,v1=…`")),
            }
        }
        let timestamp = timestamp.ok_or_else(|| header::malformed(SIGNATURE, "it has no time `t=`"))?;
        let at = Some(header::seconds(SIGNATURE, timestamp)?);
        let signed = vec![timestamp.as_bytes(), b".", delivery.body];
        Claim { header: SIGNATURE, signed, at, id: None, signatures }.checked()
    }
}
