//! Runs the programs that publishing and authorities need: with a clean environment, in the time they have, and with an eye on what
//! they say. The only room that runs programs.
#![expect(clippy::disallowed_types, reason = "this is the room for it")]

use std::io::{self, Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use keystore::model::Hook;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::interrupt;

/// The most that is kept of what a program says: its end, where the reason stands.
const OUTPUT_LIMIT: usize = 8 << 10;
/// The most that is read of a program's reply: a chain of certificates is a few kilobytes.
const REPLY_LIMIT: usize = 1 << 20;
/// The exit status of a program that refuses for good, and of one that has no reply yet. They are ours as well.
const REFUSED: i32 = 3;
const LATER: i32 = 10;
/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(2);
/// How often it is looked at.
const PAUSE: Duration = Duration::from_millis(5);
/// How long its output is waited for once it has ended: a daemon that it started may hold on to it.
const LINGER: Duration = Duration::from_millis(200);
/// Where programs are looked for.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Why a program did not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HookFault {
    /// It could not be started.
    #[error("{program} cannot be run")]
    Start {
        program: String,
        #[source]
        source: io::Error,
    },
    /// It ended with a failure.
    #[error("{program} {how}{}", said(.output))]
    Failed { program: String, how: String, output: String },
    /// It did not end.
    #[error("{program} took longer than {} s and was stopped{}", .timeout.as_secs(), said(.output))]
    TimedOut { program: String, timeout: Duration, output: String },
    /// Somebody pressed Ctrl-C.
    #[error("{program} was interrupted")]
    Interrupted { program: String },
}

fn said(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!(": {output}") }
}

/// What a program is told.
pub(crate) struct Call<'a> {
    /// Which one.
    pub(crate) hook: &'a Hook,
    /// Its environment, besides `PATH`.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// Its standard input.
    pub(crate) input: &'a [u8],
    /// How long it may take.
    pub(crate) timeout: Duration,
    /// Whether Ctrl-C ends it: not while something is taken back.
    pub(crate) interruptible: bool,
}

/// What a program that was asked for something came back with.
pub(crate) enum Answer {
    /// What it printed on standard output.
    Reply(Vec<u8>),
    /// It has to be asked again later, and said this.
    Later(String),
    /// It refuses for good, and said this.
    Refused(String),
}

/// How a program ended, with what it said.
struct Ended {
    program: String,
    status: ExitStatus,
    /// Standard output, where that was wanted apart.
    reply: Vec<u8>,
    said: String,
}

impl Ended {
    fn fault(self) -> HookFault {
        let how = match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("ended with exit status {code}"),
            (_, Some(signal)) => format!("was ended by signal {signal}"),
            _ => "failed".to_owned(),
        };
        HookFault::Failed { program: self.program, how, output: self.said }
    }
}

