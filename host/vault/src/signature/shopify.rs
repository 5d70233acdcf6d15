//! Shopify: `X-Shopify-Hmac-Sha256: <base64>` over the body. Neither time nor ids are signed.

use weir_model::SignatureDef;

use super::{Claim, Delivery, Kind, Scheme, SignatureError, header};

const SIGNATURE: &str = "x-shopify-hmac-sha256";

pub(super) struct Shopify;

impl Scheme for Shopify {
    fn read<'a>(&self, _: &'a SignatureDef, delivery: &Delivery<'a>) -> Result<Claim<'a>, SignatureError> {
        let text = header::one(delivery.headers, SIGNATURE)?;
        let signatures = vec![(Kind::Hmac, header::base64(SIGNATURE, text)?)];
        Claim { header: SIGNATURE, signed: vec![delivery.body], at: None, id: None, signatures }.checked()
    }
}
