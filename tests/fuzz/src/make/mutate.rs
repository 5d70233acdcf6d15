//! Changes to an input: bits, bytes, lines, words, repeats, cuts. It knows no format.

use crate::random::Random;

/// No input grows beyond this by being changed.
const MOST_BYTES: usize = 1 << 20;

/// Bytes that ends of numbers, texts and lists are made of.
const EDGES: &[u8] = &[0, 1, 9, 10, 13, 0x22, 0x27, 0x2d, 0x5b, 0x5c, 0x7b, 0x7d, 0x7e, 0x7f, 0x80, 0xbf, 0xc0, 0xff];

/// Changes an input a few times.
pub(crate) fn mutate(random: &mut Random, input: &mut Vec<u8>, words: &[&str]) {
    for _ in 0..=random.small(6) {
        change(random, input, words);
    }
    input.truncate(MOST_BYTES);
}

/// The start of one input and the end of another.
pub(crate) fn splice(random: &mut Random, first: &[u8], second: &[u8]) -> Vec<u8> {
    let (end, start) = (random.below(first.len() + 1), random.below(second.len() + 1));
    [&first[..end], &second[start..]].concat()
}

fn change(random: &mut Random, input: &mut Vec<u8>, words: &[&str]) {
    let at = random.below(input.len() + 1);
    match random.below(10) {
        0 if at < input.len() => input[at] ^= 1 << random.below(8),
        1 if at < input.len() => input[at] = EDGES[random.below(EDGES.len())],
        2 => input.insert(at, EDGES[random.below(EDGES.len())]),
        3 => drop(input.drain(at..at + length(random, input, at))),
        4 => input.truncate(at),
        5 => {
            let from = random.below(input.len() + 1);
            let taken = input[from..from + length(random, input, from)].to_vec();
            insert(input, at, &taken);
        }
        6 => repeat(random, input, at),
        7 => line(random, input),
        _ if !words.is_empty() => insert(input, at, random.pick(words).as_bytes()),
        _ => input.push(random.below(256) as u8),
    }
}

fn length(random: &mut Random, input: &[u8], at: usize) -> usize {
    random.small(input.len().min(at + 4_096) - at)
}

fn insert(input: &mut Vec<u8>, at: usize, taken: &[u8]) {
    input.splice(at..at, taken.iter().copied());
}

/// A short piece many times over: depth and length are what parsers die of.
fn repeat(random: &mut Random, input: &mut Vec<u8>, at: usize) {
    let length = 1 + random.below(8);
    let piece = input[at..(at + length).min(input.len())].to_vec();
    let times = 1 << random.small(14);
    if piece.len() * times < MOST_BYTES / 4 {
        insert(input, at, &piece.repeat(times));
    }
}

/// Doubles, moves or drops a line.
fn line(random: &mut Random, input: &mut Vec<u8>) {
    let mut lines: Vec<&[u8]> = input.split_inclusive(|byte| *byte == b'\n').collect();
    if lines.is_empty() {
        return;
    }
    let at = random.below(lines.len());
    let line = if random.once_in(2) { lines[at] } else { lines.remove(at) };
    lines.insert(random.below(lines.len() + 1), line);
    *input = lines.concat();
}
