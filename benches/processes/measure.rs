//! Whole processes, and what they cost in wall time and in processor time.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// One contestant: its name, and what one round runs. What is done to find that out is not measured.
pub(crate) type Contestant<'a> = (&'a str, Box<dyn Fn(usize) -> Vec<Command> + 'a>);

struct Sample {
    wall: Duration,
    cpu: Duration,
}

/// A program, silent.
pub(crate) fn tool(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Runs every contestant in every round, another one first each time.
pub(crate) fn compare(title: &str, rounds: usize, contestants: &[Contestant<'_>]) {
    if rounds == 0 {
        return;
    }
    let mut samples: Vec<Vec<Sample>> = contestants.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for turn in 0..contestants.len() {
            let at = (round + turn) % contestants.len();
            samples[at].push(measure(&mut (contestants[at].1)(round)));
        }
    }
    println!("\n{title} ({rounds} rounds)");
    println!("{:34} {:>12} {:>7} {:>12} {:>7}", "", "wall median", "ratio", "CPU mean", "ratio");
    let base = (median(&samples[0]), mean(&samples[0]));
    for ((name, _), samples) in contestants.iter().zip(&samples) {
        let (wall, cpu) = (median(samples), mean(samples));
        println!(
            "{name:34} {:>9.2} ms {:>7.2} {:>9.2} ms {:>7.2}",
            milliseconds(wall),
            wall.as_secs_f64() / base.0.as_secs_f64(),
            milliseconds(cpu),
            cpu.as_secs_f64() / base.1.as_secs_f64()
        );
    }
}

fn measure(commands: &mut [Command]) -> Sample {
    let (start, before) = (Instant::now(), children_cpu());
    for command in commands {
        let status = command.status().expect("the program runs");
        assert!(status.success(), "{command:?} failed");
    }
    Sample { wall: start.elapsed(), cpu: children_cpu().saturating_sub(before) }
}

fn children_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts");
    let spent = [usage.user_time(), usage.system_time()];
    spent
        .iter()
        .map(|time| Duration::from_micros(u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).unwrap_or(0)))
        .sum()
}

fn median(samples: &[Sample]) -> Duration {
    let mut walls: Vec<_> = samples.iter().map(|sample| sample.wall).collect();
    walls.sort_unstable();
    walls[walls.len() / 2]
}

fn mean(samples: &[Sample]) -> Duration {
    let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    samples.iter().map(|sample| sample.cpu).sum::<Duration>() / count
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
