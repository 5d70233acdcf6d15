//! Numbers that follow from a seed, the same on every machine and in every version of every library. They are no secret.

/// A sequence of numbers (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of input number `index` of a seed.
    pub const fn new(seed: u64, index: u64) -> Self {
        let mut first = Self(seed ^ index.wrapping_mul(0xd134_2543_de82_ef95));
        first.0 = first.next();
        first
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 where that is 0.
    pub const fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    /// True once in `times`.
    pub const fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// A few bits more often than many: lengths and depths.
    pub const fn small(&mut self, most: usize) -> usize {
        let end = self.below(most + 1);
        self.below(end + 1)
    }
}
