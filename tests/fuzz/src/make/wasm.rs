//! WebAssembly modules and components, encoded by hand so that any field may be wrong: right ones, giant declarations,
//! deep nesting, types that double. It validates nothing.

use super::odd_text;
use crate::random::Random;

const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// Names of imports: offered, refused, and none at all.
const NAMES: &[&str] = &[
    "weir:action/types@1.0.0",
    "weir:action/log@1.0.0",
    "weir:action/payload@1.0.0",
    "wasi:clocks/monotonic-clock@0.2.0",
    "wasi:io/streams@0.2.3",
    "wasi:sockets/tcp@0.2.0",
    "wasi:filesystem/types@0.2.0",
    "wasi:cli/environment@0.3.0",
    "a",
    "A-b",
    "a:b/c@1.2.3-rc.1+x",
    "[method]a.b",
    "[constructor]a",
    "url=<https://a>",
    "unlocked-dep=<a:b@{>=1.0.0}>",
    "run",
];

/// A module or a component.
pub(crate) fn binary(random: &mut Random) -> Vec<u8> {
    if random.once_in(8) { module(random) } else { component(random, 4) }
}

/// A number as LEB128, with the top bits of wrong ones.
fn number(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A length or an index: small, but for the ones that are meant to hurt.
fn count(random: &mut Random) -> u64 {
    if random.once_in(60) { random.next() >> random.below(64) } else { random.small(5) as u64 }
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn name(random: &mut Random, out: &mut Vec<u8>) {
    if random.once_in(6) { text(out, &odd_text(random)) } else { text(out, random.pick(NAMES)) }
}

fn section(out: &mut Vec<u8>, id: u8, body: &[u8]) {
    out.push(id);
    number(out, body.len() as u64);
    out.extend_from_slice(body);
}

/// A list of what `item` writes; its length is a lie now and then.
fn list(random: &mut Random, most: usize, mut item: impl FnMut(&mut Random, &mut Vec<u8>, usize)) -> Vec<u8> {
    let (length, mut items) = (random.small(most), Vec::new());
    for at in 0..length {
        item(random, &mut items, at);
    }
    let mut out = Vec::new();
    let told = if random.once_in(80) { random.next() >> random.below(64) } else { length as u64 };
    number(&mut out, told);
    out.extend(items);
    out
}

fn core_type(random: &mut Random) -> u8 {
    [0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f][random.small(6)]
}

fn module(random: &mut Random) -> Vec<u8> {
    let mut out = MODULE.to_vec();
    // One type without parameters first, so that most functions are right.
    section(&mut out, 1, &[1, 0x60, 0, 0]);
    if random.once_in(4) {
        let types = list(random, 40, |random, out, _| {
            out.push(0x60);
            out.extend(list(random, 1_200, |random, out, _| out.push(core_type(random))));
            out.extend(list(random, 3, |random, out, _| out.push(core_type(random))));
        });
        section(&mut out, 1, &types);
    }
    let functions = if random.once_in(10) { 1 << random.below(18) } else { random.small(6) };
    let mut declared = Vec::new();
    number(&mut declared, functions as u64);
    declared.resize(declared.len() + functions, 0);
    section(&mut out, 3, &declared);
    let limits = |random: &mut Random, out: &mut Vec<u8>| {
        out.push(random.small(7) as u8 & 5);
        number(out, count(random) << random.small(16));
        number(out, count(random) << random.small(16));
    };
    if random.once_in(2) {
        let tables = list(random, 3, |random, out, _| {
            out.push(0x70);
            limits(random, out);
        });
        section(&mut out, 4, &tables);
    }
    if random.once_in(2) {
        let memories = list(random, 2, |random, out, _| limits(random, out));
        section(&mut out, 5, &memories);
    }
    if random.once_in(3) {
        let exports = list(random, 200, |random, out, _| {
            name(random, out);
            out.push(random.small(4) as u8);
            number(out, count(random));
        });
        section(&mut out, 7, &exports);
    }
    let mut code = Vec::new();
    number(&mut code, functions as u64);
    // Many functions, or large ones.
    let shape =
        Some(body(random)).filter(|shape| shape.len() * functions < 4 << 20).unwrap_or_else(|| vec![2, 0, 0x0b]);
    for _ in 0..functions {
        code.extend_from_slice(&shape);
    }
    section(&mut out, 10, &code);
    if random.once_in(3) {
        let data = list(random, 40, |random, out, _| {
            out.extend([0, 0x41]);
            number(out, count(random));
            out.push(0x0b);
            text(out, &odd_text(random));
        });
        section(&mut out, 11, &data);
    }
    out
}

/// A function's body: locals, then instructions that nest, branch, or are any bytes.
fn body(random: &mut Random) -> Vec<u8> {
    let mut out = list(random, 3, |random, out, _| {
        let most = if random.once_in(8) { u64::from(u32::MAX) } else { 5_000 };
        number(out, random.next() % (most + 1));
        out.push(core_type(random));
    });
    let times = 1 << random.small(14);
    match random.below(6) {
        0 => {
            // Blocks within blocks.
            out.extend([0x02, 0x40].repeat(times));
            out.extend([0x0b].repeat(times));
        }
        1 => {
            // A jump table.
            out.extend([0x02, 0x40, 0x41, 0, 0x0e]);
            number(&mut out, times as u64);
            out.resize(out.len() + times + 1, 0);
            out.push(0x0b);
        }
        2 => out.extend([0x41, 0, 0x1a].repeat(times)),
        3 => out.extend([0x10, 0].repeat(times)),
        4 => out.extend((0..random.small(200)).map(|_| random.next() as u8)),
        _ => {}
    }
    out.push(0x0b);
    let mut sized = Vec::new();
    number(&mut sized, out.len() as u64);
    sized.extend(out);
    sized
}

fn component(random: &mut Random, depth: usize) -> Vec<u8> {
    let mut out = COMPONENT.to_vec();
    for _ in 0..random.small(12) {
        let id = [7, 7, 7, 10, 1, 4, 6, 8, 2, 3, 5, 11, 0, 9, 12][random.below(15)];
        let made = match id {
            1 => module(random),
            4 if depth > 0 => component(random, depth - 1),
            7 => types(random),
            10 => list(random, 20, |random, out, _| import(random, out)),
            11 => list(random, 20, |random, out, _| export(random, out)),
            6 => list(random, 8, alias),
            8 => list(random, 8, canon),
            2 => list(random, 4, |random, out, _| {
                out.push(0);
                number(out, count(random));
                out.extend(list(random, 4, |random, out, _| {
                    name(random, out);
                    out.push(0x12);
                    number(out, count(random));
                }));
            }),
            _ => (0..random.small(40)).map(|_| random.next() as u8).collect(),
        };
        section(&mut out, id, &made);
    }
    if random.once_in(20) && out.len() < 64 << 10 {
        // Components within components.
        for _ in 0..1 << random.small(9) {
            let mut outer = COMPONENT.to_vec();
            section(&mut outer, 4, &out);
            out = outer;
        }
    }
    out
}

/// Types, each of the ones before it.
fn types(random: &mut Random) -> Vec<u8> {
    let doubling = random.once_in(5);
    list(random, if doubling { 400 } else { 20 }, |random, out, at| {
        if doubling && at > 0 {
            // A tuple of the last type, several times: its size doubles with every step.
            let width = 2 + random.below(3);
            out.extend([0x6f, width as u8]);
            (0..width).for_each(|_| number(out, at as u64 - 1));
        } else {
            one_type(random, out, at, 3);
        }
    })
}

/// A value type: a primitive one, or one declared before.
fn value_type(random: &mut Random, out: &mut Vec<u8>, at: usize) {
    if at > 0 && random.once_in(2) {
        number(out, random.below(at) as u64)
    } else {
        out.push(0x73 + random.below(13) as u8)
    }
}

fn one_type(random: &mut Random, out: &mut Vec<u8>, at: usize, depth: usize) {
    let shape =
        [0x72, 0x71, 0x70, 0x6f, 0x6e, 0x6d, 0x6b, 0x6a, 0x69, 0x68, 0x40, 0x42, 0x41, 0x7f, 0x3f][random.below(15)];
    out.push(shape);
    let fields = |random: &mut Random, most| {
        list(random, most, |random, out, place| {
            text(out, &format!("f{place}"));
            value_type(random, out, at);
        })
    };
    match shape {
        0x72 => out.extend(fields(random, 12)),
        0x71 => out.extend(list(random, 12, |random, out, place| {
            text(out, &format!("c{place}"));
            out.push(1);
            value_type(random, out, at);
            out.push(0);
        })),
        0x70 | 0x6b => value_type(random, out, at),
        0x6f => out.extend(list(random, 12, |random, out, _| value_type(random, out, at))),
        0x6e | 0x6d => out.extend(list(random, 70, |_, out, place| text(out, &format!("n{place}")))),
        0x6a => {
            out.push(1);
            value_type(random, out, at);
            out.push(0);
        }
        0x69 | 0x68 => number(out, count(random)),
        0x40 => {
            out.extend(fields(random, 20));
            out.push(0);
            value_type(random, out, at);
        }
        0x3f => out.extend([0x7f, 0]),
        0x41 | 0x42 if depth > 0 => out.extend(list(random, 8, |random, out, place| {
            if random.once_in(3) {
                out.extend([4, 0]);
                name(random, out);
                out.push(1);
                number(out, count(random));
            } else {
                out.push(1);
                one_type(random, out, place, depth - 1);
            }
        })),
        0x41 | 0x42 => out.push(0),
        _ => {}
    }
}

fn import(random: &mut Random, out: &mut Vec<u8>) {
    out.push(0);
    name(random, out);
    match random.below(5) {
        0 | 1 => out.push(5),
        2 => out.push(1),
        3 => out.extend([3, 0]),
        _ => out.extend([0, 0x11]),
    }
    number(out, count(random));
}

fn export(random: &mut Random, out: &mut Vec<u8>) {
    out.push(0);
    name(random, out);
    if random.once_in(3) {
        out.extend([0, 0x11]);
    } else {
        out.push(1 + random.below(5) as u8);
    }
    number(out, count(random));
    out.push(0);
}

fn alias(random: &mut Random, out: &mut Vec<u8>, _: usize) {
    if random.once_in(2) {
        out.extend([1, 0]);
        number(out, count(random));
        name(random, out);
    } else {
        out.extend([3, 2]);
        number(out, count(random));
        number(out, count(random));
    }
}

fn canon(random: &mut Random, out: &mut Vec<u8>, _: usize) {
    let lifts = random.once_in(2);
    out.extend(if lifts { [0, 0] } else { [1, 0] });
    number(out, count(random));
    out.extend(list(random, 4, |random, out, _| {
        let option = random.small(6) as u8;
        out.push(option);
        if option > 2 {
            number(out, count(random));
        }
    }));
    if lifts {
        number(out, count(random));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_made_looks_like_webassembly_and_follows_from_its_seed() {
        let make = |index| binary(&mut Random::new(1, index));
        for index in 0..2_000 {
            let made = make(index);
            assert!(made.starts_with(b"\0asm") && made.len() < 64 << 20, "{index}: {} bytes", made.len());
            assert!(index % 100 > 0 || made == make(index), "{index}");
        }
    }
}
