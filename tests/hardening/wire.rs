//! A client that writes bytes as they are and reads answers from a socket. It judges nothing.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// How long an answer or an end is waited for: a server that holds on is found out in the end.
const PATIENCE: Duration = Duration::from_secs(60);

/// One connection.
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What a connection brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Came {
    /// An answer: its status and body.
    Answer(u16, String),
    /// The end of the connection.
    End,
    /// Nothing for the time that was given.
    Nothing,
}

impl Wire {
    /// Connects to an address such as `127.0.0.1:8787`.
    pub fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Writes all bytes; whether the other side still took them.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// The next answer, interim ones included.
    pub fn answer(&mut self) -> Result<Came> {
        self.answer_within(PATIENCE)
    }

    /// The same, with another patience.
    pub fn answer_within(&mut self, patience: Duration) -> Result<Came> {
        self.stream.set_read_timeout(Some(patience))?;
        loop {
            if let Some(answer) = self.taken()? {
                return Ok(answer);
            }
            let mut bytes = [0; 8_192];
            match self.stream.read(&mut bytes) {
                Ok(0) if self.buffer.is_empty() => return Ok(Came::End),
                Ok(0) => bail!("the connection ended within an answer: {:?}", String::from_utf8_lossy(&self.buffer)),
                Ok(read) => self.buffer.extend(&bytes[..read]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Ok(Came::Nothing);
                }
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                    return Ok(Came::End);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether the connection ends, whatever comes before.
    pub fn ends(&mut self) -> Result<bool> {
        self.stream.set_read_timeout(Some(PATIENCE))?;
        let mut bytes = [0; 8_192];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Ok(true),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(false),
                Err(_) => return Ok(true),
            }
        }
    }

    /// Takes a whole answer out of what was read.
    fn taken(&mut self) -> Result<Option<Came>> {
        let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).context("an answer without a status")?.parse()?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(Ok(0), str::parse)?;
        let whole = end + 4 + length;
        if self.buffer.len() < whole {
            return Ok(None);
        }
        let body = String::from_utf8_lossy(&self.buffer[end + 4..whole]).into_owned();
        self.buffer.drain(..whole);
        Ok(Some(Came::Answer(status, body)))
    }
}
