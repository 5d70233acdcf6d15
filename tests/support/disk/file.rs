//! A file's bytes, and how to get back to what they were when they were last synced. It knows no names.

use super::Tails;

/// A file.
#[derive(Default)]
pub(super) struct Content {
    bytes: Vec<u8>,
    /// How long it was at the last sync.
    synced: usize,
    /// What stood where synced bytes were overwritten or cut off since, oldest first.
    undo: Vec<(usize, Vec<u8>)>,
}

impl Content {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn read(&self, offset: usize, length: usize) -> &[u8] {
        let end = offset.saturating_add(length).min(self.bytes.len());
        self.bytes.get(offset..end).unwrap_or_default()
    }

    pub(super) fn write(&mut self, offset: usize, data: &[u8]) {
        let end = offset + data.len();
        self.keep(offset, end);
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[offset..end].copy_from_slice(data);
    }

    pub(super) fn resize(&mut self, length: usize) {
        self.keep(length, self.bytes.len());
        self.bytes.resize(length, 0);
    }

    pub(super) fn sync(&mut self) {
        self.undo.clear();
        self.synced = self.bytes.len();
    }

    /// Back to the last sync; what was only appended since may be kept in part.
    pub(super) fn cut(&mut self, tails: Tails) {
        if let (Tails::Torn(seed), true) = (tails, self.undo.is_empty() && self.bytes.len() > self.synced) {
            let more = (self.bytes.len() - self.synced) as u64;
            let kept = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) % (more + 1);
            self.bytes.truncate(self.synced + usize::try_from(kept).unwrap_or(0));
        } else {
            for (offset, old) in std::mem::take(&mut self.undo).into_iter().rev() {
                let end = offset + old.len();
                if self.bytes.len() < end {
                    self.bytes.resize(end, 0);
                }
                self.bytes[offset..end].copy_from_slice(&old);
            }
            self.bytes.resize(self.synced, 0);
        }
        self.sync();
    }

    fn keep(&mut self, start: usize, end: usize) {
        let end = end.min(self.synced).min(self.bytes.len());
        if start < end {
            self.undo.push((start, self.bytes[start..end].to_vec()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_brings_back_what_was_synced_whatever_came_after() {
        let mut file = Content::default();
        file.write(0, b"0123456789");
        file.sync();
        file.write(2, b"xx");
        file.resize(5);
        file.write(4, b"abcdefghijkl");
        file.write(0, b"yyyyyy");
        assert_eq!(file.read(0, 99), b"yyyyyycdefghijkl");
        file.cut(Tails::Lost);
        assert_eq!(file.read(0, 99), b"0123456789");
        file.write(10, b"more");
        file.cut(Tails::Torn(7));
        assert!(file.read(0, 99).starts_with(b"0123456789") && file.len() <= 14);
    }
}
