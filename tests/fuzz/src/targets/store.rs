//! The decoders of what is on disk: they refuse what they did not write and never take a part for the whole.

use crate::random::Random;
use crate::{Target, make};

pub(crate) const TARGET: Target = Target {
    name: "store",
    run: |input| {
        weir_store::decode_any(input);
    },
    make: value,
    seeds: || {
        vec![
            [&[1][..], &[7; 16], &[0, 0, 0, 2], b"{}state"].concat(),
            [&[1, 0x80][..], &[0; 7], b"\x07default", &[9; 16]].concat(),
        ]
    },
    words: &["{\"id\":", "\"outcome\":\"waiting\"", "default", "0192f0c0-0000-7000-8000-000000000000"],
};

/// A few bytes, a length, then JSON.
fn value(random: &mut Random) -> Vec<u8> {
    let mut made: Vec<u8> = (0..random.small(32)).map(|_| random.next() as u8 >> random.below(8)).collect();
    made.extend((random.small(400) as u32).to_be_bytes());
    made.extend(make::value(random, 3).to_string().into_bytes());
    made
}
