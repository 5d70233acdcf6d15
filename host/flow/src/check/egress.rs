//! Checks where a flow says its requests may go. It reads patterns; whether a host is one of them is found out when a
//! request is sent.

use weir_model::{EgressDef, HostPattern};

use super::shape::{Part, Report};

pub(super) const EGRESS_KEYS: &[&str] = &["hosts"];
const CODE: &str = "WEIR-FLOW-EGRESS";
const MOST_HOSTS: usize = 100;

impl Report<'_> {
    pub(super) fn egress(&mut self, flow: &Part<'_>) -> Option<EgressDef> {
        let part = self.object(flow, "egress")?;
        self.known(&part, EGRESS_KEYS);
        let Some(texts) = self.texts(&part, "hosts") else {
            if Self::given(&part, "hosts").is_none() {
                self.missing(&part, "hosts", "list the hosts that may be called, such as `[api.example.com]`");
            }
            return None;
        };
        if texts.len() > MOST_HOSTS {
            let message = format!(
                "{} hosts are listed, {MOST_HOSTS} are allowed: use patterns such as *.example.com",
                texts.len()
            );
            self.error(CODE, &part, "hosts", message);
        }
        let mut hosts = Vec::with_capacity(texts.len());
        for (index, text) in texts {
            match text.parse::<HostPattern>() {
                Ok(host) => hosts.push(host),
                Err(error) => self.item(&part, "hosts", index, CODE, error.to_string()),
            }
        }
        Some(EgressDef { hosts })
    }
}
