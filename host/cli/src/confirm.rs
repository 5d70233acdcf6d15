//! Asks before anything is destroyed. It decides whether to ask; the command decides what is worth asking about.

use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args;

use crate::failure::Failure;

/// The switch of every command that destroys something.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Confirm {
    /// Go ahead without asking; needed where there is no terminal
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
}

impl Confirm {
    /// Asks whether to go ahead with `act`, a sentence without its full stop such as "this deletes flow x".
    ///
    /// # Errors
    /// Where the answer is no, or where there is nobody to ask and `--yes` was not given.
    pub(crate) fn ask(self, act: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        let (stdin, mut stderr) = (io::stdin(), io::stderr());
        if !stdin.is_terminal() || !stderr.is_terminal() {
            return Err(Failure::Unconfirmed { act: act.to_owned() });
        }
        let mut answer = String::new();
        let asked = write!(stderr, "{act}. Go ahead? [y/N] ").and_then(|()| stderr.flush());
        asked.and_then(|()| stdin.lock().read_line(&mut answer)).map_err(|error| Failure::Other(error.into()))?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Failure::Declined),
        }
    }
}
