//! The catalog over a real store, a real sandbox and a real component.

mod actions;
mod configs;
mod flows;
mod limits;
mod retention;
mod secrets;
mod support;
mod switches;
mod tokens;
