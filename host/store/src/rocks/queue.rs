//! Reads of the queue: states by their run, places in their order. It must not decide what is due or whose turn it is.

use rocksdb::{DB, DBRawIterator, ReadOptions};
use weir_model::{FlowId, RunId, TenantId};

use crate::{MAX_PAGE, QueueKey, QueuedRun, StoreError, When, codec, keys};

use super::front::Fronts;
use super::read::rows;
use super::{Family, read_error};

/// Bytes that a walk over all states reads ahead.
const READ_AHEAD: usize = 1 << 20;

pub(crate) fn queued(db: &DB, tenant: &TenantId, run: RunId) -> Result<Option<QueuedRun>, StoreError> {
    let mut key = Vec::with_capacity(96);
    keys::state(&mut key, tenant, run);
    let Some(value) = db.get_pinned_cf(Family::Queue.of(db)?, &key).map_err(read_error)? else { return Ok(None) };
    codec::read_queued(tenant.clone(), run, &value).map(Some)
}

pub(crate) fn ready(
    db: &DB,
    fronts: &Fronts,
    tenant: &TenantId,
    after: Option<&QueueKey>,
    limit: usize,
) -> Result<Vec<QueueKey>, StoreError> {
    let limit = limit.min(MAX_PAGE);
    let mut line = Vec::with_capacity(96);
    keys::ready(&mut line, tenant);
    let Some(after) = after else { return front(db, fronts, &line, limit, keys::place_of) };
    let mut from = Vec::with_capacity(96);
    keys::place(&mut from, &QueueKey { when: When::Ready, tenant: tenant.clone(), ..after.clone() });
    from.push(0);
    keys::behind(&mut line);
    let mut rows = rows(db, Family::Queue, from, line)?;
    rows.seek_to_first();
    take(&mut rows, limit, keys::place_of)
}

pub(crate) fn timers(db: &DB, fronts: &Fronts, when: When, limit: usize) -> Result<Vec<QueueKey>, StoreError> {
    let mut line = Vec::new();
    if keys::timers(&mut line, when) { front(db, fronts, &line, limit, keys::place_of) } else { Ok(Vec::new()) }
}

pub(crate) fn head(db: &DB, fronts: &Fronts, tenant: &TenantId, flow: FlowId) -> Result<Option<RunId>, StoreError> {
    let mut line = Vec::with_capacity(96);
    keys::ordered(&mut line, tenant, flow);
    let first = front(db, fronts, &line, 1, |row| keys::order_of(row).map(|(_, _, run)| run))?;
    Ok(first.first().copied())
}

pub(crate) fn ready_tenants(db: &DB) -> Result<Vec<TenantId>, StoreError> {
    let mut all = Vec::new();
    keys::all_ready(&mut all);
    hop(db, all, |row, next| {
        let QueueKey { tenant, .. } = keys::place_of(row)?;
        keys::ready(next, &tenant);
        Some(tenant)
    })
}

pub(crate) fn ordered_flows(db: &DB) -> Result<Vec<(TenantId, FlowId)>, StoreError> {
    let mut all = Vec::new();
    keys::all_ordered(&mut all);
    hop(db, all, |row, next| {
        let (tenant, flow, _) = keys::order_of(row)?;
        keys::ordered(next, &tenant, flow);
        Some((tenant, flow))
    })
}

pub(crate) fn queue_counts(db: &DB) -> Result<Vec<(TenantId, u64)>, StoreError> {
    let (mut from, mut to) = (Vec::new(), Vec::new());
    keys::states(&mut from);
    keys::states(&mut to);
    keys::behind(&mut to);
    let mut options = ReadOptions::default();
    options.set_iterate_lower_bound(from);
    options.set_iterate_upper_bound(to);
    // It passes over every state once; they would push everything else out.
    options.fill_cache(false);
    options.set_readahead_size(READ_AHEAD);
    let mut rows = db.raw_iterator_cf_opt(Family::Queue.of(db)?, options);
    let mut counts: Vec<(TenantId, u64)> = Vec::new();
    rows.seek_to_first();
    while let Some(row) = rows.key() {
        let (tenant, _) = keys::state_of(row).ok_or_else(damaged)?;
        match counts.last_mut() {
            Some((last, count)) if *last == tenant => *count += 1,
            _ => counts.push((tenant, 1)),
        }
        rows.next();
    }
    rows.status().map_err(read_error)?;
    Ok(counts)
}

fn damaged() -> StoreError {
    StoreError::damaged("queue", "a row that stands for nothing")
}

/// What the first rows of a line stand for.
fn front<T>(
    db: &DB,
    fronts: &Fronts,
    line: &[u8],
    limit: usize,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<Vec<T>, StoreError> {
    let mut to = line.to_vec();
    keys::behind(&mut to);
    let look = fronts.look(line);
    let mut rows = rows(db, Family::Queue, look.from.clone(), to.clone())?;
    rows.seek_to_first();
    let first = rows.key().map_or(to, <[u8]>::to_vec);
    let found = take(&mut rows, limit, read)?;
    fronts.found(line, &look, first);
    Ok(found)
}

/// What the next rows stand for.
fn take<T>(
    rows: &mut DBRawIterator<'_>,
    limit: usize,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    while found.len() < limit {
        let Some(row) = rows.key() else { break };
        found.push(read(row).ok_or_else(damaged)?);
        rows.next();
    }
    rows.status().map_err(read_error)?;
    Ok(found)
}

/// Goes over the rows under a prefix by what they start with: `read` says what the first row of each group stands for, and
/// fills in what the group starts with.
fn hop<T>(db: &DB, prefix: Vec<u8>, read: impl Fn(&[u8], &mut Vec<u8>) -> Option<T>) -> Result<Vec<T>, StoreError> {
    let mut to = prefix.clone();
    keys::behind(&mut to);
    let mut rows = rows(db, Family::Queue, prefix, to)?;
    let (mut found, mut next) = (Vec::new(), Vec::new());
    rows.seek_to_first();
    while let Some(row) = rows.key() {
        found.push(read(row, &mut next).ok_or_else(damaged)?);
        keys::behind(&mut next);
        rows.seek(&next);
    }
    rows.status().map_err(read_error)?;
    Ok(found)
}

#[cfg(test)]
mod tests;
