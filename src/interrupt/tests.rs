//! The handler ends its process, so that it is tried in a child: this test program again, running [`child`] alone.
#![expect(clippy::disallowed_types, reason = "starts this test program as a child")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::LocalModes;

use super::*;

#[path = "../../tests/common/terminal.rs"]
mod terminal;

const PATIENCE: Duration = Duration::from_secs(20);
/// What makes [`child`] a child.
const CHILD: &str = "KEYRING_TEST_INTERRUPT";
const CHILD_ARGUMENTS: [&str; 3] = ["--exact", "interrupt::tests::child", "--nocapture"];

/// Says one line past the test harness, which keeps what is printed.
fn say(line: &str) {
    #[expect(clippy::disallowed_methods, reason = "println! would be captured")]
    let mut stdout = io::stdout();
    stdout.write_all(format!("{line}\n").as_bytes()).unwrap();
    stdout.flush().unwrap();
}

/// A part of the tests below, which run it in a child process and interrupt it. Returns at once when they did not.
#[test]
fn child() {
    #[expect(clippy::disallowed_methods, reason = "what the parent test has set")]
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    if !install().unwrap() {
        // the tests below were themselves started with Ctrl-C ignored
        say("ignored");
        return;
    }
    // as a prompt does; never to the terminal on which the tests run
    if let Some(terminal) = Terminal::find().filter(|_| termios::isatty(io::stdin())) {
        let mut settings = terminal.settings;
        settings.local_modes.remove(LocalModes::ICANON);
        termios::tcsetattr(&terminal.device, OptionalActions::Now, &settings).unwrap();
    }
    critical(|| {
        say("ready");
        let start = Instant::now();
        while !requested() {
            assert!(start.elapsed() < PATIENCE, "nobody interrupts");
            thread::sleep(Duration::from_millis(5));
        }
        // the handler waits for this
        thread::sleep(Duration::from_millis(100));
        say("finished");
    });
    critical(|| say("begun too late"));
    wait_for_end();
    say("alive");
}

#[test]
fn on_a_terminal_work_is_finished_and_the_terminal_restored() {
    let program = std::env::current_exe().unwrap();
    let mut line = vec![program.to_str().unwrap()];
    line.extend(CHILD_ARGUMENTS);
    let environment = vec![(CHILD, "1".to_owned())];
    let mut terminal = terminal::Terminal::start(&terminal::Program { line, environment, folder: Path::new("/") });
    if terminal.expect_one_of(&["ready", "ignored"]) == "ignored" {
        return;
    }
    assert!(!terminal.is_as_a_shell_wants_it());

    terminal.press("\x03");
    terminal.expect("finished");
    let (code, text, restored) = terminal.end();
    assert!(restored, "the terminal is not as it was");
    assert!(!text.contains("begun too late") && !text.contains("alive"), "{text}");
    assert_eq!(code, Some(EXIT_STATUS));
}

#[test]
fn without_a_terminal_nothing_is_added_to_standard_error() {
    use std::io::{BufRead, BufReader};

    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(CHILD_ARGUMENTS).env(CHILD, "1");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.find(|line| line == "ready" || line == "ignored").unwrap();
    if first == "ready" {
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    }
    let rest: Vec<String> = lines.collect();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    if first == "ready" {
        assert_eq!(rest, ["finished"]);
        assert_eq!(output.status.code(), Some(EXIT_STATUS));
    }
}

#[test]
fn critical_work_may_contain_critical_work() {
    assert_eq!(critical(|| critical(|| 1) + critical(|| 2)), 3);
    assert!(!requested());
}

#[test]
fn critical_work_is_done_one_thread_at_a_time_and_survives_a_panic() {
    let panicked = thread::spawn(|| critical(|| panic!("in critical work"))).join();
    assert!(panicked.is_err());

    let (report, reports) = mpsc::channel();
    critical(|| {
        let report = report.clone();
        thread::spawn(move || critical(|| report.send("second")));
        thread::sleep(Duration::from_millis(50));
        assert!(reports.try_recv().is_err());
    });
    assert_eq!(reports.recv_timeout(PATIENCE), Ok("second"));
}
