use std::fmt;
use std::str::FromStr;

use super::ExtensionError;
use crate::pki::asn1::{self, INTEGER};

/// What a server promises to do in TLS (RFC 7633), by the numbers of TLS extensions. 5 is must-staple. Never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsFeatures(Vec<u16>);

const KNOWN: [(&str, u16); 2] = [("status_request", 5), ("status_request_v2", 17)];

impl TlsFeatures {
    /// The numbers of the TLS extensions, in their order.
    #[must_use]
    pub fn numbers(&self) -> &[u16] {
        &self.0
    }

    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let features = asn1::whole(der)?.tagged(asn1::SEQUENCE)?.children()?;
        let number = |feature: &asn1::Tlv<'_>| match feature.tagged(INTEGER)?.content {
            [low] if *low < 0x80 => Some(u16::from(*low)),
            [high, low] if *high < 0x80 => Some(u16::from_be_bytes([*high, *low])),
            [0, high, low] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        };
        let numbers = features.iter().map(number).collect::<Option<Vec<_>>>()?;
        (!numbers.is_empty()).then_some(Self(numbers))
    }
}

impl fmt::Display for TlsFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |number: &u16| {
            let known = KNOWN.iter().find(|(_, known)| known == number);
            known.map_or_else(|| number.to_string(), |(name, _)| (*name).to_owned())
        };
        let names: Vec<_> = self.0.iter().map(name).collect();
        f.write_str(&names.join(","))
    }
}

impl FromStr for TlsFeatures {
    type Err = ExtensionError;

    fn from_str(text: &str) -> Result<Self, ExtensionError> {
        let number = |word: &str| {
            let known = KNOWN.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, number)| *number);
            let number = known.or_else(|| word.parse().ok());
            number.ok_or_else(|| ExtensionError::Feature { text: word.to_owned() })
        };
        Ok(Self(text.split(',').map(|word| number(word.trim())).collect::<Result<_, _>>()?))
    }
}
