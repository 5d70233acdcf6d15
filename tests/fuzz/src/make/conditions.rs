//! Condition trees, most of them right. It decides nothing.

use serde_json::{Map, Value, json};
use weir_flow::OPERATORS;

use super::{template, templates, value};
use crate::random::Random;

/// A condition whose groups nest at most `depth` deep.
pub(crate) fn condition(random: &mut Random, depth: usize) -> Value {
    let shape = if depth == 0 { 3 + random.below(3) } else { random.below(6) };
    match shape {
        0 | 1 => {
            let inner: Vec<Value> = (0..random.small(5)).map(|_| condition(random, depth - 1)).collect();
            json!({ (*random.pick(&["all", "any"])): inner })
        }
        2 => json!({ "not": condition(random, depth - 1) }),
        3 => json!({ "when": templates::expression(random, 3) }),
        _ => comparison(random),
    }
}

fn comparison(random: &mut Random) -> Value {
    let operator = OPERATORS[random.below(OPERATORS.len())];
    let mut made = Map::new();
    made.insert("left".into(), side(random));
    made.insert("op".into(), operator.name.into());
    if operator.needs_right != random.once_in(20) {
        made.insert("right".into(), side(random));
    }
    if random.once_in(40) {
        made.insert("extra".into(), Value::Null);
    }
    made.into()
}

fn side(random: &mut Random) -> Value {
    match random.below(3) {
        0 => Value::String(template(random)),
        1 => {
            Value::String(random.pick(&["{{ payload }}", "{{ payload.a }}", "{{ list }}", "{{ nothing }}"]).to_owned())
        }
        _ => value(random, 3),
    }
}
