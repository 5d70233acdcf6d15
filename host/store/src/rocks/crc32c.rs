//! CRC-32C (Castagnoli, RFC 3720 §12.1), with which RocksDB seals its files: for looking at files without RocksDB.

/// The polynomial, bits reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// What each byte comes to, with 0 to 7 zero bytes after it.
static TABLES: [[u32; 256]; 8] = tables();

#[expect(clippy::indexing_slicing, reason = "computed when compiled, where a wrong index is an error")]
const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[table - 1][byte];
            tables[table][byte] = (before >> 8) ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

fn of(table: usize, byte: u8) -> u32 {
    TABLES.get(table).and_then(|table| table.get(usize::from(byte))).copied().unwrap_or_default()
}

/// The checksum of bytes that follow those of `crc`; 0 for the first.
pub(super) fn extend(crc: u32, bytes: &[u8]) -> u32 {
    let mut crc = !crc;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let [a, b, c, d, e, f, g, h] = <[u8; 8]>::try_from(chunk).unwrap_or_default();
        let [w, x, y, z] = (crc ^ u32::from_le_bytes([a, b, c, d])).to_le_bytes();
        crc = of(7, w) ^ of(6, x) ^ of(5, y) ^ of(4, z) ^ of(3, e) ^ of(2, f) ^ of(1, g) ^ of(0, h);
    }
    for byte in chunks.remainder() {
        let [low, ..] = crc.to_le_bytes();
        crc = (crc >> 8) ^ of(0, low ^ byte);
    }
    !crc
}

/// A checksum as RocksDB's log keeps it, so that a checksum of checksums says something.
pub(super) const fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_are_those_of_the_rfc() {
        // RFC 3720 B.4.
        assert_eq!(extend(0, &[0; 32]), 0x8a91_36aa);
        assert_eq!(extend(0, &[0xff; 32]), 0x62a8_ab43);
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(extend(0, &ascending), 0x46dd_794e);
        for cut in 0..32 {
            assert_eq!(extend(extend(0, &ascending[..cut]), &ascending[cut..]), 0x46dd_794e);
        }
    }
}
