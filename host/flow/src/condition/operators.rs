//! The operators of conditions, one line each. An operator looks at two values and answers; it must take values of any
//! kind, and where they are of the wrong kind the answer is that the relation does not hold.

use std::cmp::Ordering;

use super::operand::{Operand, date, is_empty, length_is, list_has, number, text, truth};
use super::pattern;

/// An operator, for schemas and documentation.
#[derive(Clone, Copy)]
pub struct OperatorInfo {
    /// The name in `op`.
    pub name: &'static str,
    /// What kind of values it compares: `any`, `text`, `number`, `bool`, `date` or `list`.
    pub types: &'static str,
    /// Whether it takes a `right` side.
    pub needs_right: bool,
    /// One line of documentation.
    pub doc: &'static str,
    pub(super) test: Test,
}

impl std::fmt::Debug for OperatorInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// How an operator decides.
#[derive(Clone, Copy)]
pub(super) enum Test {
    /// About the left side alone.
    One(fn(&Operand) -> bool),
    /// About both sides.
    Two(fn(&Operand, &Operand) -> bool),
    /// Whether the left side as text matches the right side as a pattern, or does not.
    Pattern(bool),
}

const fn one(name: &'static str, types: &'static str, doc: &'static str, test: fn(&Operand) -> bool) -> OperatorInfo {
    OperatorInfo { name, types, needs_right: false, doc, test: Test::One(test) }
}

const fn two(
    name: &'static str,
    types: &'static str,
    doc: &'static str,
    test: fn(&Operand, &Operand) -> bool,
) -> OperatorInfo {
    OperatorInfo { name, types, needs_right: true, doc, test: Test::Two(test) }
}

const fn matching(name: &'static str, doc: &'static str, wanted: bool) -> OperatorInfo {
    OperatorInfo { name, types: "text", needs_right: true, doc, test: Test::Pattern(wanted) }
}

fn lower(value: &Operand) -> String {
    text(value).to_lowercase()
}

fn ordered(left: &Operand, right: &Operand, wanted: fn(Ordering) -> bool) -> bool {
    matches!((number(left), number(right)), (Some(l), Some(r)) if wanted(l.cmp(&r)))
}

fn dated(left: &Operand, right: &Operand, wanted: fn(Ordering) -> bool) -> bool {
    matches!((date(left), date(right)), (Some(l), Some(r)) if wanted(l.cmp(&r)))
}

fn has(left: &Operand, right: &Operand) -> bool {
    list_has(left, right).unwrap_or_else(|| text(left).contains(&*text(right)))
}

fn has_ignoring_case(left: &Operand, right: &Operand) -> bool {
    list_has(left, right).unwrap_or_else(|| lower(left).contains(&lower(right)))
}