impl Call<'_> {
    fn program(&self) -> String {
        match self.hook {
            Hook::Nothing => "true".to_owned(),
            Hook::Argv(argv) => argv.first().cloned().unwrap_or_default(),
            Hook::Shell(_) => "/bin/sh".to_owned(),
        }
    }

    /// Runs it to its end. Returns the end of what it said.
    ///
    /// # Errors
    /// When it can't be started, fails, takes too long, or Ctrl-C is pressed; nothing of it runs any more then.
    pub(crate) fn run(&self) -> Result<String, HookFault> {
        let ended = self.execute(false)?;
        if ended.status.success() { Ok(ended.said) } else { Err(ended.fault()) }
    }

    /// Runs it to its end and returns what it printed on standard output. Exit status 10 says that there is nothing
    /// yet, 3 that there will be nothing.
    ///
    /// # Errors
    /// As [`Call::run`].
    pub(crate) fn ask(&self) -> Result<Answer, HookFault> {
        let ended = self.execute(true)?;
        match ended.status.code() {
            Some(0) => Ok(Answer::Reply(ended.reply)),
            Some(LATER) => Ok(Answer::Later(ended.said)),
            Some(REFUSED) => Ok(Answer::Refused(ended.said)),
            _ => Err(ended.fault()),
        }
    }

    /// Runs it to its end and returns what it printed on standard output; any exit status but 0 is a failure.
    ///
    /// # Errors
    /// As [`Call::run`].
    pub(crate) fn read(&self) -> Result<Vec<u8>, HookFault> {
        let ended = self.execute(true)?;
        if ended.status.success() { Ok(ended.reply) } else { Err(ended.fault()) }
    }

    fn execute(&self, wants_reply: bool) -> Result<Ended, HookFault> {
        let program = self.program();
        let arguments: &[String] = match self.hook {
            Hook::Nothing => &[],
            Hook::Argv(argv) => argv.get(1..).unwrap_or_default(),
            Hook::Shell(line) => &["-c".to_owned(), line.clone()],
        };
        let failed = |source| HookFault::Start { program: program.clone(), source };
        let (reader, writer) = io::pipe().map_err(failed)?;
        let (reply_reader, reply_writer) =
            if wants_reply { io::pipe().map(Some) } else { Ok(None) }.map_err(failed)?.unzip();
        let mut command = Command::new(&program);
        command.args(arguments).env_clear().env("PATH", PATH).envs(self.variables.iter().cloned()).current_dir("/");
        command.stdin(if self.input.is_empty() { Stdio::null() } else { Stdio::piped() });
        command.stdout(reply_writer.map_or_else(|| writer.try_clone(), Ok).map_err(failed)?).stderr(writer);
        // Ctrl-C at the terminal is for us: what the program has begun, it finishes or is told to end
        command.process_group(0);
        let child = command.spawn().map_err(failed)?;
        // with it go our ends of the pipes: their end is then the end of the output
        drop(command);
        let output = Output::collect(reader, OUTPUT_LIMIT);
        let reply = reply_reader.map(|reader| Output::collect(reader, REPLY_LIMIT));
        let status = self.wait(child, &program, &output)?;
        let reply = reply.map(|reply| reply.bytes()).unwrap_or_default();
        Ok(Ended { status, reply, said: output.text(), program })
    }

    fn wait(&self, mut child: Child, program: &str, output: &Output) -> Result<ExitStatus, HookFault> {
        if let Some(mut stdin) = child.stdin.take() {
            let input = self.input.to_vec();
            // a program that reads nothing must not keep us; what it leaves is lost with the pipe
            thread::spawn(move || {
                let input = zeroize::Zeroizing::new(input);
                let _ = stdin.write_all(&input);
            });
        }
        let deadline = Instant::now() + self.timeout;
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) => {}
                Err(source) => return Err(HookFault::Start { program: program.to_owned(), source }),
            }
            let (program, timeout) = (program.to_owned(), self.timeout);
            if self.interruptible && interrupt::requested() {
                stop(&mut child);
                return Err(HookFault::Interrupted { program });
            }
            if Instant::now() >= deadline {
                stop(&mut child);
                return Err(HookFault::TimedOut { program, timeout, output: output.text() });
            }
            thread::sleep(PAUSE);
        }
    }
}

/// Ends a program with all that it started.
fn stop(child: &mut Child) {
    let group = Pid::from_child(child);
    let _ = kill_process_group(group, Signal::TERM);
    let deadline = Instant::now() + GRACE;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        thread::sleep(PAUSE);
    }
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
}

/// The end of what a program says, collected while it runs.
struct Output {
    text: Arc<Mutex<Vec<u8>>>,
    reading: thread::JoinHandle<()>,
}

