//! The parts of WASI 0.2 that language runtimes need, without anything behind them: no files, environment or sockets.
//!
//! Implemented here rather than with `WasiCtx`, because building one for each call would cost more than the call.

mod cli;
mod clocks;
mod http;
mod output;
mod random;

use wasmtime::component::{HasData, HasSelf, Linker, ResourceTable};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::{cli as c, clocks as t, filesystem as f, random as r};
use wasmtime_wasi_io::bindings::wasi::io;

use wasmtime_wasi_http::p2::bindings::http as h;
use wasmtime_wasi_http::{WasiHttp, WasiHttpCtxView};

use crate::state::State;

pub(crate) use http::WasiHttpState;

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// Adds WASI's imports.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let l = linker;
    io::error::add_to_linker::<State, Io>(l, table)?;
    io::poll::add_to_linker::<State, Io>(l, table)?;
    io::streams::add_to_linker::<State, Io>(l, table)?;
    t::wall_clock::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    t::monotonic_clock::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    r::random::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    r::insecure::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    r::insecure_seed::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    c::environment::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    c::exit::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    c::stdin::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    c::stdout::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    c::stderr::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    c::terminal_input::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    c::terminal_output::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    c::terminal_stdin::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    c::terminal_stdout::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    c::terminal_stderr::add_to_linker::<State, HasSelf<State>>(l, itself)?;
    // C libraries import the file functions whether they use them or not. There is no folder to start from, so none of
    // them can ever reach a file.
    f::preopens::add_to_linker::<State, WasiFilesystem>(l, files)?;
    f::types::add_to_linker::<State, WasiFilesystem>(l, files)?;
    h::outgoing_handler::add_to_linker::<State, WasiHttp>(l, web)?;
    h::types::add_to_linker::<State, WasiHttp>(l, &h::types::LinkOptions::default(), web)
}

fn itself(state: &mut State) -> &mut State {
    state.meter.count();
    state
}

fn table(state: &mut State) -> &mut ResourceTable {
    state.meter.count();
    state.handles()
}

fn files(state: &mut State) -> WasiFilesystemCtxView<'_> {
    state.meter.count();
    let (ctx, table) = state.files();
    WasiFilesystemCtxView { ctx, table }
}

fn web(state: &mut State) -> WasiHttpCtxView<'_> {
    state.meter.count();
    state.web()
}
