//! Tables: aligned and coloured on a terminal, one tab-separated line a row without a header where the output is piped.

use comfy_table::{Attribute, Color, ColumnConstraint, ContentArrangement};

use super::{Out, Tone, clean};
use crate::failure::Failure;

/// Where less is left for the last column, the terminal wraps the whole line.
const NARROW: usize = 20;

/// One cell: text and what it means.
#[derive(Clone, Debug)]
pub(crate) struct Cell(String, Tone);

impl Cell {
    /// A cell with a meaning.
    pub(crate) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self(text.into(), tone)
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self(text.into(), Tone::Plain)
    }
}

/// A table under construction.
#[derive(Debug)]
pub(crate) struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(heads: impl Into<Vec<&'static str>>) -> Self {
        Self { heads: heads.into(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl Into<Vec<Cell>>) {
        self.rows.push(cells.into());
    }

    /// Prints it; on a terminal `empty` stands in for a table without rows.
    ///
    /// # Errors
    /// Where nobody reads any more.
    pub(crate) fn print(&self, out: &Out, empty: &str) -> Result<(), Failure> {
        if self.rows.is_empty() {
            out.note(empty);
            return Ok(());
        }
        if !out.terminal() {
            return self.rows.iter().try_for_each(|row| {
                let cells: Vec<_> = row.iter().map(|cell| clean(&cell.0)).collect();
                out.line(cells.join("\t"))
            });
        }
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        if out.colour {
            table.enforce_styling();
        }
        let head = |head: &&str| dress(comfy_table::Cell::new(head), Tone::Quiet, out.colour);
        table.set_header(self.heads.iter().map(head).collect::<Vec<_>>());
        for row in &self.rows {
            let cell = |cell: &Cell| dress(comfy_table::Cell::new(clean(&cell.0)), cell.1, out.colour);
            table.add_row(row.iter().map(cell).collect::<Vec<_>>());
        }
        // Only the last column, the free text, is wrapped: ids and URLs are there to be copied.
        let last = self.heads.len().saturating_sub(1);
        let taken: usize =
            table.column_max_content_widths().iter().take(last).map(|width| usize::from(*width) + 2).sum();
        if table.width().is_some_and(|width| usize::from(width) >= taken + NARROW) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.column_iter_mut().take(last).for_each(|column| {
                column.set_constraint(ColumnConstraint::ContentWidth);
            });
        }
        out.line(table.trim_fmt())
    }
}

fn dress(cell: comfy_table::Cell, tone: Tone, colour: bool) -> comfy_table::Cell {
    match tone {
        _ if !colour => cell,
        Tone::Plain => cell,
        Tone::Strong => cell.add_attribute(Attribute::Bold),
        Tone::Quiet => cell.add_attribute(Attribute::Dim),
        Tone::Good => cell.fg(Color::Green),
        Tone::Warn => cell.fg(Color::Yellow),
        Tone::Bad => cell.fg(Color::Red),
    }
}
