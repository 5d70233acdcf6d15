//! Filters on numbers. Whole numbers stay whole; text that is a number counts as one.

use minijinja::{Error, Value};

use super::{Filter, filter, wrong};
use crate::condition::to_number;
use crate::data::Data;

pub(super) const FILTERS: &[Filter] = &[
    filter("plus", 1, 1, |v, a| compute(v, a, i64::checked_add, |a, b| a + b)),
    filter("minus", 1, 1, |v, a| compute(v, a, i64::checked_sub, |a, b| a - b)),
    filter("times", 1, 1, |v, a| compute(v, a, i64::checked_mul, |a, b| a * b)),
    filter("divided_by", 1, 1, |v, a| divide(v, a, i64::checked_div_euclid, |a, b| a / b)),
    filter("modulo", 1, 1, |v, a| divide(v, a, i64::checked_rem_euclid, f64::rem_euclid)),
    filter("at_least", 1, 1, |v, a| Ok(number(v)?.max(number(&first(a))?))),
    filter("at_most", 1, 1, |v, a| Ok(number(v)?.min(number(&first(a))?))),
    filter("ceil", 0, 0, |v, _| whole(v, f64::ceil)),
    filter("floor", 0, 0, |v, _| whole(v, f64::floor)),
    filter("number", 0, 0, |v, _| number(v)),
    filter("sin", 0, 0, |v, _| Ok(float(&number(v)?)?.sin().into())),
    filter("cos", 0, 0, |v, _| Ok(float(&number(v)?)?.cos().into())),
    filter("tan", 0, 0, |v, _| Ok(float(&number(v)?)?.tan().into())),
];

fn first(arguments: &[Value]) -> Value {
    arguments.first().cloned().unwrap_or_default()
}

fn number(value: &Value) -> Result<Value, Error> {
    to_number(&Data(value.clone())).ok_or_else(|| wrong(format!("{} is no number", Data(value.clone()).kind().name())))
}

fn float(value: &Value) -> Result<f64, Error> {
    f64::try_from(value.clone())
}

fn compute(
    value: &Value,
    arguments: &[Value],
    exact: fn(i64, i64) -> Option<i64>,
    rough: fn(f64, f64) -> f64,
) -> Result<Value, Error> {
    let (a, b) = (number(value)?, number(&first(arguments))?);
    let both = if a.is_integer() && b.is_integer() { a.as_i64().zip(b.as_i64()) } else { None };
    match both.and_then(|(a, b)| exact(a, b)) {
        Some(whole) => Ok(whole.into()),
        None => Ok(rough(float(&a)?, float(&b)?).into()),
    }
}

/// Between whole numbers a whole result, rounded down.
fn divide(
    value: &Value,
    arguments: &[Value],
    exact: fn(i64, i64) -> Option<i64>,
    rough: fn(f64, f64) -> f64,
) -> Result<Value, Error> {
    if float(&number(&first(arguments))?)? == 0.0 {
        return Err(wrong("a number cannot be divided by zero"));
    }
    compute(value, arguments, exact, rough)
}

fn whole(value: &Value, round: fn(f64) -> f64) -> Result<Value, Error> {
    let number = number(value)?;
    if number.is_integer() {
        return Ok(number);
    }
    let rounded = round(float(&number)?);
    // 2^53: beyond it a float is whole anyway, and may not fit.
    if rounded.abs() <= 9_007_199_254_740_992.0 {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and fits, as just seen")]
        return Ok((rounded as i64).into());
    }
    Ok(rounded.into())
}
