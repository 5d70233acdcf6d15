//! Filters beside minijinja's own: Liquid's spellings and what webhooks need, one line each in a table per family. Each is
//! a pure function of its arguments and pays fuel for the text and items it looks at.

mod lists;
mod numbers;
mod texts;

use std::borrow::Cow;

use minijinja::value::{Rest, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::environment::print;
use crate::data::Data;

/// A filter: its name, how few and how many arguments it takes beside the value, and what it does.
pub(super) struct Filter {
    name: &'static str,
    arguments: (usize, usize),
    run: Run,
}

type Run = fn(&Value, &[Value]) -> Result<Value, Error>;

const fn filter(name: &'static str, least: usize, most: usize, run: Run) -> Filter {
    Filter { name, arguments: (least, most), run }
}

/// Adds the filters.
pub(crate) fn add(environment: &mut Environment<'static>) {
    for Filter { name, arguments: (least, most), run } in
        [texts::FILTERS, numbers::FILTERS, lists::FILTERS].into_iter().flatten()
    {
        environment.add_filter(*name, move |state: &mut State, value: &Value, arguments: Rest<Value>| {
            let given = arguments.len();
            if given < *least || given > *most {
                let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
                return Err(wrong(format!("`{name}` takes {wanted} arguments, not {given}")));
            }
            pay(state, value)?;
            arguments.iter().try_for_each(|argument| pay(state, argument))?;
            run(value, &arguments)
        });
    }
    environment.add_filter("uniq", minijinja::filters::unique);
}

/// Pays for looking at a value once.
fn pay(state: &State, value: &Value) -> Result<(), Error> {
    let bytes = value.as_str().map_or(0, str::len);
    let items = if bytes == 0 { value.len().unwrap_or(0) } else { 0 };
    state.consume_fuel(u64::try_from(bytes / 64 + items / 2).unwrap_or(u64::MAX))
}

fn wrong(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// A value as text: nothing for null, JSON for lists and objects.
fn text(value: &Value) -> Result<Cow<'_, str>, Error> {
    if value.kind() == ValueKind::String {
        return Ok(Cow::Borrowed(value.as_str().unwrap_or_default()));
    }
    let mut out = String::new();
    print(&mut out, value, false)?;
    Ok(Cow::Owned(out))
}

/// An argument as text; nothing where it was not given.
fn argument(arguments: &[Value], at: usize) -> Result<Cow<'_, str>, Error> {
    arguments.get(at).map_or(Ok(Cow::Borrowed("")), text)
}

fn nothing(value: &Value) -> bool {
    Data(value.clone()).is_null()
}
