//! Undoes a body's content coding within a size and a ratio, so that few bytes cannot become many. It reads bytes that are all
//! there.

use std::fmt;
use std::io::{self, Read};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header};
use ruzstd::decoding::StreamingDecoder;
use weir_model::{Code, Coded};

/// How many times larger than it was sent a body may be decoded.
const MOST_RATIO: u64 = 100;
/// Decoded bytes up to which nobody asks for the ratio: small and uniform bodies compress well.
const FREE: u64 = 64 << 10;
/// Bytes that are decoded at a time.
const PIECE: usize = 16 << 10;
/// Bytes that a decoder may look back, by RFC 9659.
const ZSTD_WINDOW: u64 = 8 << 20;
/// Sent bytes above which the work goes to a thread of its own.
const QUICK: usize = 16 << 10;

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// The bytes as they are.
    Identity,
    /// gzip.
    Gzip,
    /// zlib; by some senders, deflate without zlib's frame.
    Deflate,
    /// Brotli.
    Brotli,
    /// Zstandard.
    Zstd,
}

/// Why a body was not decoded.
#[derive(Debug, thiserror::Error)]
pub enum CodingError {
    /// The coding is not known, or there are several.
    #[error(
        "Bodies with Content-Encoding {0} are not taken; send one of gzip, br, zstd, deflate, or the body as it is."
    )]
    Unknown(String),
    /// It is larger than it may be.
    #[error("The body is larger than {0} bytes once it is decoded, which is the limit here.")]
    TooLarge(u64),
    /// It grows too much.
    #[error("The body is more than {MOST_RATIO} times as large once it is decoded; send it as it is.")]
    TooDense,
    /// It is not of this coding.
    #[error("The body is not what its Content-Encoding says, {0}.")]
    Malformed(Coding),
}

impl Coded for CodingError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::Unknown(_) => "WEIR-BODY-ENCODING",
            Self::TooLarge(_) => "WEIR-BODY-SIZE",
            Self::TooDense => "WEIR-BODY-RATIO",
            Self::Malformed(_) => "WEIR-BODY-MALFORMED",
        })
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        })
    }
}

impl Coding {
    /// The coding of a request's body.
    ///
    /// # Errors
    /// Where it is none that is known, or there are several.
    pub fn of(headers: &HeaderMap) -> Result<Self, CodingError> {
        let mut named = headers.get_all(header::CONTENT_ENCODING).iter();
        let Some(value) = named.next() else { return Ok(Self::Identity) };
        let name = String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase();
        match name.as_str() {
            _ if named.next().is_some() => Err(CodingError::Unknown("more than once".into())),
            "identity" | "" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Deflate),
            "br" => Ok(Self::Brotli),
            "zstd" => Ok(Self::Zstd),
            _ => Err(CodingError::Unknown(name.chars().take(40).collect())),
        }
    }

    /// The bytes without the coding.
    pub(crate) async fn undone(self, raw: &Bytes, most: u64) -> Result<Bytes, CodingError> {
        if self == Self::Identity || raw.is_empty() {
            return Ok(raw.clone());
        }
        if raw.len() <= QUICK {
            return self.decode(raw, most);
        }
        let raw = raw.clone();
        let decoding = tokio::task::spawn_blocking(move || self.decode(&raw, most));
        decoding.await.unwrap_or(Err(CodingError::Malformed(self)))
    }

    fn decode(self, raw: &[u8], most: u64) -> Result<Bytes, CodingError> {
        let malformed = |_: io::Error| CodingError::Malformed(self);
        let bounds = Bounds { most, dense: (raw.len() as u64).saturating_mul(MOST_RATIO).max(FREE), coding: self };
        let mut rest = raw;
        let mut out = Vec::new();
        match self {
            Self::Identity => return Ok(Bytes::copy_from_slice(raw)),
            Self::Gzip => bounds.drain(MultiGzDecoder::new(&mut rest), &mut out)?,
            Self::Deflate if is_zlib(raw) => bounds.drain(ZlibDecoder::new(&mut rest), &mut out)?,
            Self::Deflate => bounds.drain(DeflateDecoder::new(&mut rest), &mut out)?,
            Self::Brotli => rest = bounds.drain_brotli(raw, &mut out)?,
            Self::Zstd => {
                while !rest.is_empty() {
                    let decoder = StreamingDecoder::new_with_max_window_size(&mut rest, ZSTD_WINDOW);
                    let decoder = decoder.map_err(|error| malformed(io::Error::other(error)))?;
                    bounds.drain(decoder, &mut out)?;
                }
            }
        }
        // What follows the end would be seen by no flow, and may be meant for somebody who reads it otherwise.
        if rest.is_empty() { Ok(out.into()) } else { Err(CodingError::Malformed(self)) }
    }
}

/// How large a decoded body may be.
struct Bounds {
    most: u64,
    dense: u64,
    coding: Coding,
}

impl Bounds {
    /// Reads a decoder to its end.
    fn drain(&self, mut decoder: impl Read, out: &mut Vec<u8>) -> Result<(), CodingError> {
        let mut piece = [0; PIECE];
        loop {
            let read = decoder.read(&mut piece).map_err(|_| CodingError::Malformed(self.coding))?;
            let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
            self.take(bytes, out)?;
        }
    }

