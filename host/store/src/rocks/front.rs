//! Where the lines of the queue begin: places that are in one order. Rows go at the front of a line, and until RocksDB has
//! tidied up, a walk from its start passes over all that went. It only saves that way: it must never name a row behind one
//! that is there, and decides nothing.

use std::collections::HashMap;

use parking_lot::Mutex;

/// Lines that are known at most; beyond, all are forgotten and found again.
const MOST: usize = 4_096;

struct Front {
    /// No row of the line lies before it.
    from: Vec<u8>,
    /// The newest look at the line.
    look: u64,
    /// The first row that was written since.
    first_new: Option<Vec<u8>>,
}

#[derive(Default)]
struct Known {
    looks: u64,
    lines: HashMap<Vec<u8>, Front>,
}

/// The fronts of the lines; shared by the writer and all readers.
#[derive(Default)]
pub(crate) struct Fronts(Mutex<Known>);

/// A look at the front of a line.
pub(super) struct Look {
    number: u64,
    /// Where to begin.
    pub(super) from: Vec<u8>,
}

impl Fronts {
    /// Begins a look; what it reads must be opened after this.
    pub(super) fn look(&self, line: &[u8]) -> Look {
        let mut known = self.0.lock();
        known.looks += 1;
        let number = known.looks;
        if let Some(front) = known.lines.get_mut(line) {
            front.look = number;
            front.first_new = None;
            return Look { number, from: front.from.clone() };
        }
        if known.lines.len() >= MOST {
            known.lines.clear();
        }
        let from = line.to_vec();
        known.lines.insert(from.clone(), Front { from: from.clone(), look: number, first_new: None });
        Look { number, from }
    }

    /// Ends a look that found `first` as the first row, or as the end of an empty line. It counts where no other look began
    /// in the meantime, and what was written in the meantime still lies behind the front.
    pub(super) fn found(&self, line: &[u8], look: &Look, first: Vec<u8>) {
        let mut known = self.0.lock();
        if let Some(front) = known.lines.get_mut(line).filter(|front| front.look == look.number) {
            front.from = match &front.first_new {
                Some(new) if *new < first => new.clone(),
                _ => first,
            };
        }
    }

    /// Rows were written. To be called before anybody is told of it.
    pub(super) fn written(&self, added: &mut Added) {
        if added.0.is_empty() {
            return;
        }
        let mut known = self.0.lock();
        for (line, row) in added.0.drain() {
            let Some(front) = known.lines.get_mut(&line) else { continue };
            if row < front.from {
                front.from.clone_from(&row);
            }
            if front.first_new.as_ref().is_none_or(|first| row < *first) {
                front.first_new = Some(row);
            }
        }
    }
}

/// The first row in each line that a batch adds.
#[derive(Default)]
pub(super) struct Added(HashMap<Vec<u8>, Vec<u8>>);

impl Added {
    /// A row whose first `line` bytes are its line.
    pub(super) fn add(&mut self, row: &[u8], line: usize) {
        let line = row.get(..line).unwrap_or(row);
        match self.0.get_mut(line) {
            Some(first) if row < first.as_slice() => {
                first.clear();
                first.extend_from_slice(row);
            }
            Some(_) => {}
            None => {
                self.0.insert(line.to_vec(), row.to_vec());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(fronts: &Fronts, rows: &[&[u8]]) {
        let mut added = Added::default();
        rows.iter().for_each(|row| added.add(row, 1));
        fronts.written(&mut added);
    }

    #[test]
    fn a_row_written_during_a_look_is_not_passed_over() {
        let fronts = Fronts::default();
        let look = fronts.look(b"l");
        assert_eq!(look.from, b"l");
        write(&fronts, &[b"l7", b"l5", b"k1"]);
        fronts.found(b"l", &look, b"l9".to_vec());
        let look = fronts.look(b"l");
        assert_eq!(look.from, b"l5", "a walk that began before cannot have seen it");
        fronts.found(b"l", &look, b"l9".to_vec());
        assert_eq!(fronts.look(b"l").from, b"l9", "now it has");
        write(&fronts, &[b"l2"]);
        assert_eq!(fronts.look(b"l").from, b"l2");
    }

    #[test]
    fn only_the_newest_look_counts_and_what_is_forgotten_begins_anew() {
        let fronts = Fronts::default();
        let (older, newer) = (fronts.look(b"l"), fronts.look(b"l"));
        fronts.found(b"l", &older, b"l9".to_vec());
        assert_eq!(newer.from, b"l");
        let again = fronts.look(b"l");
        assert_eq!(again.from, b"l");
        for line in 0..=MOST {
            fronts.look(&line.to_be_bytes());
        }
        fronts.found(b"l", &again, b"l9".to_vec());
        assert_eq!(fronts.look(b"l").from, b"l");
    }
}
