//! The listening sockets: bound here, handed in by a service manager or by the process before, and handed on to the next.
//! It accepts nothing.

use std::io;
use std::net::{SocketAddr, TcpListener as Socket};
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use listenfd::ListenFd;
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use tokio::net::TcpListener;

use super::ServeArgs;

/// What the sockets are called in `LISTEN_FDNAMES`, in the order in which they are handed on.
const NAMES: [&str; 2] = ["webhooks", "admin"];
/// Standard input, output and error come before.
const FIRST_FREE: i32 = 3;
/// How often two descriptors in a row are looked for.
const TRIES: usize = 64;

/// The sockets that came with the process, by the protocol of systemd's socket activation.
pub(super) struct Given {
    hooks: Option<Socket>,
    admin: Option<Socket>,
}

impl Given {
    /// Takes them: the first for webhooks, the second for the admin API, unless they are named so. For the very start, since
    /// it changes the environment.
    pub(super) fn take() -> Result<Self> {
        let names = std::env::var_os("LISTEN_FDNAMES").unwrap_or_default();
        let mut given = ListenFd::from_env();
        let [hooks, admin] = places(&names.to_string_lossy());
        let mut take = |place: usize| {
            let socket = given.take_tcp_listener(place).context("a socket that was handed in cannot be listened on")?;
            if let Some(socket) = &socket {
                socket.set_nonblocking(true).context("a socket that was handed in cannot be used")?;
            }
            anyhow::Ok(socket)
        };
        Ok(Self { hooks: take(hooks)?, admin: take(admin)? })
    }

    /// Binds those that are missing.
    pub(super) async fn completed(self, args: &ServeArgs) -> Result<Sockets> {
        let were_given = self.hooks.is_some();
        let hooks = match self.hooks {
            Some(socket) => socket,
            None => bind(args.listen, "webhooks", "--listen").await?,
        };
        let admin = match self.admin {
            Some(socket) => socket,
            None => bind(args.admin_listen, "the admin API", "--admin-listen").await?,
        };
        Ok(Sockets { hooks, admin, were_given })
    }
}

/// Where webhooks and admin are among the sockets that were handed in: by their names, else in this order.
fn places(names: &str) -> [usize; 2] {
    let place = |wanted: &str| names.split(':').position(|name| name == wanted);
    match NAMES.map(place) {
        [Some(hooks), Some(admin)] => [hooks, admin],
        [Some(hooks), None] => [hooks, usize::MAX],
        [None, Some(admin)] => [usize::MAX, admin],
        [None, None] => [0, 1],
    }
}

async fn bind(address: SocketAddr, what: &str, option: &str) -> Result<Socket> {
    // Bound by the runtime, whose backlog is the longest that the system allows.
    let bound = TcpListener::bind(address).await.and_then(TcpListener::into_std);
    bound.with_context(|| format!("{address} is not free for {what}; choose another address with {option}"))
}

/// Both sockets. They stay open while this lives, whoever else listens on them.
pub(super) struct Sockets {
    hooks: Socket,
    admin: Socket,
    /// Whether somebody handed them in, who may keep them open over a restart.
    pub(super) were_given: bool,
}

impl Sockets {
    /// Listeners on them: webhooks, admin.
    pub(super) fn listeners(&self) -> Result<(TcpListener, TcpListener)> {
        let listener = |socket: &Socket| socket.try_clone().and_then(TcpListener::from_std);
        let both = listener(&self.hooks).and_then(|hooks| Ok((hooks, listener(&self.admin)?)));
        both.context("the sockets cannot be listened on")
    }
}

/// The program that takes over the sockets, once everything of this process is closed.
pub(crate) struct Successor {
    program: PathBuf,
    sockets: Sockets,
}

impl Successor {
    pub(super) const fn new(program: PathBuf, sockets: Sockets) -> Self {
        Self { program, sockets }
    }

    /// Becomes that program, with this one's arguments and process id. Calls wait in the system's backlog until it listens.
    ///
    /// # Errors
    /// Only returns where that failed.
    pub(crate) fn start(self) -> anyhow::Error {
        match self.exec() {
            Ok(never) => match never {},
            Err(error) => error.context(format!(
                "the server has stopped, and {} could not be started in its place; start it by hand",
                self.program.display()
            )),
        }
    }

    fn exec(&self) -> Result<std::convert::Infallible> {
        let handed = neighbours(&self.sockets.hooks, &self.sockets.admin)?;
        for socket in &handed {
            fcntl_setfd(socket, FdFlags::empty())?;
        }
        let [first, _] = &handed;
        let error = Command::new(&self.program)
            .args(std::env::args_os().skip(1))
            .env("LISTEN_FDS", handed.len().to_string())
            .env("LISTEN_FDS_FIRST_FD", first.as_raw_fd().to_string())
            .env("LISTEN_FDNAMES", NAMES.join(":"))
            .env("LISTEN_PID", std::process::id().to_string())
            .exec();
        Err(error.into())
    }
}

/// The sockets once more, with descriptors that follow one another.
fn neighbours(first: impl AsFd, second: impl AsFd) -> Result<[OwnedFd; 2]> {
    let mut from = FIRST_FREE;
    for _ in 0..TRIES {
        let one = fcntl_dupfd_cloexec(&first, from)?;
        let next = one.as_raw_fd() + 1;
        let other = fcntl_dupfd_cloexec(&second, next)?;
        if other.as_raw_fd() == next {
            return Ok([one, other]);
        }
        from = other.as_raw_fd();
    }
    Err(io::Error::other("too many files are open").into())
}

/// The name that this process was started by. What it leads to later may be another version of the program.
pub(super) fn own_program() -> Result<PathBuf> {
    match std::env::args_os().next().filter(|name| !name.is_empty()) {
        Some(name) => Ok(name.into()),
        None => std::env::current_exe().context("this program's own file cannot be found"),
    }
}

/// Whether a program can take over: it starts and knows its version. A server that would not come back is not stopped.
pub(super) async fn starts(program: PathBuf) -> Result<String> {
    let ask = tokio::task::spawn_blocking(move || {
        let name = program.display().to_string();
        let output = Command::new(program).arg("--version").output();
        output.with_context(|| format!("{name} cannot be started"))
    });
    let output = ask.await??;
    ensure!(output.status.success(), "it ended with {}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_go_by_their_names_or_else_by_their_order() {
        assert_eq!(places(""), [0, 1]);
        assert_eq!(places("weir.socket:weir.socket"), [0, 1]);
        assert_eq!(places("admin:webhooks"), [1, 0]);
        assert_eq!(places("other:webhooks"), [1, usize::MAX]);
    }

    #[test]
    fn handed_sockets_have_descriptors_in_a_row_even_where_there_are_gaps() {
        let socket = || Socket::bind("127.0.0.1:0").unwrap();
        let many: Vec<Socket> = (0..8).map(|_| socket()).collect();
        // Every other descriptor is free now.
        let kept: Vec<Socket> = many.into_iter().step_by(2).collect();
        let [one, other] = neighbours(&kept[0], &kept[1]).unwrap();
        assert_eq!(other.as_raw_fd(), one.as_raw_fd() + 1);
        let address = |fd: OwnedFd| Socket::from(fd).local_addr().unwrap();
        assert_eq!(address(one), kept[0].local_addr().unwrap());
        assert_eq!(address(other), kept[1].local_addr().unwrap());
    }
}
