//! Keys of the run log read back: for retention, which walks them, and for the check of a folder, which trusts none.

use weir_model::{FlowId, RunId, TenantId};

use super::{EventPrefix, ID, MILLIS_PER_DAY, RunPrefix, split_tenant, start};

/// A key of `runs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunRow {
    /// A summary.
    Summary(TenantId, RunId),
    /// The index row of a run under its flow.
    ByFlow(TenantId, FlowId, RunId),
}

/// `runs`: what all index rows of a tenant start with.
pub(crate) fn all_flow_runs(key: &mut Vec<u8>, tenant: &TenantId) {
    start(key, RunPrefix::ByFlow as u8, Some(tenant));
}

/// `runs`: what all summaries of all tenants start with.
pub(crate) fn all_summaries() -> Vec<u8> {
    vec![RunPrefix::Summary as u8]
}

/// What a key of `runs` stands for.
pub(crate) fn run_row(key: &[u8]) -> Option<RunRow> {
    let (prefix, rest) = key.split_first()?;
    let (tenant, rest) = split_tenant(rest)?;
    if *prefix == RunPrefix::Summary as u8 {
        return Some(RunRow::Summary(tenant, RunId::from_bytes(rest.try_into().ok()?)));
    }
    let (flow, run) = rest.split_first_chunk::<ID>()?;
    let row = RunRow::ByFlow(tenant, FlowId::from_bytes(*flow), RunId::from_bytes(run.try_into().ok()?));
    (*prefix == RunPrefix::ByFlow as u8).then_some(row)
}

/// The flow of an index row of `runs`.
pub(crate) fn flow_of(key: &[u8]) -> Option<FlowId> {
    match run_row(key)? {
        RunRow::ByFlow(_, flow, _) => Some(flow),
        RunRow::Summary(..) => None,
    }
}

/// The tenant, the run and the sequence of a key of `events`.
pub(crate) fn record_of(key: &[u8]) -> Option<(TenantId, RunId, u32)> {
    let (prefix, rest) = key.split_first()?;
    let (tenant, rest) = split_tenant(rest)?;
    let (day, rest) = rest.split_first_chunk::<4>()?;
    let (run, seq) = rest.split_first_chunk::<ID>()?;
    let (run, seq) = (RunId::from_bytes(*run), u32::from_be_bytes(seq.try_into().ok()?));
    let right = *prefix == EventPrefix::Record as u8
        && i64::from(u32::from_be_bytes(*day)) == run.made_at().as_millis() / MILLIS_PER_DAY;
    right.then_some((tenant, run, seq))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{built, run, tenant};
    use super::super::{flow_run, record, summary};
    use super::*;

    proptest! {
        #[test]
        fn keys_of_the_run_log_come_back(t in tenant(), f in any::<[u8; 16]>(), r in run(), seq in any::<u32>()) {
            let flow = FlowId::from_bytes(f);
            let (a, b) = (built(|k| summary(k, &t, r)), built(|k| flow_run(k, &t, flow, r)));
            prop_assert_eq!(run_row(&a), Some(RunRow::Summary(t.clone(), r)));
            prop_assert_eq!(run_row(&b), Some(RunRow::ByFlow(t.clone(), flow, r)));
            prop_assert_eq!((flow_of(&a), flow_of(&b)), (None, Some(flow)));
            let c = built(|k| record(k, &t, r, seq));
            prop_assert_eq!(record_of(&c), Some((t, r, seq)));
            for cut in [&a[..a.len() - 1], &b[..b.len() - 1], &c[..c.len() - 1]] {
                prop_assert!(run_row(cut).is_none() && record_of(cut).is_none());
            }
        }
    }
}
