//! The names that templates and conditions of a step see, and what stands behind them. It looks names up; it evaluates
//! nothing and changes nothing outside [`Locals`].

use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use minijinja::value::{Enumerator, Object};
use minijinja::{Error, ErrorKind, Value};
use serde::{Deserialize, Serialize};
use weir_model::Json;

use crate::data::{Data, DataError};

/// Names with a fixed meaning: no variable and no item may take them.
pub const RESERVED: &[&str] = &["payload", "request", "vars", "steps", "run", "flow", "loop", "error", "secrets"];

/// What is the same for all steps of a run.
#[derive(Debug)]
pub struct Globals {
    /// The payload.
    pub payload: Payload,
    /// The request; see [`crate::request`].
    pub request: Data,
    /// The run: `id`, `mode`, `started_at`, `attempt`.
    pub run: Data,
    /// The flow: `name`, `version`, `tenant`.
    pub flow: Data,
    /// Stand-ins for secrets, by name.
    pub secrets: Data,
}

/// The payload, parsed when a step first looks at it and once only.
#[derive(Debug)]
pub struct Payload {
    text: Option<Json>,
    value: OnceLock<Result<Data, DataError>>,
}

impl Payload {
    /// A payload that is parsed when somebody asks for it.
    pub const fn lazy(text: Json) -> Self {
        Self { text: Some(text), value: OnceLock::new() }
    }

    /// The payload.
    ///
    /// # Errors
    /// Where its text is JSON that weir cannot hold: nested too deep, or a number out of range.
    pub fn get(&self) -> Result<&Data, &DataError> {
        let parse = || self.text.as_ref().map_or_else(|| Ok(Data::null()), |t| Data::from_json(t.text().as_bytes()));
        self.value.get_or_init(parse).as_ref()
    }

    fn value(&self) -> Value {
        match self.get() {
            Ok(data) => data.0.clone(),
            // An invalid value: whoever looks at it fails with this error.
            Err(error) => Error::new(ErrorKind::BadSerialization, format!("the payload: {error}")).into(),
        }
    }
}

impl From<Data> for Payload {
    fn from(data: Data) -> Self {
        Self { text: None, value: OnceLock::from(Ok(data)) }
    }
}

/// What belongs to one path through a run: variables, outputs, items of loops, the failure being handled.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Locals {
    /// Variables.
    pub vars: Arc<IndexMap<Arc<str>, Data>>,
    /// Outputs by step.
    pub outputs: Arc<IndexMap<Arc<str>, Data>>,
    /// Items of the loops around, innermost last.
    pub items: Vec<Item>,
    /// The failure that led here: `code`, `message`, `step`.
    pub error: Option<Data>,
}

/// The current item of a loop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// The name it goes by.
    pub name: Arc<str>,
    /// The item.
    pub value: Data,
    /// Its place, from 0.
    pub index: usize,
    /// How many items there are.
    pub length: usize,
}

impl Locals {
    /// Sets a variable.
    pub fn set_var(&mut self, name: impl Into<Arc<str>>, value: Data) {
        Arc::make_mut(&mut self.vars).insert(name.into(), value);
    }

    /// Removes a variable and says whether it was there.
    pub fn delete_var(&mut self, name: &str) -> bool {
        self.vars.contains_key(name) && Arc::make_mut(&mut self.vars).shift_remove(name).is_some()
    }

    /// Sets a step's output.
    pub fn set_output(&mut self, step: impl Into<Arc<str>>, value: Data) {
        Arc::make_mut(&mut self.outputs).insert(step.into(), value);
    }
}

/// All names that one step sees; made per step, cheap to clone.
#[derive(Clone, Debug)]
pub struct Scope(Arc<Names>);

#[derive(Debug)]
struct Names {
    globals: Arc<Globals>,
    locals: Locals,
}

impl Scope {
    /// The scope of a step.
    pub fn new(globals: Arc<Globals>, locals: Locals) -> Self {
        Self(Arc::new(Names { globals, locals }))
    }

    /// What is the same for all steps of the run.
    pub fn globals(&self) -> &Arc<Globals> {
        &self.0.globals
    }

    /// What belongs to this path.
    pub fn locals(&self) -> &Locals {
        &self.0.locals
    }

    /// The value of a name.
    pub(crate) fn lookup(&self, name: &str) -> Option<Value> {
        self.0.lookup(name)
    }

    /// The scope as a template's context.
    pub(crate) fn context(&self) -> Value {
        Value::from_dyn_object(self.0.clone())
    }
}

impl Names {
    fn lookup(&self, name: &str) -> Option<Value> {
        let locals = &self.locals;
        match name {
            "payload" => Some(self.globals.payload.value()),
            "request" => Some(self.globals.request.0.clone()),
            "run" => Some(self.globals.run.0.clone()),
            "flow" => Some(self.globals.flow.0.clone()),
            "vars" => Some(Value::from_object(Vars(locals.vars.clone()))),
            "steps" => Some(Value::from_object(Steps(locals.outputs.clone()))),
            "error" => locals.error.as_ref().map(|error| error.0.clone()),
            "loop" => locals.items.last().map(Item::position),
            "secrets" => Some(self.globals.secrets.0.clone()),
            _ => match locals.items.iter().rev().find(|item| &*item.name == name) {
                Some(item) => Some(item.value.0.clone()),
                None => locals.vars.get(name).map(|data| data.0.clone()),
            },
        }
    }
}

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.lookup(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.lookup(key)
    }
}

impl Item {
    fn position(&self) -> Value {
        let length = self.length;
        Value::from_pairs([
            ("index", Value::from(self.index.saturating_add(1))),
            ("index0", Value::from(self.index)),
            ("first", Value::from(self.index == 0)),
            ("last", Value::from(self.index.saturating_add(1) >= length)),
            ("length", Value::from(length)),
        ])
    }
}

/// `vars`.
#[derive(Debug)]
struct Vars(Arc<IndexMap<Arc<str>, Data>>);

impl Object for Vars {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.get(key).map(|data| data.0.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().map(|key| Value::from(&**key)).collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.0.len())
    }
}

/// `steps`: an object with an `output` for each step that has one.
#[derive(Debug)]
struct Steps(Arc<IndexMap<Arc<str>, Data>>);

impl Object for Steps {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.get(key).map(|data| Value::from_pairs([("output", data.0.clone())]))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().map(|key| Value::from(&**key)).collect())
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.0.len())
    }
}
