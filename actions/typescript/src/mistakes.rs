//! Collects what the parser reports, in the lines and columns of the author. It must not print anything.

use std::sync::{Arc, Mutex, PoisonError};

use swc_common::errors::{DiagnosticBuilder, Emitter};
use swc_common::sync::Lrc;
use swc_common::{SourceMap, Span};

use crate::BEFORE;

/// The most that are kept: one mistake can lead to many.
const MOST: usize = 20;

/// What was found so far.
#[derive(Clone, Default)]
pub(crate) struct Mistakes(Arc<Mutex<Vec<String>>>);

impl Mistakes {
    /// What the parser reports to; `map` says where things are.
    pub(crate) fn emitter(&self, map: Lrc<SourceMap>) -> impl Emitter + use<> {
        Collector { map, found: self.clone() }
    }

    /// `LINE:COLUMN: message` for each, in the order of the source.
    pub(crate) fn found(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Collector {
    map: Lrc<SourceMap>,
    found: Mistakes,
}

impl Emitter for Collector {
    fn emit(&mut self, report: &mut DiagnosticBuilder<'_>) {
        let mut found = self.found.0.lock().unwrap_or_else(PoisonError::into_inner);
        if found.len() < MOST {
            let (line, column) = self.place(report.span.primary_span().unwrap_or_default());
            found.push(format!("{line}:{column}: {}", report.message()));
        }
    }
}

impl Collector {
    fn place(&self, span: Span) -> (usize, usize) {
        if span.is_dummy() {
            return (1, 1);
        }
        let place = self.map.lookup_char_pos(span.lo);
        let column = if place.line > 1 { place.col.0 } else { place.col.0.saturating_sub(BEFORE.len()) };
        (place.line, column + 1)
    }
}
