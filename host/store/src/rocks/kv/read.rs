//! Reads of key-value entries. What has expired is passed over, whether or not it was removed.

use bytes::Bytes;
use rocksdb::DB;
use weir_model::Timestamp;

use crate::kv::{check_bucket, lives, millis};
use crate::{KvList, KvPage, KvPlace, KvValue, MAX_PAGE, StoreError, codec, keys};

use super::super::read::rows;
use super::super::{Family, read_error};

/// Rows and bytes that one page may pass over before it ends short, so that neither expired keys nor large values make it
/// dear.
const MAX_ROWS: usize = 10_000;
const MAX_BYTES: usize = 8 << 20;

pub(crate) fn kv_get(db: &DB, place: &KvPlace, now: Timestamp) -> Result<Option<KvValue>, StoreError> {
    let key = super::entry_key(place);
    let Some(value) = db.get_cf(Family::Kv.of(db)?, &key).map_err(read_error)? else { return Ok(None) };
    let (version, expires, body) = codec::read_kv(&value)?;
    if !lives(expires, millis(now)) {
        return Ok(None);
    }
    let body_at = value.len() - body.len();
    let ends = i64::try_from(expires).unwrap_or(i64::MAX);
    Ok(Some(KvValue {
        bytes: Bytes::from(value).slice(body_at..),
        version,
        expires_at: (expires != 0).then(|| Timestamp::from_millis(ends)),
    }))
}

pub(crate) fn kv_keys(db: &DB, list: &KvList<'_>) -> Result<KvPage, StoreError> {
    let KvList { tenant, bucket, prefix, after, limit, now } = *list;
    check_bucket(bucket)?;
    let (limit, now) = (limit.clamp(1, MAX_PAGE), millis(now));
    let mut from = Vec::new();
    keys::kv_entry(&mut from, tenant, bucket, "");
    let name_at = from.len();
    from.extend_from_slice(prefix.as_bytes());
    let mut to = from.clone();
    keys::behind(&mut to);
    if let Some(after) = after.filter(|after| *after >= prefix) {
        keys::kv_entry(&mut from, tenant, bucket, after);
        from.push(0);
    }
    let mut rows = rows(db, Family::Kv, from, to)?;
    let mut page = KvPage::default();
    let (mut seen, mut bytes) = (0, 0);
    rows.seek_to_first();
    while let Some((key, value)) = rows.item() {
        let name = std::str::from_utf8(key.get(name_at..).unwrap_or_default());
        let name = name.map_err(|error| StoreError::damaged("the name of a key", error))?;
        let (_, expires, _) = codec::read_kv(value)?;
        if lives(expires, now) {
            page.keys.push(name.to_owned());
        }
        seen += 1;
        bytes += value.len();
        let full = page.keys.len() >= limit || seen >= MAX_ROWS || bytes >= MAX_BYTES;
        let last = full.then(|| name.to_owned());
        rows.next();
        if last.is_some() {
            page.next = last.filter(|_| rows.valid());
            break;
        }
    }
    rows.status().map_err(read_error)?;
    Ok(page)
}
