//! `weir:action/variables`: reads the run's variables and gathers changes. The engine makes the changes afterwards.

use weir_model::Json;

use crate::bindings::weir::action::variables::Host;
use crate::state::State;

/// Changes that one call may make.
const MAX_CHANGES: usize = 1_000;

impl Host for State {
    async fn get(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        let value = match self.changes.iter().find(|(changed, _)| *changed == name) {
            Some((_, value)) => value.as_ref().map(|json| json.text().to_owned()),
            None => self.variables.get(&name),
        };
        self.called(name.len() + value.as_ref().map_or(0, String::len)).await?;
        Ok(value)
    }

    async fn set(&mut self, name: String, value: String) -> wasmtime::Result<Result<(), String>> {
        self.called(name.len() + value.len()).await?;
        if !is_name(&name) {
            let rule = "a variable's name has 1 to 64 letters, digits, - and _, and starts with a letter or _";
            return Ok(Err(rule.into()));
        }
        let size = value.len() as u64;
        let json = Json::parse(value).map_err(|error| format!("the value of {name} is not JSON: {error}"));
        Ok(json.and_then(|json| self.change(name, Some(json), size)))
    }

    async fn remove(&mut self, name: String) -> wasmtime::Result<()> {
        self.called(name.len()).await?;
        if is_name(&name) {
            // Beyond the limit of changes nothing is removed, as nothing is set; there is no error to return.
            drop(self.change(name, None, 0));
        }
        Ok(())
    }
}

impl State {
    fn change(&mut self, name: String, value: Option<Json>, size: u64) -> Result<(), String> {
        let place = self.changes.iter().position(|(changed, _)| *changed == name);
        let old = place.and_then(|at| self.changes.get(at)).and_then(|(_, value)| value.as_ref());
        let others = self.changed_bytes - old.map_or(0, |json| json.text().len() as u64);
        let limit = self.meter.limits.variable_bytes;
        if others + size > limit {
            self.meter.reach("variable_bytes");
            return Err(format!(
                "{name} would bring the variables over the limit of {limit} bytes; store less in them"
            ));
        }
        if place.is_none() && self.changes.len() >= MAX_CHANGES {
            return Err(format!("one call may change {MAX_CHANGES} variables; put related values into one object"));
        }
        match place.and_then(|at| self.changes.get_mut(at)) {
            Some(slot) => slot.1 = value,
            None => self.changes.push((name, value)),
        }
        self.changed_bytes = others + size;
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= 64
        && bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