    /// Decodes Brotli; what follows it. Its reader would have read that too, and hidden it.
    fn drain_brotli<'a>(&self, raw: &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], CodingError> {
        let alloc = StandardAlloc::default;
        // Strict: the windows beyond the standard's are of up to 1 GiB.
        let mut state = BrotliState::new_strict(alloc(), alloc(), alloc());
        let (mut left, mut at, mut total) = (raw.len(), 0, 0);
        let mut piece = [0; PIECE];
        loop {
            let (mut room, mut written) = (PIECE, 0);
            let result = BrotliDecompressStream(
                &mut left,
                &mut at,
                raw,
                &mut room,
                &mut written,
                &mut piece,
                &mut total,
                &mut state,
            );
            self.take(piece.get(..written).unwrap_or_default(), out)?;
            match result {
                BrotliResult::ResultSuccess => return Ok(raw.get(at..).unwrap_or_default()),
                BrotliResult::NeedsMoreOutput => {}
                BrotliResult::NeedsMoreInput | BrotliResult::ResultFailure => {
                    return Err(CodingError::Malformed(self.coding));
                }
            }
        }
    }

    fn take(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), CodingError> {
        let total = (out.len() + bytes.len()) as u64;
        if total > self.most {
            return Err(CodingError::TooLarge(self.most));
        }
        if total > self.dense {
            return Err(CodingError::TooDense);
        }
        out.extend_from_slice(bytes);
        Ok(())
    }
}

/// Whether bytes begin as zlib's frame does (RFC 1950 §2.2).
fn is_zlib(raw: &[u8]) -> bool {
    matches!(raw, [first, second, ..] if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0)
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::bufread::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    /// `{"name":"Ada"}`, and eight million zeros; made by Brotli's reference implementation.
    const BROTLI: &[u8] = b"\x8b\x06\x80{\"name\":\"Ada\"}\x03";
    const BROTLI_ZEROS: &[u8] = b"\x9b\xff\xff\x7f\xf8\x25\x60\xe2\xb1\x40\x20\xf7\xfe\x0f";

    fn all(mut encoder: impl Read) -> Vec<u8> {
        let mut out = Vec::new();
        encoder.read_to_end(&mut out).unwrap();
        out
    }

    fn forms(plain: &[u8]) -> [(Coding, Vec<u8>); 4] {
        let best = Compression::best();
        [
            (Coding::Gzip, all(GzEncoder::new(plain, best))),
            (Coding::Deflate, all(ZlibEncoder::new(plain, best))),
            (Coding::Deflate, all(DeflateEncoder::new(plain, best))),
            (Coding::Zstd, compress_to_vec(plain, CompressionLevel::Fastest)),
        ]
    }

    #[test]
    fn what_was_encoded_is_decoded() {
        let text: String = (0..20_000).map(|n| format!("{{\"n\":{}}}\n", n * 7919 % 10_007)).collect();
        for plain in [&b"{}"[..], text.as_bytes()] {
            for (coding, sent) in forms(plain) {
                assert_eq!(coding.decode(&sent, 1 << 20).unwrap(), plain, "{coding}");
                assert!(matches!(coding.decode(&sent, plain.len() as u64 - 1), Err(CodingError::TooLarge(_))));
            }
        }
    }

    #[test]
    fn brotli_is_decoded_within_the_same_bounds() {
        let decode = |raw, most| Coding::Brotli.decode(raw, most);
        assert_eq!(decode(BROTLI, 14).unwrap(), &b"{\"name\":\"Ada\"}"[..]);
        assert!(matches!(decode(BROTLI, 13), Err(CodingError::TooLarge(13))));
        assert!(matches!(decode(BROTLI_ZEROS, 10 << 20), Err(CodingError::TooDense)));
        for bad in [&BROTLI[..BROTLI.len() - 1], &[BROTLI, b"x"].concat(), b"plain text, not encoded at all"] {
            let decoded = decode(bad, 1 << 20);
            assert!(matches!(decoded, Err(CodingError::Malformed(_))), "{bad:?}: {decoded:?}");
        }
    }

    #[test]
    fn few_bytes_do_not_become_many() {
        for (coding, sent) in forms(&vec![b'0'; 8 << 20]) {
            let decoded = coding.decode(&sent, 10 << 20);
            assert!(matches!(decoded, Err(CodingError::TooDense)), "{coding} {} bytes: {decoded:?}", sent.len());
        }
    }

    #[test]
    fn what_is_cut_changed_or_followed_by_more_is_refused() {
        for (coding, sent) in forms(b"{\"name\":\"Ada\",\"again\":\"Ada\"}") {
            let cut = sent.get(..sent.len() - 1).unwrap();
            let longer = [&sent[..], b"x"].concat();
            for bad in [cut, &longer, b"plain text, not encoded at all"] {
                let decoded = coding.decode(bad, 1 << 20);
                assert!(matches!(decoded, Err(CodingError::Malformed(_))), "{coding} {bad:?}: {decoded:?}");
            }
        }
    }
}
