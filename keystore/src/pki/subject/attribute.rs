use std::fmt;
use std::str::FromStr;

use der::asn1::ObjectIdentifier;

use super::SubjectError;

/// The type of an attribute of a name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AttributeType {
    /// `CN`.
    CommonName,
    /// `SN`.
    Surname,
    /// `serialNumber`: of a device or a company, not of the certificate.
    SerialNumber,
    /// `C`: two letters of ISO 3166.
    Country,
    /// `L`: a town.
    Locality,
    /// `ST`: a state or province.
    State,
    /// `STREET`.
    Street,
    /// `O`.
    Organization,
    /// `OU`.
    OrganizationalUnit,
    /// `title`.
    Title,
    /// `GN`.
    GivenName,
    /// `DC`: one label of a domain.
    DomainComponent,
    /// `UID`.
    UserId,
    /// `emailAddress`.
    EmailAddress,
    /// `postalCode`.
    PostalCode,
    /// Any other, by its object identifier.
    Other(OtherAttribute),
}

/// An attribute type that has no name here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OtherAttribute(ObjectIdentifier);

impl fmt::Display for OtherAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

struct Known {
    kind: AttributeType,
    /// The name that is written, then the others that are read.
    names: &'static [&'static str],
    oid: ObjectIdentifier,
    /// The most characters (RFC 5280 appendix A.1, X.520 annex C, RFC 4519).
    limit: usize,
}

const fn known(kind: AttributeType, names: &'static [&'static str], oid: &str, limit: usize) -> Known {
    Known { kind, names, oid: ObjectIdentifier::new_unwrap(oid), limit }
}

static KNOWN: [Known; 15] = [
    known(AttributeType::CommonName, &["CN", "commonName"], "2.5.4.3", 64),
    known(AttributeType::Surname, &["SN", "surname"], "2.5.4.4", 64),
    known(AttributeType::SerialNumber, &["serialNumber"], "2.5.4.5", 64),
    known(AttributeType::Country, &["C", "countryName"], "2.5.4.6", 2),
    known(AttributeType::Locality, &["L", "localityName"], "2.5.4.7", 128),
    known(AttributeType::State, &["ST", "S", "stateOrProvinceName"], "2.5.4.8", 128),
    known(AttributeType::Street, &["STREET", "streetAddress"], "2.5.4.9", 128),
    known(AttributeType::Organization, &["O", "organizationName"], "2.5.4.10", 64),
    known(AttributeType::OrganizationalUnit, &["OU", "organizationalUnitName"], "2.5.4.11", 64),
    known(AttributeType::Title, &["title", "T"], "2.5.4.12", 64),
    known(AttributeType::GivenName, &["GN", "givenName", "G"], "2.5.4.42", 64),
    known(AttributeType::DomainComponent, &["DC", "domainComponent"], "0.9.2342.19200300.100.1.25", 63),
    known(AttributeType::UserId, &["UID", "userId"], "0.9.2342.19200300.100.1.1", 256),
    known(AttributeType::EmailAddress, &["emailAddress", "E", "email"], "1.2.840.113549.1.9.1", 255),
    known(AttributeType::PostalCode, &["postalCode"], "2.5.4.17", 40),
];

/// The most characters of a type that is not known here (`ub-name`).
const OTHER_LIMIT: usize = 32_768;

impl AttributeType {
    fn known(&self) -> Option<&'static Known> {
        KNOWN.iter().find(|known| known.kind == *self)
    }

    /// The type with this object identifier.
    pub(super) fn from_oid(oid: ObjectIdentifier) -> Self {
        let known = KNOWN.iter().find(|known| known.oid == oid);
        known.map_or(Self::Other(OtherAttribute(oid)), |known| known.kind.clone())
    }

    pub(super) fn oid(&self) -> ObjectIdentifier {
        match self {
            Self::Other(other) => other.0,
            _ => self.known().expect("every type but Other has its row in KNOWN").oid,
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.known().map_or(OTHER_LIMIT, |known| known.limit)
    }

    /// The names that are read, for messages: `CN, SN, ...`.
    #[must_use]
    pub fn known_names() -> String {
        let names: Vec<_> = KNOWN.iter().filter_map(|known| known.names.first().copied()).collect();
        names.join(", ")
    }
}

impl fmt::Display for AttributeType {
    /// The short name, else the dotted object identifier.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.known().and_then(|known| known.names.first()), self) {
            (Some(name), _) => f.write_str(name),
            (None, Self::Other(other)) => other.fmt(f),
            (None, _) => Err(fmt::Error),
        }
    }
}

impl FromStr for AttributeType {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let by_name = KNOWN.iter().find(|known| known.names.iter().any(|name| name.eq_ignore_ascii_case(text)));
        if let Some(known) = by_name {
            return Ok(known.kind.clone());
        }
        let dotted = text.get(..4).filter(|start| start.eq_ignore_ascii_case("OID.")).map_or(text, |_| &text[4..]);
        let oid = ObjectIdentifier::new(dotted).map_err(|_| SubjectError::UnknownType { text: text.to_owned() })?;
        Ok(Self::from_oid(oid))
    }
}
