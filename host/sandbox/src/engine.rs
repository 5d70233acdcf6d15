//! The one wasmtime engine and its settings, each with its reason. It compiles and maps code; it must not run any.

use std::num::NonZeroUsize;
use std::path::Path;

use wasmtime::component::Component;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, WasmBacktraceDetails,
};

use crate::SandboxError;

/// The most that one linear memory can grow to, whatever the limits of a call say.
pub(crate) const MAX_MEMORY_BYTES: usize = 256 << 20;

/// The most elements that one table can have.
pub(crate) const MAX_TABLE_ELEMENTS: usize = 20_000;

/// The most core instances and memories that one component can have: interpreters come with up to 34 instances.
pub(crate) const MAX_INSTANCES: u32 = 64;
pub(crate) const MAX_MEMORIES: u32 = 4;

/// The most memories and tables that one module can declare.
pub(crate) const MAX_MODULE_MEMORIES: u32 = 1;
pub(crate) const MAX_MODULE_TABLES: u32 = 2;

/// An engine with room for `instances` calls at a time.
pub(crate) fn engine(instances: u32) -> Result<Engine, SandboxError> {
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(instances)));
    match Engine::new(&config) {
        Ok(engine) => Ok(engine),
        Err(error) => {
            // The pool reserves 4 GiB of address space for each memory: some machines do not grant that much.
            tracing::warn!(%error, "no address space for a pool of instances; each call maps its own memory, which is slower");
            on_demand()
        }
    }
}

/// An engine without a pool and its address space: for machines that do not grant it, and for the compiler's process. How
/// instances are allocated is no setting of the compiler, so that the code of either engine fits the other.
pub(crate) fn on_demand() -> Result<Engine, SandboxError> {
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    Engine::new(&config).map_err(|error| SandboxError::Engine { reason: format!("{error:#}") })
}

/// The same engine without metering, to measure what limits cost.
#[cfg(test)]
pub(crate) fn without_fuel() -> Engine {
    let mut config = config();
    config.consume_fuel(false).allocation_strategy(InstanceAllocationStrategy::Pooling(pool(4)));
    Engine::new(&config).unwrap()
}

fn config() -> Config {
    let mut config = Config::new();
    // A deterministic limit on work that also slices time: with a yield interval, epochs add cost and nothing else.
    config.consume_fuel(true).epoch_interruption(false);
    // Contract 1.x has no async functions; without support for them a call costs half.
    config.concurrency_support(false);
    // What no guest of the contract needs is attack surface.
    config.gc_support(false).shared_memory(false).wasm_memory64(false).wasm_relaxed_simd(false);
    // Replays give the same bits on every machine.
    config.cranelift_nan_canonicalization(true);
    // What is left of the fiber's stack is for host functions; an overflow there would end the process.
    config.max_wasm_stack(512 << 10).async_stack_size(2 << 20);
    // No call finds what another left on its stack.
    config.async_stack_zeroing(true);
    // Bounds are checked by guard pages and memories start as copies on write: both are worth a factor of two.
    config.signals_based_traps(true).memory_init_cow(true);
    // Names of functions in failures, without reading debug sections of untrusted files.
    config.wasm_backtrace_max_frames(NonZeroUsize::new(16)).wasm_backtrace_details(WasmBacktraceDetails::Disable);
    // Registering unwind tables takes time that grows with the square of the number of modules.
    config.native_unwind_info(false);
    config.cranelift_opt_level(OptLevel::Speed);
    config
}

fn pool(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    // Most components have two or three core instances, those of interpreters up to 34: sixteen each on average.
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(16))
        .total_memories(instances.saturating_mul(2))
        .total_tables(instances.saturating_mul(4))
        .total_stacks(instances);
    pool.max_core_instances_per_component(MAX_INSTANCES)
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(8)
        .max_memories_per_module(MAX_MODULE_MEMORIES)
        .max_tables_per_module(MAX_MODULE_TABLES)
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_component_instance_size(2 << 20)
        .max_core_instance_size(1 << 20)
        .max_memory_size(MAX_MEMORY_BYTES);
    // Pages that a slot keeps are cleared by hand, which is cheaper than giving them back and faulting them in again.
    pool.linear_memory_keep_resident(1 << 20)
        .table_keep_resident(64 << 10)
        // All of what is kept is cleared after each call, so this is what most calls use and no more.
        .async_stack_keep_resident(32 << 10)
        .max_unused_warm_slots(16);
    // Linux tells which pages were written, so that only those are cleared.
    pool.pagemap_scan(Enabled::Auto);
    pool
}

/// Maps machine code that this program compiled earlier.
///
/// The caller has checked that weir itself wrote the file and that it is unchanged ([`crate::cache::Cache::find`]).
#[allow(unsafe_code)]
pub(crate) fn map(engine: &Engine, file: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file holds what `Engine::precompile_component` of an engine with these settings returned, here or in a
    // child that this process started from its own program: the cache sealed it then, or recomputed its keyed digest just
    // before. The key never leaves a file that only this user can read, and the folder is closed to other users, so that
    // nobody else can change the file while it is mapped. wasmtime itself refuses files of another version or other
    // settings.
    unsafe { Component::deserialize_file(engine, file) }
}
