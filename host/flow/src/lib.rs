//! A flow's definition becomes a checked, executable plan: templates, conditions, steps and exits.
//!
//! Pure functions over data: this room must not do I/O, read a clock or draw random numbers. minijinja stays inside it.

#![forbid(unsafe_code)]

mod check;
mod condition;
mod cron;
mod data;
mod document;
mod facts;
#[cfg(test)]
mod for_tests;
mod machine;
mod plan;
mod request;
mod schema;
mod scope;
mod template;

pub use check::{Checked, MOST_STEPS, StepCheck, check, pointer_token, read_limits, variable_trouble};
pub use condition::{Condition, OPERATORS, OperatorInfo, Verdict, condition_schema};
pub use cron::{Cron, CronError};
pub use data::{Data, DataError, Kind as DataKind, MAX_DEPTH};
pub use document::{Document, MOST_BYTES, MOST_NODES};
pub use facts::facts;
pub use machine::{MOST_AT_ONCE, MOST_FRAMES, MOST_ITEMS, MOST_THREADS, MachineError, Open, Position, ThreadId};
pub use plan::SecretUse;
pub use plan::{
    Compiled, DONE, END, ERROR, Exit, ExitDefault, ITEM, Kind, Kinds, NEXT, Plan, PlanStep, RetryPlan, Role, Target,
};
pub use request::{query_data, request_data};
pub use schema::flow_schema;
pub use scope::{Globals, Item, Locals, Payload, RESERVED, Scope};
pub use template::{Escape, Issue, Rendered, Template, TemplateError};
