//! Lines that one call logged or printed, kept to a cap. It must never make the guest fail.

use weir_model::{Json, Limits, LogLevel, LogLine};

use crate::words::Words;

/// What a line costs besides its text, so that empty lines are not free.
const LINE_COST: u64 = 32;

/// The two streams of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

impl Stream {
    const fn level(self) -> LogLevel {
        match self {
            Self::Out => LogLevel::Info,
            Self::Err => LogLevel::Warn,
        }
    }
}

/// The lines of one call.
#[derive(Debug)]
pub(crate) struct Logs {
    lines: Vec<LogLine>,
    logged: Account,
    printed: Account,
    dropped: u64,
    line_cap: usize,
    out: Vec<u8>,
    err: Vec<u8>,
    words: Words,
}

impl Logs {
    pub(crate) fn new(caps: LogCaps) -> Self {
        let LogCaps { line, logged, printed } = caps;
        Self {
            lines: Vec::new(),
            logged: Account::new(logged),
            printed: Account::new(printed),
            dropped: 0,
            line_cap: usize::try_from(line).unwrap_or(usize::MAX),
            out: Vec::new(),
            err: Vec::new(),
            words: Words::default(),
        }
    }

    /// A line of the `log` interface.
    pub(crate) fn write(&mut self, level: LogLevel, message: &str, fields: Option<String>) {
        let whole = message.len();
        self.logged.written += (whole + fields.as_ref().map_or(0, String::len)) as u64;
        let message = cut(message, self.line_cap);
        self.dropped += (whole - message.len()) as u64;
        let fields = fields.and_then(|text| {
            let size = text.len();
            let json = (size <= self.line_cap && text.trim_start().starts_with('{')).then(|| Json::parse(text).ok());
            if json.is_none() {
                self.dropped += size as u64;
            }
            json.flatten()
        });
        let message = escape(message);
        // Languages without a standard error say so why they give up.
        if level == LogLevel::Error {
            self.words.hear(&message);
        }
        self.push(Source::Logged, level, message, fields);
    }

    /// Bytes that the guest printed; each line of them becomes a line of the log.
    pub(crate) fn print(&mut self, stream: Stream, bytes: &[u8]) {
        self.printed.written += bytes.len() as u64;
        let mut parts = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            let open = match stream {
                Stream::Out => &mut self.out,
                Stream::Err => &mut self.err,
            };
            let room = self.line_cap.saturating_sub(open.len()).min(part.len());
            open.extend(part.iter().take(room));
            self.dropped += (part.len() - room) as u64;
            if parts.peek().is_some() {
                let line = std::mem::take(open);
                self.printed(stream, &line);
            }
        }
    }

    fn printed(&mut self, stream: Stream, line: &[u8]) {
        let text = escape(String::from_utf8_lossy(line).trim_end_matches('\r'));
        if stream == Stream::Err {
            self.words.hear(&text);
        }
        self.push(Source::Printed, stream.level(), text, None);
    }

    fn push(&mut self, source: Source, level: LogLevel, message: String, fields: Option<Json>) {
        let size = (message.len() + fields.as_ref().map_or(0, |json| json.text().len())) as u64;
        let account = match source {
            Source::Logged => &mut self.logged,
            Source::Printed => &mut self.printed,
        };
        if account.keep(size) {
            self.lines.push(LogLine { step: None, level, message, fields });
        } else {
            self.dropped += size;
        }
    }

    /// Closes lines without an end.
    pub(crate) fn close(&mut self) {
        for stream in [Stream::Out, Stream::Err] {
            let open = match stream {
                Stream::Out => &mut self.out,
                Stream::Err => &mut self.err,
            };
            if !open.is_empty() {
                let line = std::mem::take(open);
                self.printed(stream, &line);
            }
        }
    }

    /// The last that was said on standard error, or logged as one: why a guest panicked.
    pub(crate) const fn last_words(&self) -> &Words {
        &self.words
    }

    /// Bytes that were logged and printed, kept or not.
    pub(crate) const fn written(&self) -> (u64, u64) {
        (self.logged.written, self.printed.written)
    }

    /// Whether the limit of the log, and that of what is printed, kept something out.
    pub(crate) const fn full(&self) -> (bool, bool) {
        (self.logged.full, self.printed.full)
    }

    /// The lines, and how many bytes did not make it.
    pub(crate) fn take(&mut self) -> (Vec<LogLine>, u64) {
        (std::mem::take(&mut self.lines), self.dropped)
    }
}

/// Where a line came from; each has a cap of its own, so that a chatty runtime does not push out what the author logs.
#[derive(Clone, Copy)]
enum Source {
    Logged,
    Printed,
}

/// Bytes of one source.
#[derive(Debug)]
struct Account {
    written: u64,
    kept: u64,
    cap: u64,
    full: bool,
}

impl Account {
    const fn new(cap: u64) -> Self {
        Self { written: 0, kept: 0, cap, full: false }
    }

    /// Whether a line of this size still fits.
    const fn keep(&mut self, size: u64) -> bool {
        let sum = self.kept.saturating_add(size).saturating_add(LINE_COST);
        if sum > self.cap {
            self.full = true;
            return false;
        }
        self.kept = sum;
        true
    }
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogCaps {
    line: u64,
    logged: u64,
    printed: u64,
}

impl LogCaps {
    pub(crate) const fn of(limits: &Limits) -> Self {
        Self { line: limits.log_line_bytes, logged: limits.log_bytes, printed: limits.stdout_bytes }
    }
}

/// The text up to `most` bytes, ending between two characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// The text with characters escaped that would steer a terminal or turn the direction of reading.
pub(crate) fn escape(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\t' && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logs(line: u64, all: u64) -> Logs {
        Logs::new(LogCaps { line, logged: all, printed: all })
    }

    #[test]
    fn printed_bytes_become_lines_and_the_last_needs_no_end() {
        let mut logs = logs(100, 1_000);
        logs.print(Stream::Out, b"one\r\ntw");
        logs.print(Stream::Err, b"\x1b[31mred\n");
        logs.print(Stream::Out, b"o");
        logs.close();
        assert_eq!(logs.last_words().text(), "\\u{1b}[31mred");
        let (lines, dropped) = logs.take();
        let seen: Vec<_> = lines.iter().map(|line| (line.level, line.message.as_str())).collect();
        assert_eq!(seen, [(LogLevel::Info, "one"), (LogLevel::Warn, "\\u{1b}[31mred"), (LogLevel::Info, "two")]);
        assert_eq!(dropped, 0);
    }

    #[test]
    fn a_flood_is_counted_and_not_kept() {
        let mut logs = logs(8, 100);
        for _ in 0..1_000 {
            logs.print(Stream::Out, b"\n0123456789");
            logs.write(LogLevel::Info, "äöüäöü", Some("no JSON".into()));
        }
        assert_eq!(logs.full(), (true, true));
        assert_eq!(logs.written(), (1_000 * 19, 1_000 * 11));
        let (lines, dropped) = logs.take();
        // 100 bytes at 32 and more a line: the two empty ones before each other, then two logged.
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|line| line.message.len() <= 8));
        assert!(dropped > 10_000);
    }
}
