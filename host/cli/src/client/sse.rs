//! Server-sent events (HTML standard §9.2.6) read from an answer. It splits the stream; others know what events mean.
//! events mean.

use bytes::Bytes;
use reqwest::Response;

/// The longest event that is read: a run's payload and a step's record fit well below it.
const MOST_EVENT: usize = 16 << 20;

/// The name under which comments are passed on: no event can have it. The server says in them that it lives, or that it
/// had to leave events out.
pub(crate) const COMMENT: &str = ":";

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name; `message` where the server gave none.
    pub(crate) name: String,
    /// Its data.
    pub(crate) data: String,
}

/// A stream of events.
#[derive(Debug)]
pub(crate) struct Events {
    response: Response,
    parser: Parser,
}

impl Events {
    /// The events of an answer's body.
    pub(super) fn new(response: Response) -> Self {
        Self { response, parser: Parser::default() }
    }

    /// The next event; none where the stream ended or broke. Cancel-safe: nothing is lost where the wait is dropped.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.parser.take() {
                return Some(event);
            }
            let chunk: Bytes = self.response.chunk().await.ok()??;
            self.parser.feed(&chunk)?;
        }
    }
}

/// Bytes in, events out.
#[derive(Debug, Default)]
struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    current: Event,
    has_data: bool,
    ready: std::collections::VecDeque<Event>,
}

impl Parser {
    fn take(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }

    /// None where an event is longer than is read.
    fn feed(&mut self, bytes: &[u8]) -> Option<()> {
        for &byte in bytes {
            let second_of_pair = byte == b'\n' && std::mem::take(&mut self.after_cr);
            match byte {
                _ if second_of_pair => {}
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    self.end_line(&String::from_utf8_lossy(&line));
                }
                _ => {
                    self.after_cr = false;
                    self.line.push(byte);
                }
            }
            if self.line.len() + self.current.data.len() > MOST_EVENT {
                return None;
            }
        }
        Some(())
    }

    fn end_line(&mut self, line: &str) {
        if line.is_empty() {
            let mut event = std::mem::take(&mut self.current);
            if std::mem::take(&mut self.has_data) {
                if event.name.is_empty() {
                    "message".clone_into(&mut event.name);
                }
                self.ready.push_back(event);
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.current.name),
            "data" => {
                if self.has_data {
                    self.current.data.push('\n');
                }
                self.has_data = true;
                self.current.data.push_str(value);
            }
            "" => self.ready.push_back(Event { name: COMMENT.into(), data: value.into() }),
            // Ids and retry times mean nothing here: a stream that broke starts anew.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_may_be_cut_anywhere() {
        let stream =
            ": hi\n\nevent: answered\r\ndata: {\"a\":\r\ndata: \"ü\"}\r\n\r\nid: 7\n\ndata:x\n\nevent: lost\n\n";
        let wanted = [(COMMENT, "hi"), ("answered", "{\"a\":\n\"ü\"}"), ("message", "x")];
        for size in 1..stream.len() {
            let mut parser = Parser::default();
            stream.as_bytes().chunks(size).for_each(|chunk| parser.feed(chunk).unwrap());
            let events: Vec<_> = std::iter::from_fn(|| parser.take()).collect();
            let got: Vec<_> = events.iter().map(|e| (e.name.as_str(), e.data.as_str())).collect();
            assert_eq!(got, wanted, "chunks of {size}");
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        assert!(Parser::default().feed(&vec![b'x'; MOST_EVENT + 1]).is_none());
    }
}
