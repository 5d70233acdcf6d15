//! Tries a target for a time: inputs follow from a seed and a number, so that any can be made again. It kills nothing; an
//! input that never returns is told by the thread that waits.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::random::Random;
use crate::{Target, make};

/// How long one input may take.
const SLOW: Duration = Duration::from_secs(2);
/// After this an input is taken to never return.
const STUCK: Duration = Duration::from_secs(30);
/// What the process may use at its peak, in MiB: no input may make the host allocate without bounds.
const MOST_MIB: u64 = 1_024;
/// The stack that threads of the server have.
const STACK: usize = 2 << 20;

/// How to try.
#[derive(Clone, Debug)]
pub struct Options {
    /// For how long.
    pub time: Duration,
    /// What the inputs follow from.
    pub seed: u64,
    /// The number of the first input.
    pub from: u64,
    /// Where broken inputs are written.
    pub folder: PathBuf,
}

/// The files of a folder, by name; none where there is no such folder.
pub fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    found.sort();
    found
}

/// Runs the inputs that once broke a target, and says how many there were.
///
/// # Errors
/// With the file that breaks it still.
pub fn replay(target: &Target) -> Result<usize, String> {
    let files = listed(&crate::regressions(target));
    for path in &files {
        let input = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        attempt(target, &input).map_err(|trouble| format!("{}: {trouble}", path.display()))?;
    }
    Ok(files.len())
}

/// Tries inputs until the time is over, and says how many.
///
/// # Errors
/// With the first input that breaks a promise, takes too long or too much memory, where it was written, and how to make it
/// again.
pub fn smoke(target: &'static Target, options: &Options) -> Result<u64, String> {
    let name = target.name;
    fs::create_dir_all(&options.folder).map_err(|error| format!("{}: {error}", options.folder.display()))?;
    let path = options.folder.join(format!("{name}-{}.input", options.seed));
    // Not by a macro, whose output is lost when an input ends the process.
    let said = format!("{name}: seed {}, the input under way is in {}\n", options.seed, path.display());
    let _ = std::io::stderr().write_all(said.as_bytes());
    let file = File::create(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let at = Arc::new(AtomicU64::new(options.from));
    let worker = Worker { target, options: options.clone(), file, at: Arc::clone(&at) };
    let thread = thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(move || worker.run());
    let thread = thread.map_err(|error| format!("no thread: {error}"))?;
    let mut last = (options.from, now());
    while !thread.is_finished() {
        thread::sleep(Duration::from_millis(20));
        let index = at.load(Ordering::Relaxed);
        if index != last.0 {
            last = (index, now());
        } else if last.1.elapsed() > STUCK {
            return Err(told(target, options, index, &format!("it did not return within {} s", STUCK.as_secs())));
        }
    }
    let ended = thread.join().map_err(|_| format!("{name}: no input could be made"))?;
    if let Err(trouble) = ended {
        return Err(told(target, options, at.load(Ordering::Relaxed), &trouble));
    }
    let _ = fs::remove_file(&path);
    Ok(at.load(Ordering::Relaxed) - options.from)
}

fn told(target: &Target, options: &Options, index: u64, trouble: &str) -> String {
    let (name, seed) = (target.name, options.seed);
    let path = options.folder.join(format!("{name}-{seed}.input"));
    format!(
        "{name}: {trouble}\nThe input is in {}. Once mended, keep it as tests/fuzz/regressions/{name}/<what-it-was>.\n\
         To make it again: WEIR_FUZZ_SEED={seed} WEIR_FUZZ_FROM={index} cargo xtask fuzz {name}",
        path.display()
    )
}

struct Worker {
    target: &'static Target,
    options: Options,
    file: File,
    at: Arc<AtomicU64>,
}

impl Worker {
    fn run(mut self) -> Result<(), String> {
        let (start, seeds) = (now(), (self.target.seeds)());
        for index in self.options.from.. {
            self.at.store(index, Ordering::Relaxed);
            if start.elapsed() >= self.options.time {
                break;
            }
            let input = input(self.target, &seeds, &mut Random::new(self.options.seed, index));
            self.keep(&input).map_err(|error| format!("the input was not written: {error}"))?;
            attempt(self.target, &input)?;
            if index % 64 == 0 && peak_mib().is_some_and(|peak| peak > MOST_MIB) {
                return Err(format!("this input or one of the 63 before it used more than {MOST_MIB} MiB of memory"));
            }
        }
        Ok(())
    }

    /// An input that ends the process cannot be asked for afterwards.
    fn keep(&mut self, input: &[u8]) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(input)?;
        self.file.set_len(input.len() as u64)
    }
}

fn input(target: &Target, seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let right = |random: &mut Random| match seeds {
        [] => (target.make)(random),
        seeds => seeds[random.below(seeds.len())].clone(),
    };
    match random.below(8) {
        0..=3 => (target.make)(random),
        kind => {
            let mut input = match kind {
                4 | 5 => (target.make)(random),
                6 => right(random),
                _ => {
                    let (first, second) = (right(random), (target.make)(random));
                    make::splice(random, &first, &second)
                }
            };
            make::mutate(random, &mut input, target.words);
            input
        }
    }
}

/// Runs one input. A slow one gets two more tries: the machine may have been busy.
fn attempt(target: &Target, input: &[u8]) -> Result<(), String> {
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let start = now();
        catch_unwind(AssertUnwindSafe(|| (target.run)(input))).map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
            format!("it panicked: {}", text.chars().take(4_000).collect::<String>())
        })?;
        best = best.min(start.elapsed());
        if best <= SLOW {
            return Ok(());
        }
    }
    Err(format!("it takes {} ms, at most {} ms are allowed", best.as_millis(), SLOW.as_millis()))
}

/// The most memory that the process had so far, where the system tells.
fn peak_mib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib / 1_024)
}

#[expect(clippy::disallowed_methods, reason = "real time is what is watched")]
fn now() -> Instant {
    Instant::now()
}
