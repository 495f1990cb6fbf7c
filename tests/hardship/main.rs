//! The program itself in hard times: killed at any moment, on a full disk, in a crowd, on several file systems. The
//! feature `hardship-tests` turns these on, as they take a minute; `./tests/run` runs them.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "runs the program and looks at what it left"
)]

#[path = "../common/mod.rs"]
mod common;

mod crowd;
mod file_systems;
mod full_disk;
mod inspection;
mod kills;
mod locks;
mod mount;
mod promises;
mod readers;
mod scene;
