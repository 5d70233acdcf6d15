//! What a script names of the run, so that no more than that is written down for it. It looks at words, not at JavaScript:
//! where it cannot tell, the script gets everything.

use std::sync::Arc;

use indexmap::IndexMap;
use weir_flow::{Data, Item};

use super::super::StepContext;

/// The facts of a run that every script gets that names the run.
const RUN: [&str; 3] = ["id", "mode", "started_at"];
/// The members of the request that every script gets that names it.
const REQUEST: [&str; 8] =
    ["method", "path", "query", "query_string", "headers", "content_type", "client_ip", "received_at"];

/// What a script names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mentions {
    payload: bool,
    request: bool,
    /// The body as it came is large and hardly ever wanted.
    body: bool,
    vars: Names,
    steps: Names,
    item: bool,
    run: bool,
    /// Its URL works once somebody has it.
    resume_url: bool,
    kv: bool,
    fetch: bool,
}

/// Members of an object.
#[derive(Debug, PartialEq, Eq)]
enum Names {
    These(Vec<Box<str>>),
    All,
}

impl Mentions {
    pub(super) fn of(source: &str) -> Self {
        // Names may be put together, or written in escapes.
        let anything = source.contains("\\u") || has(source, "eval");
        let has = |word: &str| anything || has(source, word);
        let names = |word: &str| if anything { Names::All } else { Names::of(source, word) };
        Self {
            payload: has("payload"),
            request: has("request"),
            body: has("body_base64"),
            vars: names("vars"),
            steps: names("steps"),
            item: has("item"),
            run: has("run"),
            resume_url: has("resume_url"),
            kv: has("kv"),
            fetch: has("fetch"),
        }
    }

    /// Whether the script may do something that lasts.
    pub(super) const fn has_effects(&self) -> bool {
        self.kv || self.fetch
    }

    /// The interpreter's input.
    pub(super) fn input(&self, cx: &StepContext<'_>) -> String {
        let mut input = Members::default();
        let (globals, locals) = (cx.scope.globals(), cx.scope.locals());
        if self.payload {
            match &cx.input {
                Some(data) => data.write_json(input.member("payload")),
                None => input.member("payload").extend_from_slice(cx.run.payload.json().text().as_bytes()),
            }
        }
        if self.request {
            let body = self.body.then_some("body_base64");
            input.some("request", &globals.request, REQUEST.into_iter().chain(body));
        }
        if self.vars != Names::NONE {
            input.object("vars", |vars| {
                self.vars.each(&locals.vars, |name, value| value.write_json(vars.member(name)));
            });
        }
        if self.steps != Names::NONE {
            input.object("steps", |steps| {
                self.steps.each(&locals.outputs, |id, output| {
                    steps.object(id, |step| output.write_json(step.member("output")));
                });
            });
        }
        if let Some(item) = item(&locals.items).filter(|_| self.item) {
            item.value.write_json(input.member("item"));
        }
        if self.run {
            let url = self.resume_url.then_some("resume_url");
            input.some("run", &globals.run, RUN.into_iter().chain(url));
        }
        input.finish()
    }
}

/// The item that a script means: the innermost that goes by that name, else the innermost.
fn item(items: &[Item]) -> Option<&Item> {
    items.iter().rev().find(|item| &*item.name == "item").or_else(|| items.last())
}

impl Names {
    const NONE: Self = Self::These(Vec::new());

    /// The members that the source reads of an object: all, unless each use is `object.name` or `object["name"]`.
    fn of(source: &str, object: &str) -> Self {
        let mut names: Vec<Box<str>> = Vec::new();
        for after in uses(source, object) {
            match member(after) {
                Some(name) if names.iter().any(|known| **known == *name) => {}
                Some(name) => names.push(name.into()),
                None => return Self::All,
            }
        }
        Self::These(names)
    }

