//! Programs side by side: every contestant in every round, another one first each time.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// One contestant: its name, what is done before each round and not measured, and what is measured.
pub(crate) struct Contestant<'a> {
    pub(crate) name: String,
    pub(crate) before: Box<dyn Fn(usize) + 'a>,
    pub(crate) run: Box<dyn Fn(usize) -> Duration + 'a>,
}

impl<'a> Contestant<'a> {
    /// A program.
    pub(crate) fn program(name: impl Into<String>, command: impl Fn(usize) -> Command + 'a) -> Self {
        Self { name: name.into(), before: Box::new(|_| ()), run: Box::new(move |round| timed(&mut command(round))) }
    }

    /// Something of this process.
    pub(crate) fn own(name: impl Into<String>, work: impl Fn() + 'a) -> Self {
        let run = move |_| {
            let start = Instant::now();
            work();
            start.elapsed()
        };
        Self { name: name.into(), before: Box::new(|_| ()), run: Box::new(run) }
    }

    pub(crate) fn after(self, before: impl Fn(usize) + 'a) -> Self {
        Self { before: Box::new(before), ..self }
    }
}

/// Runs them and prints the medians, with the ratio to the first and to the contestant `base`. Returns the medians.
pub(crate) fn compare(title: &str, rounds: usize, base: usize, contestants: &[Contestant<'_>]) -> Vec<Duration> {
    let mut samples: Vec<Vec<Duration>> = contestants.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for turn in 0..contestants.len() {
            let at = (round + turn) % contestants.len();
            (contestants[at].before)(round);
            samples[at].push((contestants[at].run)(round));
        }
    }
    println!("\n{title} ({rounds} rounds)");
    let width = contestants.iter().map(|contestant| contestant.name.len()).max().unwrap_or(0);
    println!("{:width$} {:>12} {:>12} {:>8} {:>8}", "", "median", "least", "to [1]", format!("to [{}]", base + 1));
    let medians: Vec<_> = samples.iter_mut().map(|samples| median(samples)).collect();
    for (at, (contestant, samples)) in contestants.iter().zip(&samples).enumerate() {
        let ratio = |to: usize| medians[at].as_secs_f64() / medians[to].as_secs_f64();
        println!(
            "{:width$} {:>9.2} ms {:>9.2} ms {:>8.2} {:>8.2}",
            contestant.name,
            milliseconds(medians[at]),
            milliseconds(samples[0]),
            ratio(0),
            ratio(base)
        );
    }
    medians
}

/// Runs a program that must succeed.
pub(crate) fn timed(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.status().expect("the program runs");
    let elapsed = start.elapsed();
    assert!(status.success(), "{command:?} failed");
    elapsed
}

/// The largest memory of a program, in MB: it is run by another process of this benchmark, which has no other child.
pub(crate) fn peak_memory(command: &Command) -> f64 {
    let own = std::env::current_exe().expect("it runs");
    let mut wrapped = Command::new(own);
    wrapped.arg("--peak-memory").arg(command.get_program()).args(command.get_args());
    let output = wrapped.stdin(Stdio::null()).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().unwrap_or_else(|_| panic!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The other end of [`peak_memory`].
pub(crate) fn print_peak_memory(line: &[String]) {
    let mut command = Command::new(&line[0]);
    // a group of its own, so that whoever ends this one ends that too
    let status = command.args(&line[1..]).stdin(Stdio::null()).stdout(Stdio::null()).process_group(0).status();
    assert!(status.expect("the program runs").success());
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts");
    #[expect(clippy::cast_precision_loss, reason = "kilobytes")]
    let megabytes = usage.max_rss() as f64 / 1024.0;
    println!("{megabytes:.1}");
}

pub(crate) fn median(samples: &mut [Duration]) -> Duration {
    samples.sort_unstable();
    samples[samples.len() / 2]
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
