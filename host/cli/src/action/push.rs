//! `weir action push`: sends a component, or that of a project, and shows how far the server is with it. It does not look
//! inside.

use std::convert::Infallible;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Body, Method};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::origin::Origin;
use super::{describe, full_name, short_name};
use crate::args::Remote;
use crate::client::{ActionView, Client, ErrorText};
use crate::failure::Failure;
use crate::output::{Out, Tone, bytes, clean};

/// The largest file that is read; the server's own limit is lower and has its own message.
const MOST_COMPONENT: u64 = 256 << 20;

/// The longest that sending, waiting for others and compiling may take.
const PATIENCE: Duration = Duration::from_secs(3600);

/// How much is sent at a time, so that the bar moves.
const CHUNK: usize = 64 << 10;

/// A line of the server's answer: a stage, or what came of it.
#[derive(Deserialize)]
struct Line {
    stage: Option<String>,
    ahead: Option<u64>,
    done: Option<Box<RawValue>>,
    error: Option<ErrorText>,
}

/// Uploads the component in a file, or that of a project's folder.
pub(super) async fn push(remote: &Remote, named: Option<&Path>, out: &Out) -> Result<(), Failure> {
    let component = read(&Origin::of(named)?.component(out)?)?;
    let client = Client::new(remote)?;
    let bar = ProgressBar::new(u64::try_from(component.len()).unwrap_or(u64::MAX));
    // Without a terminal on standard error the bar draws nothing.
    if let Ok(style) = ProgressStyle::with_template("{msg:11} [{bar:30}] {bytes}/{total_bytes}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message("Sending");
    let request = client
        .request(Method::POST, &["actions"])
        .timeout(PATIENCE)
        .header("accept", "application/x-ndjson")
        .header("content-type", "application/wasm")
        .header("content-length", component.len())
        .body(watched(component, bar.clone()));
    let mut done = None;
    let mut shown = String::new();
    let sent = client.each_line(request, |line| {
        let line: Line = client.understand(line)?;
        if let Some(error) = line.error {
            return Err(error.failure(422));
        }
        if let Some(words) = line.stage.and_then(|stage| words(&stage, line.ahead))
            && words != shown
        {
            bar.set_message(words.clone());
            shown = words;
        }
        done = line.done.or(done.take());
        Ok(())
    });
    let sent = sent.await;
    bar.finish_and_clear();
    sent?;
    let answer = done.ok_or_else(|| client.odd("it ended before it said what came of the upload".into()))?;
    if out.json() {
        return out.value(&answer);
    }
    let action: ActionView = client.understand(answer.get())?;
    out.line(format!("Pushed {}.", out.paint(Tone::Strong, clean(&full_name(&action)))))?;
    describe(&action, false, out)?;
    out.line(format!("Use it in a flow as `uses: {}`.", clean(&short_name(&action))))
}

fn read(file: &Path) -> Result<Bytes, Failure> {
    let mut component = Vec::new();
    let done = File::open(file).and_then(|file| file.take(MOST_COMPONENT + 1).read_to_end(&mut component));
    done.map_err(|error| Failure::reading(file, error))?;
    match u64::try_from(component.len()) {
        Ok(1..=MOST_COMPONENT) => Ok(component.into()),
        Ok(0) => Err(Failure::Usage(format!("{} is empty; name a built component", file.display()))),
        _ => Err(Failure::Usage(format!("{} is larger than {}", file.display(), bytes(MOST_COMPONENT)))),
    }
}

/// The component as a body that moves the bar, and makes it a clock once all is sent.
fn watched(component: Bytes, bar: ProgressBar) -> Body {
    let chunks = (0..component.len()).step_by(CHUNK).map(move |at| {
        let end = (at + CHUNK).min(component.len());
        bar.inc(u64::try_from(end - at).unwrap_or(0));
        if end == component.len() {
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_message("The server has it");
            bar.reset_elapsed();
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Ok::<_, Infallible>(component.slice(at..end))
    });
    Body::wrap_stream(futures_util::stream::iter(chunks))
}

/// What a stage is called; none for one that this weir does not know.
fn words(stage: &str, ahead: Option<u64>) -> Option<String> {
    Some(match (stage, ahead.unwrap_or(0)) {
        ("waiting", 0) => "It is next to be compiled".into(),
        ("waiting", 1) => "It waits for one other component".into(),
        ("waiting", ahead) => format!("It waits for {ahead} other components"),
        ("checking", _) => "The server checks it".into(),
        ("compiling", _) => "The server compiles it".into(),
        ("describing", _) => "The server asks it what it does".into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_answer_are_understood() {
        let line = |text: &str| serde_json::from_str::<Line>(text).unwrap();
        let waiting = line(r#"{"stage":"waiting","ahead":3}"#);
        assert_eq!(words(&waiting.stage.unwrap(), waiting.ahead).unwrap(), "It waits for 3 other components");
        assert_eq!(words("resting", None), None);
        assert_eq!(line(r#"{"done":{"name":"a"}}"#).done.unwrap().get(), r#"{"name":"a"}"#);
        let failed = line(r#"{"error":{"code":"WEIR-SANDBOX-TOO-COSTLY","message":"no"}}"#).error.unwrap().failure(422);
        assert_eq!(failed.exit().code(), 1);
    }
}