    fn each(&self, from: &IndexMap<Arc<str>, Data>, mut see: impl FnMut(&str, &Data)) {
        match self {
            Self::All => from.iter().for_each(|(name, value)| see(name, value)),
            Self::These(names) => {
                let known = names.iter().filter_map(|name| Some((name, from.get(&**name)?)));
                known.for_each(|(name, value)| see(name, value));
            }
        }
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$')
}

/// What follows each place where the word stands by itself.
fn uses<'s>(source: &'s str, word: &'s str) -> impl Iterator<Item = &'s str> {
    source.match_indices(word).filter_map(|(at, _)| {
        let (before, after) = (source.get(..at)?, source.get(at + word.len()..)?);
        let apart = |byte: Option<&u8>| !byte.is_some_and(|byte| is_word(*byte));
        (apart(before.as_bytes().last()) && apart(after.as_bytes().first())).then_some(after)
    })
}

fn has(source: &str, word: &str) -> bool {
    uses(source, word).next().is_some()
}

/// The member that follows an object's name; none where what follows is anything else.
fn member(after: &str) -> Option<&str> {
    let after = after.trim_start();
    if let Some(inside) = after.strip_prefix('[') {
        let inside = inside.trim_start();
        let quote = inside.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (name, rest) = inside.get(1..)?.split_once(quote)?;
        return (rest.trim_start().starts_with(']') && !name.contains('\\')).then_some(name);
    }
    let name = after.strip_prefix("?.").or_else(|| after.strip_prefix('.'))?.trim_start();
    let end = name.bytes().position(|byte| !is_word(byte)).unwrap_or(name.len());
    // A name that goes on in other letters is left to the interpreter.
    let whole = name.as_bytes().get(end).is_none_or(u8::is_ascii);
    name.get(..end).filter(|name| whole && !name.is_empty())
}

/// A JSON object that is being written.
#[derive(Default)]
struct Members {
    out: Vec<u8>,
    /// Where the object that is written now begins.
    start: usize,
}

impl Members {
    /// Begins a member; its value is for the caller to write.
    fn member(&mut self, name: &str) -> &mut Vec<u8> {
        self.out.push(if self.out.len() == self.start { b'{' } else { b',' });
        // Writing into memory does not fail.
        let _ = serde_json::to_writer(&mut self.out, name);
        self.out.push(b':');
        &mut self.out
    }

    fn object(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.member(name);
        let outer = std::mem::replace(&mut self.start, self.out.len());
        write(self);
        self.close();
        self.start = outer;
    }

    /// A member with some of the members of `from`.
    fn some<'n>(&mut self, name: &str, from: &Data, members: impl Iterator<Item = &'n str>) {
        self.object(name, |object| {
            for (name, value) in members.filter_map(|name| Some((name, from.get(name)?))) {
                value.write_json(object.member(name));
            }
        });
    }

    fn close(&mut self) {
        if self.out.len() == self.start {
            self.out.push(b'{');
        }
        self.out.push(b'}');
    }

    fn finish(mut self) -> String {
        self.close();
        String::from_utf8(self.out).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn these(names: &[&str]) -> Names {
        Names::These(names.iter().map(|name| Box::from(*name)).collect())
    }

    #[test]
    fn only_whole_words_count() {
        let seen = Mentions::of("const payloads = $item + vars_; return kvs(request.path) // run");
        assert!(!seen.payload && !seen.item && !seen.kv && seen.request && seen.run && !seen.body);
        assert_eq!((seen.vars, seen.steps), (Names::NONE, Names::NONE));
        assert!(Mentions::of("await kv.get('a', 'b')").has_effects());
    }

    #[test]
    fn members_are_told_apart_unless_the_object_is_used_as_a_whole() {
        let source = "steps.a.output + steps?.a + steps [ 'b-c' ] .output + steps\n  .d2\n + vars[\"x\"]";
        let seen = Mentions::of(source);
        assert_eq!((seen.steps, seen.vars), (these(&["a", "b-c", "d2"]), these(&["x"])));
        for whole in ["f(steps)", "steps[id]", "const { a } = steps;", r#"steps["\x61"]"#, "steps.é", "steps?.[id]"] {
            assert_eq!(Names::of(whole, "steps"), Names::All, "{whole}");
        }
    }

    #[test]
    fn names_in_disguise_get_everything() {
        for source in [r"return p\u0061yload", "return eval('pay' + 'load')"] {
            let seen = Mentions::of(source);
            assert!(seen.payload && seen.body && seen.resume_url && seen.has_effects(), "{source}");
            assert_eq!((seen.vars, seen.steps), (Names::All, Names::All));
        }
    }

    #[test]
    fn objects_are_written_within_one_another() {
        let mut all = Members::default();
        all.member("a\"").extend_from_slice(b"1");
        all.object("b", |b| b.object("c", |c| Data::from("d").write_json(c.member("e"))));
        all.object("f", |_| {});
        assert_eq!(all.finish(), r#"{"a\"":1,"b":{"c":{"e":"d"}},"f":{}}"#);
        assert_eq!(Members::default().finish(), "{}");
    }
}
