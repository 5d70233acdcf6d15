//! The write-ahead log's files, read as RocksDB writes them (its wiki: Write Ahead Log File Format). RocksDB itself says
//! nothing of a record that is not as it was written: it stops there and takes what came before.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::doctor::{Fault, FaultKind, Report};
use crate::rocks::crc32c;

/// Bytes of a block; no record lies across two.
const BLOCK: usize = 32 << 10;
/// Bytes before a record's content: checksum, length, type.
const HEAD: usize = 7;
/// The same where the number of the log is among them, and the types for which it is.
const LONG_HEAD: usize = 11;
const LONG_TYPES: [u8; 6] = [5, 6, 7, 8, 11, 131];

/// Adds what is wrong with the log's files. A last record that is cut short is what a kill leaves, and no fault.
pub(super) fn check(folder: &Path, report: &mut Report) {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    paths.sort();
    for path in paths {
        let what = match File::open(&path).and_then(first_wrong) {
            Ok(None) => continue,
            Ok(Some((at, why))) => format!("{} at byte {at}: {why}", path.display()),
            Err(error) => format!("{}: {error}", path.display()),
        };
        report.add(Fault { kind: FaultKind::File, family: super::FILES.into(), key: None, what });
    }
}

/// Where the first record is that is not as it was written, and why.
fn first_wrong(mut file: impl Read) -> io::Result<Option<(u64, &'static str)>> {
    let mut block = vec![0; BLOCK];
    let mut start = 0;
    loop {
        let length = fill(&mut file, &mut block)?;
        let read = block.get(..length).unwrap_or_default();
        if let Some((at, why)) = wrong_in(read) {
            return Ok(Some((start + at as u64, why)));
        }
        if length < BLOCK {
            return Ok(None);
        }
        start += length as u64;
    }
}

fn fill(file: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = block.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

fn wrong_in(block: &[u8]) -> Option<(usize, &'static str)> {
    let is_last = block.len() < BLOCK;
    let mut at = 0;
    while let Some((head, _)) = block.get(at..).and_then(<[u8]>::split_first_chunk::<HEAD>) {
        let [a, b, c, d, low, high, kind] = *head;
        let (sum, length) = (u32::from_le_bytes([a, b, c, d]), usize::from(u16::from_le_bytes([low, high])));
        if kind == 0 && length == 0 {
            // Room that was reserved and not used.
            let rest = block.get(at..).unwrap_or_default();
            return rest.iter().any(|byte| *byte != 0).then_some((at, "there is something where nothing was written"));
        }
        let end = at + if LONG_TYPES.contains(&kind) { LONG_HEAD } else { HEAD } + length;
        match block.get(at + HEAD - 1..end) {
            Some(sealed) if crc32c::masked(crc32c::extend(0, sealed)) == sum => at = end,
            Some(_) => return Some((at, "the record is not as it was written: its checksum differs")),
            // The end of the file, cut by a kill.
            None if is_last => return None,
            None => return Some((at, "the record is not as it was written: it reaches past its block")),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(content: &[u8]) -> Vec<u8> {
        let sealed = [&[1][..], content].concat();
        let sum = crc32c::masked(crc32c::extend(0, &sealed)).to_le_bytes();
        let length = u16::try_from(content.len()).unwrap().to_le_bytes();
        [&sum[..], &length, &sealed].concat()
    }

    #[test]
    fn a_flipped_bit_is_found_and_a_cut_end_is_none() {
        let whole = [record(&[7; 100]), record(b"second"), record(&[9; 30])].concat();
        assert_eq!(wrong_in(&whole), None);
        for cut in 0..whole.len() {
            assert_eq!(wrong_in(&whole[..cut]), None, "{cut}");
        }
        for at in 0..107 {
            let mut flipped = whole.clone();
            flipped[at] ^= 4;
            // A length that points past the end looks like a cut end.
            assert!(at == 5 || wrong_in(&flipped).is_some_and(|(at, _)| at == 0), "{at}");
        }
        let mut blocks = [whole.clone(), vec![0; BLOCK - whole.len()], record(b"next block")].concat();
        assert_eq!(first_wrong(&blocks[..]).unwrap(), None);
        let last = blocks.len() - 1;
        blocks[last] ^= 1;
        assert_eq!(first_wrong(&blocks[..]).unwrap().map(|(at, _)| at), Some(BLOCK as u64));
    }
}
