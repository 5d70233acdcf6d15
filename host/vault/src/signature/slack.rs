//! Slack: `X-Slack-Signature: v0=<hex>` over `v0:{timestamp}:{body}`, the time in `X-Slack-Request-Timestamp`.

use weir_model::SignatureDef;

use super::{Claim, Delivery, Kind, Scheme, SignatureError, header};

const SIGNATURE: &str = "x-slack-signature";
const TIMESTAMP: &str = "x-slack-request-timestamp";

pub(super) struct Slack;

impl Scheme for Slack {
    fn read<'a>(&self, _: &'a SignatureDef, delivery: &Delivery<'a>) -> Result<Claim<'a>, SignatureError> {
        let timestamp = header::one(delivery.headers, TIMESTAMP)?;
        let at = Some(header::seconds(TIMESTAMP, timestamp)?);
        let text = header::one(delivery.headers, SIGNATURE)?;
        let hex = text.strip_prefix("v0=");
        let hex = hex.ok_or_else(|| header::malformed(SIGNATURE, "it does not begin with `v0=`"))?;
        let signatures = vec![(Kind::Hmac, header::hex(SIGNATURE, hex)?)];
        let signed = vec![&b"v0:"[..], timestamp.as_bytes(), b":", delivery.body];
        Claim { header: SIGNATURE, signed, at, id: None, signatures }.checked()
    }
}
