//! The operator's file of limits. It reads the file and says what is wrong with it; what a limit does is up to the rooms.

use std::fs;
use std::path::Path;

use weir_model::LimitOverrides;

use crate::failure::Failure;
use crate::output::Out;

/// Reads the file; its findings are printed with their lines.
pub(super) fn read(file: &Path, out: &Out) -> Result<LimitOverrides, Failure> {
    let text = fs::read_to_string(file).map_err(|error| Failure::reading(file, error))?;
    weir_flow::read_limits(&text).map_err(|findings| {
        let name = file.display().to_string();
        for finding in &findings {
            out.note_finding(Some(&name), finding);
        }
        Failure::Check(format!("the server did not start: the limits in {name} cannot be used; mend the file"))
    })
}
