//! Names and addresses: servers, protocols, keys, services, endpoints, and where they are proven.
//!
//! Each is parsed once, at the edge, into a type that cannot be wrong. What has been parsed is safe as a
//! file name: lower-case letters, digits, `-`, `_` and single inner dots, so no `/`, no `..`, nothing hidden.

mod endpoint;
mod host;
mod ip;
mod label;
mod path;
mod probe_url;

pub use endpoint::{Address, Endpoint, EndpointError};
pub use host::{Host, HostError};
pub use ip::Ipv6Error;
pub use label::{AuthorityName, KeyName, NameError, NameFault, Protocol, ServerName};
pub use path::{KeyPath, PathError, ServicePath};
pub use probe_url::{ProbeUrl, ProbeUrlError, Start, Talk};

/// `Display`-based `serde` for a type that is written as its text and parsed when read, so that a doctored
/// file cannot smuggle in a name that argv would have refused.
macro_rules! serde_as_text {
    ($name:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        $crate::name::read_as_text!($name);
    };
}
pub(crate) use serde_as_text;

/// The half of `serde_as_text` that reads.
macro_rules! read_as_text {
    ($name:ty) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Parsing;
                impl serde::de::Visitor<'_> for Parsing {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("text")
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Parsing)
            }
        }
    };
}
pub(crate) use read_as_text;

#[cfg(test)]
mod tests;
