//! The interpreter: made once, when the component is built, and copied for every run. It owns what a script finds when it
//! begins; it must not keep anything of one script for another, which a fresh instance for each call sees to.
#![allow(unsafe_code, reason = "QuickJS's own function to evaluate, and the name of the function that the build calls")]

use std::cell::RefCell;
use std::ffi::{CStr, CString};

use rquickjs::{Context, Ctx, Error, Object, Runtime, Value, qjs};

use crate::{clocks, host, script, web};

/// What scripts find besides the language itself.
const PRELUDE: &str = include_str!("prelude.js");

/// A script with a bit of everything that scripts do, so that what QuickJS makes at first use is there already.
const REHEARSAL: &str = include_str!("rehearsal.js");

/// How deep calls may go, in bytes of QuickJS's own stack. The machine's stack, 512 KiB, fills up to three times as fast;
/// its end would end the run without a word about where.
const STACK_BYTES: usize = 120 << 10;

/// Scripts that use less memory than this never wait for the collection of cycles.
const COLLECT_BYTES: usize = 8 << 20;

/// Memory that is there without asking the host for it.
const SPARE_BYTES: usize = 1 << 20;

thread_local! {
    static ENGINE: RefCell<Option<Context>> = const { RefCell::new(None) };
}

/// Called once by the build, which then keeps the memory as it is.
#[unsafe(export_name = "wizer-initialize")]
extern "C" fn prepare() {
    let context = make();
    if let Ok(context) = &context {
        context.with(|ctx| {
            let _ = script::run(&ctx, REHEARSAL, include_str!("rehearsal.json").to_owned());
        });
        context.runtime().run_gc();
        drop(std::hint::black_box(Vec::<u8>::with_capacity(SPARE_BYTES)));
    }
    ENGINE.with(|slot| *slot.borrow_mut() = context.ok());
    clocks::start_clocks();
}

/// Does something in the prepared interpreter; nothing if there is none, which the build would have noticed.
pub(crate) fn with<T>(work: impl FnOnce(Ctx<'_>) -> T) -> Option<T> {
    ENGINE.with(|slot| slot.borrow().as_ref().map(|context| context.with(work)))
}

/// Evaluates a script, in sloppy mode unless it says otherwise, under the name of a file.
pub(crate) fn evaluate<'js>(ctx: &Ctx<'js>, script: &str, file: &CStr) -> rquickjs::Result<Value<'js>> {
    let length = script.len();
    let script = CString::new(script)?;
    let flags = i32::try_from(qjs::JS_EVAL_TYPE_GLOBAL).unwrap_or(0);
    // SAFETY: the context lives as long as `ctx`; both texts end with a zero and outlive the call; the length is that of
    // the text without it.
    let value =
        unsafe { qjs::JS_Eval(ctx.as_raw().as_ptr(), script.as_ptr(), length as qjs::size_t, file.as_ptr(), flags) };
    // SAFETY: the value is one of this context, and it is ours.
    let value = unsafe { Value::from_raw(ctx.clone(), value) };
    if value.is_exception() { Err(Error::Exception) } else { Ok(value) }
}

fn make() -> rquickjs::Result<Context> {
    let runtime = Runtime::new()?;
    runtime.set_max_stack_size(STACK_BYTES);
    runtime.set_gc_threshold(COLLECT_BYTES);
    let context = Context::full(&runtime)?;
    context.with(|ctx| {
        let prelude = evaluate(&ctx, PRELUDE, c"prelude")?;
        let prelude = prelude.into_function().ok_or(Error::Unknown)?;
        let natives = Object::new(ctx.clone())?;
        host::offer(&natives)?;
        web::offer(&natives)?;
        prelude.call::<_, ()>((natives,))
    })?;
    Ok(context)
}
