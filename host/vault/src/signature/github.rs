//! GitHub: `X-Hub-Signature-256: sha256=<hex>` over the body. Neither time nor delivery id is signed.

use weir_model::SignatureDef;

use super::{Claim, Delivery, Kind, Scheme, SignatureError, header};

const SIGNATURE: &str = "x-hub-signature-256";

pub(super) struct Github;

impl Scheme for Github {
    fn read<'a>(&self, _: &'a SignatureDef, delivery: &Delivery<'a>) -> Result<Claim<'a>, SignatureError> {
        let text = header::one(delivery.headers, SIGNATURE)?;
        let hex = text.strip_prefix("sha256=");
        let hex = hex.ok_or_else(|| header::malformed(SIGNATURE, "it does not begin with `sha256=`"))?;
        let signatures = vec![(Kind::Hmac, header::hex(SIGNATURE, hex)?)];
        Claim { header: SIGNATURE, signed: vec![delivery.body], at: None, id: None, signatures }.checked()
    }
}
