//! `weir:action/variables`: reads the run's variables and gathers changes. The engine makes the changes afterwards.

use weir_model::Json;

use crate::bindings::weir::action::variables::Host;
use crate::state::State;

/// Changes that one call may make.
const MAX_CHANGES: usize = 1_000;

impl Host for State {
    async fn get(&mut self, name: String) -> Option<String> {
        let value = match self.changes.iter().find(|(changed, _)| *changed == name) {
            Some((_, value)) => value.as_ref().map(|json| json.text().to_owned()),
            None => self.variables.get(&name),
        };
        self.called(value.as_ref().map_or(0, String::len)).await;
        value
    }

    async fn set(&mut self, name: String, value: String) -> Result<(), String> {
        self.called(value.len()).await;
        if !is_name(&name) {
            return Err("a variable's name has 1 to 64 letters, digits, - and _, and starts with a letter or _".into());
        }
        let size = value.len() as u64;
        let json = Json::parse(value).map_err(|error| format!("the value of {name} is not JSON: {error}"))?;
        self.change(name, Some(json), size)
    }

    async fn remove(&mut self, name: String) {
        self.called(0).await;
        if is_name(&name) {
            // Beyond the limit of changes nothing is removed, as nothing is set; there is no error to return.
            drop(self.change(name, None, 0));
        }
    }
}

impl State {
    fn change(&mut self, name: String, value: Option<Json>, size: u64) -> Result<(), String> {
        let place = self.changes.iter().position(|(changed, _)| *changed == name);
        let old = place.and_then(|at| self.changes.get(at)).and_then(|(_, value)| value.as_ref());
        let others = self.changed_bytes - old.map_or(0, |json| json.text().len() as u64);
        if others + size > self.variable_bytes {
            let limit = self.variable_bytes;
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