impl Output {
    /// Of more than `limit` bytes the end is kept.
    fn collect(mut reader: io::PipeReader, limit: usize) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&text);
        let reading = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 {
                    break;
                }
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&buffer[..count]);
                let over = kept.len().saturating_sub(limit);
                kept.drain(..over);
            }
        });
        Self { text, reading }
    }

    fn bytes(&self) -> Vec<u8> {
        let deadline = Instant::now() + LINGER;
        while !self.reading.is_finished() && Instant::now() < deadline {
            thread::sleep(PAUSE);
        }
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// As text for a person: without control characters, which a terminal might take for commands.
    fn text(&self) -> String {
        let bytes = self.bytes();
        let text = String::from_utf8_lossy(&bytes);
        let plain = |c: char| if c == '\n' || !c.is_control() { c } else { ' ' };
        text.trim().chars().map(plain).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use keystore::model::Hook;

    use super::{Answer, Call, HookFault, OUTPUT_LIMIT};

    fn run(hook: &Hook, input: &[u8], timeout: Duration) -> Result<String, HookFault> {
        let variables = vec![("KEYRING_SERVICE", "mail01/imap".to_owned())];
        Call { hook, variables, input, timeout, interruptible: true }.run()
    }

    fn shell(line: &str) -> Result<String, HookFault> {
        run(&Hook::Shell(line.to_owned()), b"", Duration::from_secs(20))
    }

    #[test]
    fn programs_get_a_clean_environment_and_no_shell_reads_their_arguments() {
        assert_eq!(
            shell("env | grep -v '^PWD=\\|^_=\\|^SHLVL=\\|^OLDPWD='").unwrap(),
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nKEYRING_SERVICE=mail01/imap".to_owned()
        );
        let argv = ["printf", "%s", "$HOME; echo *"].map(str::to_owned).to_vec();
        assert_eq!(run(&Hook::Argv(argv), b"", Duration::from_secs(20)).unwrap(), "$HOME; echo *");
    }

    #[test]
    fn programs_read_what_they_are_given() {
        let cat = Hook::Argv(vec!["cat".to_owned()]);
        assert_eq!(run(&cat, b"dn: cn=config", Duration::from_secs(20)).unwrap(), "dn: cn=config");
        let large = vec![b'x'; 1 << 20];
        assert_eq!(run(&Hook::Argv(vec!["true".to_owned()]), &large, Duration::from_secs(20)).unwrap(), "");
    }

    #[test]
    fn failures_tell_what_was_said() {
        let error = shell("echo the reason >&2; exit 3").unwrap_err();
        assert_eq!(error.to_string(), "/bin/sh ended with exit status 3: the reason");
        let error = shell("kill -9 $$").unwrap_err();
        assert_eq!(error.to_string(), "/bin/sh was ended by signal 9");
        let missing = run(&Hook::Argv(vec!["/no/such/program".to_owned()]), b"", Duration::from_secs(1)).unwrap_err();
        assert!(matches!(missing, HookFault::Start { .. }), "{missing:?}");
    }

    #[test]
    fn what_takes_too_long_is_stopped_with_all_that_it_started() {
        let began = Instant::now();
        let line = "sleep 60 & echo $!; wait".to_owned();
        let error = run(&Hook::Shell(line), b"", Duration::from_millis(300)).unwrap_err();
        let HookFault::TimedOut { output, .. } = error else { panic!("{error:?}") };
        assert!(began.elapsed() < Duration::from_secs(30));
        // an orphan's number is in use until somebody has taken note of its end
        let gone = format!("for i in $(seq 90); do kill -0 {output} 2>/dev/null || exit 0; sleep 0.2; done; exit 1");
        assert!(shell(&gone).is_ok(), "the program's own child still runs");
    }

    #[test]
    fn output_is_bounded_and_a_daemon_that_holds_it_is_not_waited_for() {
        let output = shell("yes | head -c 1000000; echo the end").unwrap();
        assert!(output.len() <= OUTPUT_LIMIT && output.ends_with("the end"));
        let began = Instant::now();
        let daemon = shell("sleep 60 & echo $!").unwrap();
        assert!(began.elapsed() < Duration::from_secs(30));
        shell(&format!("kill {daemon}")).unwrap();
    }

    #[test]
    fn a_reply_is_kept_apart_from_what_is_said() {
        let ask = |line: &str| {
            let hook = Hook::Shell(line.to_owned());
            Call {
                hook: &hook,
                variables: Vec::new(),
                input: b"request",
                timeout: Duration::from_secs(20),
                interruptible: true,
            }
            .ask()
        };
        assert!(matches!(ask("cat; echo hm >&2"), Ok(Answer::Reply(reply)) if reply == b"request"));
        assert!(matches!(ask("echo part; echo tomorrow >&2; exit 10"), Ok(Answer::Later(said)) if said == "tomorrow"));
        assert!(matches!(ask("echo never >&2; exit 3"), Ok(Answer::Refused(said)) if said == "never"));
        let refused = ask("echo part; echo no >&2; exit 1").err().unwrap();
        assert_eq!(refused.to_string(), "/bin/sh ended with exit status 1: no");
    }

    #[test]
    fn output_moves_no_cursor() {
        assert_eq!(shell("printf 'a\\033[2Jb\\r\\n'").unwrap(), "a [2Jb");
    }
}
