//! Reads: single keys, and pages in key order. Each page is bounded in items and in what it may look at.

use bytes::Bytes;
use rocksdb::{DB, DBRawIterator, ReadOptions};
use weir_model::{ArtifactHash, Json, RunId, RunSummary, TenantId};

use crate::{Doc, DocKey, DocKind, MAX_PAGE, Page, RunFilter, StoreError, codec, keys};

use super::sink::{RESUME, WHOLE};
use super::{Family, read_error};

/// Rows that one page of runs may pass over before it ends short, so that a filter that matches little stays cheap.
const MAX_ROWS: usize = 100_000;

pub(crate) fn doc(db: &DB, key: &DocKey) -> Result<Option<Doc>, StoreError> {
    let mut bytes = Vec::new();
    keys::doc(&mut bytes, key.kind, key.tenant.as_ref(), &key.name);
    let Some(value) = db.get_pinned_cf(Family::Meta.of(db)?, &bytes).map_err(read_error)? else { return Ok(None) };
    let (revision, body) = codec::read_doc(&value)?;
    Ok(Some(Doc { key: key.clone(), revision, body: Bytes::copy_from_slice(body) }))
}

pub(crate) fn docs(
    db: &DB,
    kind: DocKind,
    tenant: Option<&TenantId>,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Doc>, StoreError> {
    let (mut from, mut to) = (Vec::new(), Vec::new());
    keys::doc(&mut from, kind, tenant, "");
    let name_at = from.len();
    keys::doc(&mut to, kind, tenant, prefix);
    from.extend_from_slice(prefix.as_bytes());
    if let Some(after) = after.filter(|after| *after >= prefix) {
        keys::doc(&mut from, kind, tenant, after);
        from.push(0);
    }
    keys::behind(&mut to);
    let mut rows = rows(db, Family::Meta, from, to)?;
    let mut docs = Vec::new();
    rows.seek_to_first();
    while let Some((key, value)) = rows.item() {
        if docs.len() >= limit.min(MAX_PAGE) {
            break;
        }
        let name = key.get(name_at..).unwrap_or_default();
        let name = std::str::from_utf8(name).map_err(|error| StoreError::damaged("a document's name", error))?;
        let (revision, body) = codec::read_doc(value)?;
        docs.push(Doc { key: DocKey::new(kind, tenant, name), revision, body: Bytes::copy_from_slice(body) });
        rows.next();
    }
    rows.status().map_err(read_error)?;
    Ok(docs)
}

pub(crate) fn artifact(db: &DB, hash: &ArtifactHash) -> Result<Option<Bytes>, StoreError> {
    let mut key = Vec::new();
    keys::artifact(&mut key, hash);
    let mut options = ReadOptions::default();
    // A component is read once and then held compiled; it would only push everything else out.
    options.fill_cache(false);
    let value = db.get_cf_opt(Family::Artifacts.of(db)?, &key, &options).map_err(read_error)?;
    Ok(value.map(Bytes::from))
}

pub(crate) fn run(db: &DB, tenant: &TenantId, run: RunId) -> Result<Option<Json>, StoreError> {
    let mut key = Vec::new();
    keys::summary(&mut key, tenant, run);
    // Before the record: a run that ends between the two reads has it then. The other way round, the summary of an ended
    // run would stand for its record.
    let summary = db.get_pinned_cf(Family::Runs.of(db)?, &key).map_err(read_error)?;
    keys::record(&mut key, tenant, run, WHOLE);
    if let Some(record) = db.get_cf(Family::Events.of(db)?, &key).map_err(read_error)? {
        return json(record).map(Some);
    }
    let Some(value) = summary else { return Ok(None) };
    let (_, summary) = codec::Marks::split(&value)?;
    json(summary.to_vec()).map(Some)
}

pub(crate) fn resume_state(db: &DB, tenant: &TenantId, run: RunId) -> Result<Option<Bytes>, StoreError> {
    let mut key = Vec::new();
    keys::record(&mut key, tenant, run, RESUME);
    let state = db.get_cf(Family::Events.of(db)?, &key).map_err(read_error)?;
    Ok(state.map(Bytes::from))
}

fn json(bytes: Vec<u8>) -> Result<Json, StoreError> {
    let text = String::from_utf8(bytes).map_err(|error| StoreError::damaged("a run's record", error))?;
    Json::parse(text).map_err(|error| StoreError::damaged("a run's record", error))
}

pub(crate) fn runs(db: &DB, filter: &RunFilter, after: Option<&str>, limit: usize) -> Result<Page, StoreError> {
    let limit = limit.clamp(1, MAX_PAGE);
    let mut rows = run_rows(db, filter, after)?;
    let mut items = Vec::new();
    let mut seen = 0;
    let mut next = None;
    rows.seek_to_last();
    while let Some((key, value)) = rows.item() {
        let run = keys::run_of(key).ok_or_else(|| StoreError::damaged("runs", "a key without a run"))?;
        let (marks, summary) = codec::Marks::split(value)?;
        seen += 1;
        let wanted = filter.outcome.is_none_or(|outcome| outcome == marks.outcome)
            && filter.mode.is_none_or(|mode| mode == marks.mode);
        if wanted {
            items.extend(if filter.flow.is_none() {
                Some(codec::read_summary(summary)?)
            } else {
                summary_of(db, &filter.tenant, run)?
            });
        }
        rows.prev();
        if items.len() >= limit || seen >= MAX_ROWS {
            next = rows.valid().then(|| run.to_string());
            break;
        }
    }
    rows.status().map_err(read_error)?;
    Ok(Page { items, next })
}

/// The rows that a list walks, from the last to the first: all summaries of the tenant, or the index of one flow.
fn run_rows<'a>(db: &'a DB, filter: &RunFilter, after: Option<&str>) -> Result<DBRawIterator<'a>, StoreError> {
    let mut base = Vec::new();
    match filter.flow {
        Some(flow) => keys::flow_runs(&mut base, &filter.tenant, flow),
        None => keys::summaries(&mut base, &filter.tenant),
    }
    let mut from = base.clone();
    if let Some(since) = filter.since {
        keys::made_at(&mut from, since);
    }
    let mut to = base.clone();
    match filter.until {
        Some(until) => keys::made_at(&mut to, until),
        None => keys::behind(&mut to),
    }
    if let Some(cursor) = after {
        let wrong = |_| StoreError::Cursor { cursor: cursor.chars().take(80).collect() };
        let run: RunId = cursor.parse().map_err(wrong)?;
        base.extend_from_slice(run.as_bytes());
        to = to.min(base);
    }
    rows(db, Family::Runs, from, to)
}

/// The summary that an index row points to; none where it was removed in the meantime.
fn summary_of(db: &DB, tenant: &TenantId, run: RunId) -> Result<Option<RunSummary>, StoreError> {
    let mut key = Vec::new();
    keys::summary(&mut key, tenant, run);
    let Some(value) = db.get_pinned_cf(Family::Runs.of(db)?, &key).map_err(read_error)? else { return Ok(None) };
    let (_, summary) = codec::Marks::split(&value)?;
    codec::read_summary(summary).map(Some)
}

/// Rows from `from` to before `to`; an empty bound is none.
pub(super) fn rows(db: &DB, family: Family, from: Vec<u8>, mut to: Vec<u8>) -> Result<DBRawIterator<'_>, StoreError> {
    let mut options = ReadOptions::default();
    if !to.is_empty() {
        // RocksDB wants its bounds in order.
        if to < from {
            to.clone_from(&from);
        }
        options.set_iterate_upper_bound(to);
    }
    if !from.is_empty() {
        options.set_iterate_lower_bound(from);
    }
    Ok(db.raw_iterator_cf_opt(family.of(db)?, options))
}
