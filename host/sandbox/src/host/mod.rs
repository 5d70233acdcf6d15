//! The functions that an action imports from `weir:action`, one file per interface. They decide nothing about grants.

mod http;
mod kv;
mod log;
mod payload;
mod pointer;
mod secrets;
mod variables;

use crate::bindings::weir::action::{manifest, types};
use crate::state::State;

impl types::Host for State {}
impl manifest::Host for State {}
