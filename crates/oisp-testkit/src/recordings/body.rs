//! What a recorded body is: a recorder may have kept it as it was on the wire,
//! or decoded it and left the header that says otherwise.

use bytes::Bytes;

use super::coding::{self, Coding};

/// A body, plain and as it goes over the wire.
#[derive(Clone, Debug)]
pub struct Body {
    /// Decoded.
    pub plain: Bytes,
    /// As it goes over the wire.
    pub coded: Bytes,
    /// The codings between the two, in the order in which they are applied.
    pub codings: Vec<Coding>,
    /// What was found, where the header and the bytes do not agree.
    pub mismatch: Option<&'static str>,
}

impl Body {
    /// Finds out what `bytes` are under that `content-encoding`.
    ///
    /// Bytes that are not in the coding they are said to be in were decoded by
    /// the recorder: they are coded again, as they were on the wire.
    pub fn recorded(bytes: Bytes, encoding: Option<&str>) -> Self {
        let Some(codings) = coding::parse_list(encoding.unwrap_or_default()) else {
            let mismatch = Some("content-encoding names a coding that is not known");
            return Self::plain(bytes, mismatch);
        };
        if codings.is_empty() || bytes.is_empty() {
            return Self::plain(bytes, None);
        }
        if let Ok(plain) = coding::decode_all(&codings, &bytes) {
            return Self {
                plain: plain.into(),
                coded: bytes,
                codings,
                mismatch: None,
            };
        }
        match coding::encode_all(&codings, &bytes) {
            Ok(coded) => Self {
                plain: bytes,
                coded: coded.into(),
                codings,
                mismatch: Some("content-encoding is named, the body is stored decoded"),
            },
            Err(_) => Self::plain(bytes, Some("content-encoding cannot be applied")),
        }
    }

    fn plain(bytes: Bytes, mismatch: Option<&'static str>) -> Self {
        Self {
            plain: bytes.clone(),
            coded: bytes,
            codings: Vec::new(),
            mismatch,
        }
    }

    /// The same content in other codings.
    ///
    /// # Errors
    ///
    /// Where a library fails.
    pub fn recoded(&self, codings: &[Coding]) -> std::io::Result<Self> {
        Ok(Self {
            plain: self.plain.clone(),
            coded: coding::encode_all(codings, &self.plain)?.into(),
            codings: codings.to_vec(),
            mismatch: None,
        })
    }

    /// The same content in no coding.
    pub fn bare(&self) -> Self {
        Self::plain(self.plain.clone(), None)
    }

    /// The value of `content-encoding`; `None` where there is no coding.
    pub fn encoding(&self) -> Option<String> {
        let names: Vec<_> = self.codings.iter().map(|coding| coding.name()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test states its assumptions by panicking"
    )]
    use super::*;

    const TEXT: &[u8] = b"{\"answer\":42}";

    #[test]
    fn a_coded_body_is_decoded_and_a_decoded_one_coded_again() {
        let coded = Bytes::from(Coding::Gzip.encode(TEXT).unwrap());
        let kept = Body::recorded(coded.clone(), Some("gzip"));
        assert_eq!((&*kept.plain, &kept.coded), (TEXT, &coded));
        assert_eq!(kept.mismatch, None);
        let decoded = Body::recorded(Bytes::from_static(TEXT), Some("GZIP"));
        assert_eq!(decoded.plain, TEXT);
        let back = coding::decode_all(&[Coding::Gzip], &decoded.coded).unwrap();
        assert_eq!(back, TEXT);
        assert!(decoded.mismatch.is_some());
    }

    #[test]
    fn an_unknown_coding_leaves_the_bytes_as_they_are() {
        let body = Body::recorded(Bytes::from_static(TEXT), Some("snappy"));
        assert_eq!((&*body.coded, body.encoding()), (TEXT, None));
        assert!(body.mismatch.is_some());
    }

    #[test]
    fn a_body_can_be_put_into_other_codings() {
        let body = Body::recorded(Bytes::from_static(TEXT), None);
        let twice = body.recoded(&[Coding::Gzip, Coding::Brotli]).unwrap();
        assert_eq!(twice.encoding().as_deref(), Some("gzip, br"));
        assert_eq!(twice.bare().coded, TEXT);
    }
}
