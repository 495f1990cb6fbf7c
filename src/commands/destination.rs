//! Where a command writes what it makes: to a file, or to standard output.

use std::path::Path;

use crate::context::Context;
use crate::error::Failure;
use crate::outside;

/// The file; none for standard output. Refuses, before anything is done for it, a file that is there, and standard
/// output where the JSON document goes there.
pub(super) fn destination<'a>(
    context: &Context,
    out: Option<&'a Path>,
    force: bool,
) -> Result<Option<&'a Path>, Failure> {
    match out {
        Some(out) if out.as_os_str() == "-" && context.printer.is_json() => Err(Failure::Usage {
            message: "with --json, standard output carries the JSON document".to_owned(),
            hint: "leave --out out: what would be written is a string in the document",
        }),
        Some(out) if out.as_os_str() != "-" => {
            outside::refuse_existing(out, force)?;
            Ok(Some(out))
        }
        _ => Ok(None),
    }
}
