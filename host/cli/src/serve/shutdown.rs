//! The signals that stop or restart the server. A second one that stops it, while it is stopping, ends the process at once.

use std::io::IsTerminal as _;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To stop: SIGTERM or SIGINT.
    Stop,
    /// To stop and to let the program that is installed now take over the sockets: SIGHUP.
    Restart,
}

/// The order to restart. Listened to from the very start: unheard, it would end a server that has just taken over.
pub(super) fn hangups() -> Result<Signal> {
    signal(SignalKind::hangup()).context("SIGHUP cannot be listened to")
}

/// The signals that a server which runs listens to. Before, SIGTERM and SIGINT end it as they end any program.
pub(super) struct Signals {
    term: Signal,
    interrupt: Signal,
    hangup: Signal,
    /// Whether a hangup is the end of the terminal that the server was started on, and not an order.
    on_terminal: bool,
}

impl Signals {
    pub(super) fn listen(hangup: Signal) -> Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate()).context("SIGTERM cannot be listened to")?,
            interrupt: signal(SignalKind::interrupt()).context("SIGINT cannot be listened to")?,
            hangup,
            on_terminal: std::io::stdin().is_terminal(),
        })
    }

    /// Ready once somebody asks for something.
    pub(super) async fn asked(&mut self) -> Asked {
        tokio::select! {
            _ = self.term.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hangup.recv() => if self.on_terminal { Asked::Stop } else { Asked::Restart },
        }
    }

    /// From now on SIGTERM and SIGINT end the process at once. Hangups are passed over: the way down is taken already.
    pub(super) fn end_at_once(mut self) {
        tokio::spawn(async move {
            while self.asked().await == Asked::Restart {}
            std::process::exit(130);
        });
    }
}
