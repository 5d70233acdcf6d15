//! RocksDB's settings, each with its reason. Sizes keep the whole process small; promises come first.

use rocksdb::{BlockBasedOptions, Cache, DBCompressionType, DBRecoveryMode, LogLevel, WriteBufferManager};

use crate::KvQuota;

use super::Family;

/// How the store uses memory and files.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of cache for blocks read from disk; what was written last and is not yet in a file is counted into it.
    pub cache_bytes: usize,
    /// Most files open at once.
    pub max_open_files: u32,
    /// What each tenant may keep in the key-value store.
    pub kv: KvQuota,
    /// How many batches a migration may write before it stops with an error, as if it had been killed; none for all.
    #[doc(hidden)]
    pub migrate_batches: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, max_open_files: 512, kv: KvQuota::default(), migrate_batches: None }
    }
}

/// What all families share, so that one number bounds the memory of all.
pub(super) struct Shared {
    cache: Cache,
    buffers: WriteBufferManager,
}

impl Shared {
    pub(super) fn new(options: &Options) -> Self {
        let cache = Cache::new_lru_cache(options.cache_bytes);
        // Never stall on it: it bounds memory by flushing earlier; the channel in front of the writer is the back-pressure.
        let limit = options.cache_bytes * 3 / 8;
        Self { buffers: WriteBufferManager::new_write_buffer_manager_with_cache(limit, false, cache.clone()), cache }
    }
}

pub(super) fn db(options: &Options, shared: &Shared) -> rocksdb::Options {
    let mut db = rocksdb::Options::default();
    db.create_if_missing(true);
    db.create_missing_column_families(true);

    // Promises. A torn tail of the log is what a power cut leaves; everything before it was acknowledged and is kept.
    db.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    // A log file that went missing is noticed at start instead of passed over.
    db.set_track_and_verify_wals_in_manifest(true);
    db.set_paranoid_checks(true);

    // Memory and files.
    db.set_write_buffer_manager(&shared.buffers);
    // Table readers hold memory each; with a bound, files are opened when they are read and not all at start.
    db.set_max_open_files(i32::try_from(options.max_open_files).unwrap_or(i32::MAX));
    db.set_skip_stats_update_on_db_open(true);
    // What a start must read again at most, and so how long it may take.
    db.set_max_total_wal_size(64 << 20);
    // Spread writing over time, so that neither a flush nor a second of unsynced entries delays the next sync by one burst.
    db.set_bytes_per_sync(1 << 20);
    db.set_wal_bytes_per_sync(1 << 20);

    // One flush and one compaction beside the server's own threads.
    db.set_max_background_jobs(2);
    // A single writer: the locking that concurrent inserts need buys nothing.
    db.set_allow_concurrent_memtable_write(false);

    // RocksDB's own log: little of it, and no thread that prints statistics.
    db.set_log_level(LogLevel::Warn);
    db.set_keep_log_file_num(4);
    db.set_max_log_file_size(4 << 20);
    db.set_stats_dump_period_sec(0);
    db.set_stats_persist_period_sec(0);
    db
}

pub(super) fn family(family: Family, shared: &Shared) -> rocksdb::Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&shared.cache);
    table.set_block_size(16 << 10);
    table.set_format_version(6);
    // Indexes and filters live in the cache as well, else memory would grow with the data.
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_optimize_filters_for_memory(true);
    // Single keys are looked up everywhere, often such that do not exist.
    table.set_bloom_filter(10.0, false);

    let mut options = rocksdb::Options::default();
    options.set_block_based_table_factory(&table);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_level_compaction_dynamic_level_bytes(true);
    options.set_max_write_buffer_number(3);
    options.set_write_buffer_size(match family {
        // Where nearly all bytes go: larger files in level 0, fewer compactions.
        Family::Events => 16 << 20,
        Family::Runs | Family::Queue | Family::Artifacts | Family::Kv => 8 << 20,
        Family::Dedupe => 4 << 20,
        Family::Meta => 2 << 20,
    });
    if family == Family::Artifacts {
        // Components are large and never change: compactions move their keys, not their bytes.
        options.set_enable_blob_files(true);
        options.set_min_blob_size(4 << 10);
        options.set_blob_compression_type(DBCompressionType::Lz4);
        options.set_enable_blob_gc(true);
    }
    options
}
