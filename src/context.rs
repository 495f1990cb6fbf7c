//! What every command is given: how to print, whether to ask, which keystore.

use std::path::PathBuf;
use std::time::Duration;

use keystore::store::{Keystore, RealDisk, StoreError};
use keystore::world::World;

use crate::cli::Global;
use crate::error::Failure;
use crate::output::{Bar, Page, Printer, say, style};
use crate::{interrupt, outside, publish};

/// The flags of every command, resolved.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// The subcommand's name.
    pub(crate) command: &'static str,
    pub(crate) printer: Printer,
    verbose: bool,
    ask: bool,
    store: Option<PathBuf>,
    lock_wait: Duration,
}

impl Context {
    pub(crate) fn new(global: Global, command: &'static str) -> Self {
        Self {
            command,
            printer: Printer::new(global.json, global.quiet),
            verbose: global.verbose,
            ask: !global.no_input && !global.json && outside::has_terminal(),
            store: global.store,
            lock_wait: Duration::from_secs(global.lock_wait),
        }
    }

    /// The same context on another keystore.
    pub(crate) fn with_store(self, store: PathBuf) -> Self {
        Self { store: Some(store), ..self }
    }

    /// Whether a person can be asked for what the command line lacks.
    pub(crate) fn can_ask(&self) -> bool {
        self.ask
    }

    /// The same context for a command that follows in the same run.
    pub(crate) fn follow(&self, command: &'static str) -> Self {
        Self { command, ..self.clone() }
    }

    /// The same context with another printer.
    pub(crate) fn with_printer(self, printer: Printer) -> Self {
        Self { printer, ..self }
    }

    /// The keystore's folder as `--store` gave it, for a command line that does the same again.
    pub(crate) fn store_flag(&self) -> Option<&PathBuf> {
        self.store.as_ref()
    }

    /// The keystore's folder.
    pub(crate) fn folder(&self) -> Result<PathBuf, Failure> {
        let folder = match &self.store {
            Some(folder) => folder.clone(),
            None => outside::default_store()?,
        };
        Ok(outside::absolute(&folder)?)
    }

    /// Time, randomness, and who asks.
    pub(crate) fn world(&self) -> World {
        let mut world = World::new(outside::now, rand::make_rng::<rand::rngs::StdRng>(), outside::actor(self.command));
        world.lock_wait = self.lock_wait;
        world.interrupted = interrupt::requested;
        world.threads = outside::threads();
        world.in_publication = self.folder().is_ok_and(|folder| publish::is_inside(&folder));
        world
    }

    /// Opens the keystore.
    pub(crate) fn keystore(&self) -> Result<Keystore, Failure> {
        Ok(Keystore::open(Box::new(self.disk()?), self.world())?)
    }

    /// Opens the keystore's folder, whatever state the keystore is in.
    pub(crate) fn disk(&self) -> Result<RealDisk, Failure> {
        let folder = self.folder()?;
        if self.verbose {
            self.say(format_args!("Keystore: {}", folder.display()))?;
        }
        match RealDisk::open(&folder) {
            Ok(disk) => Ok(disk),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(StoreError::NoKeystore { path: folder }.into())
            }
            Err(source) => Err(Failure::Folder { folder, source }),
        }
    }

    /// Shows how far long work has come, on a terminal.
    pub(crate) fn progress(&self) -> Bar {
        self.printer.progress()
    }

    /// Says something to a person while the command is at work.
    pub(crate) fn say(&self, text: impl std::fmt::Display) -> Result<(), Failure> {
        if self.printer != Printer::Human {
            return Ok(());
        }
        let mut page = Page::default();
        page.styled(style::PLAIN, text);
        Ok(say(&page)?)
    }
}