/// Every operator.
pub const OPERATORS: &[OperatorInfo] = &[
    one("exists", "any", "The value is there, `null` included.", |l| !l.absent),
    one("not_exists", "any", "The value is not there.", |l| l.absent),
    one("is_null", "any", "The value is null or not there.", |l| l.data.is_null()),
    one("is_not_null", "any", "The value is there and not null.", |l| !l.data.is_null()),
    one("is_empty", "any", "Null, not there, empty text, an empty list or an empty object.", is_empty),
    one("is_not_empty", "any", "None of what `is_empty` means.", |l| !is_empty(l)),
    two("equal", "any", "Same kind and same value, deep; 1 and 1.0 are the same.", |l, r| l.data == r.data),
    two("not_equal", "any", "Another kind or another value.", |l, r| l.data != r.data),
    two("one_of", "any", "The right side is a list that has the left side in it.", |l, r| list_has(r, l) == Some(true)),
    two("not_one_of", "any", "The right side is no list with the left side in it.", |l, r| {
        list_has(r, l) != Some(true)
    }),
    two("equal_text", "text", "The same as text.", |l, r| text(l) == text(r)),
    two("not_equal_text", "text", "Not the same as text.", |l, r| text(l) != text(r)),
    two("equal_text_ignore_case", "text", "The same as text in lower case.", |l, r| lower(l) == lower(r)),
    two("contains", "text", "The text has the right side in it; a list has it as an item.", has),
    two("not_contains", "text", "Not `contains`.", |l, r| !has(l, r)),
    two("contains_ignore_case", "text", "`contains`, both sides in lower case.", has_ignoring_case),
    two("not_contains_ignore_case", "text", "Not `contains_ignore_case`.", |l, r| !has_ignoring_case(l, r)),
    two("starts_with", "text", "The text starts with the right side.", |l, r| text(l).starts_with(&*text(r))),
    two("not_starts_with", "text", "The text does not start with the right side.", |l, r| {
        !text(l).starts_with(&*text(r))
    }),
    two("starts_with_ignore_case", "text", "`starts_with`, both in lower case.", |l, r| {
        lower(l).starts_with(&lower(r))
    }),
    two("ends_with", "text", "The text ends with the right side.", |l, r| text(l).ends_with(&*text(r))),
    two("not_ends_with", "text", "The text does not end with the right side.", |l, r| !text(l).ends_with(&*text(r))),
    two("ends_with_ignore_case", "text", "`ends_with`, both in lower case.", |l, r| lower(l).ends_with(&lower(r))),
    matching("matches", "The regular expression on the right is found in the text.", true),
    matching("not_matches", "The regular expression on the right is not found in the text.", false),
    two("equal_number", "number", "The same number; text that is a number counts.", |l, r| {
        ordered(l, r, Ordering::is_eq)
    }),
    two("not_equal_number", "number", "Not `equal_number`.", |l, r| !ordered(l, r, Ordering::is_eq)),
    two("greater_than", "number", "A larger number.", |l, r| ordered(l, r, Ordering::is_gt)),
    two("greater_than_or_equal", "number", "A larger or the same number.", |l, r| ordered(l, r, Ordering::is_ge)),
    two("less_than", "number", "A smaller number.", |l, r| ordered(l, r, Ordering::is_lt)),
    two("less_than_or_equal", "number", "A smaller or the same number.", |l, r| ordered(l, r, Ordering::is_le)),
    one("is_true", "bool", "`true`, or the text `true`.", |l| truth(l) == Some(true)),
    one("is_false", "bool", "`false`, or the text `false`.", |l| truth(l) == Some(false)),
    two("date_equal", "date", "The same moment.", |l, r| dated(l, r, Ordering::is_eq)),
    two("date_not_equal", "date", "Not `date_equal`.", |l, r| !dated(l, r, Ordering::is_eq)),
    two("is_after", "date", "A later moment.", |l, r| dated(l, r, Ordering::is_gt)),
    two("is_before", "date", "An earlier moment.", |l, r| dated(l, r, Ordering::is_lt)),
    two("is_after_or_equal", "date", "A later or the same moment.", |l, r| dated(l, r, Ordering::is_ge)),
    two("is_before_or_equal", "date", "An earlier or the same moment.", |l, r| dated(l, r, Ordering::is_le)),
    two("list_contains", "list", "The list has the right side as an item.", |l, r| list_has(l, r) == Some(true)),
    two("list_not_contains", "list", "Not `list_contains`.", |l, r| list_has(l, r) != Some(true)),
    two("length_equal", "list", "Items, entries or characters: as many.", |l, r| length_is(l, r, Ordering::is_eq)),
    two("length_not_equal", "list", "Not `length_equal`.", |l, r| !length_is(l, r, Ordering::is_eq)),
    two("length_greater_than", "list", "More items, entries or characters.", |l, r| length_is(l, r, Ordering::is_gt)),
    two("length_greater_than_or_equal", "list", "As many or more.", |l, r| length_is(l, r, Ordering::is_ge)),
    two("length_less_than", "list", "Fewer items, entries or characters.", |l, r| length_is(l, r, Ordering::is_lt)),
    two("length_less_than_or_equal", "list", "As many or fewer.", |l, r| length_is(l, r, Ordering::is_le)),
];

impl OperatorInfo {
    /// The operator of a name.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        OPERATORS.iter().find(|operator| operator.name == name)
    }

    /// Whether it asks if something is there: a missing name is then no surprise.
    pub(super) fn expects_nothing(&self) -> bool {
        !self.needs_right && self.types == "any"
    }

    /// Decides. `pattern` is the compiled right side, where it is known.
    ///
    /// # Errors
    /// Where a pattern made at run time is none.
    pub(super) fn decide(
        &self,
        left: &Operand,
        right: &Operand,
        pattern: Option<&pattern::Pattern>,
    ) -> Result<bool, String> {
        match self.test {
            Test::One(test) => Ok(test(left)),
            Test::Two(test) => Ok(test(left, right)),
            Test::Pattern(wanted) => {
                let found = match pattern {
                    Some(pattern) => pattern.finds(&text(left)),
                    None => pattern::Pattern::compile(&text(right))?.finds(&text(left)),
                };
                Ok(found == wanted)
            }
        }
    }
}
