//! The certificates and chains that the log or the stage names for a private key, and those that nothing names.

use super::super::format::encode;
use super::super::layout::{self, StorePath};
use super::finding::{Code, Finding};
use super::known::{Named, Source};
use super::look::{Look, Seen};
use super::material::Material;
use super::remedy::Remedy;
use super::version::Version;
use crate::digest::Digest;
use crate::model::{CertificateNumber, CertificateSummary, VersionFacts};
use crate::pki::read_certificates;

impl Version<'_> {
    pub(super) fn check_certificates(&self, look: &mut Look<'_>, material: &Material, facts: Option<&VersionFacts>) {
        for (named, source) in self.named() {
            look.counts.certificates += 1;
            self.check_certificate(look, named, source);
            self.check_chain(look, named, source);
            if facts.is_some_and(|facts| facts.spki != named.expected.spki) {
                let path = layout::certificate(self.key, self.number, named.certificate);
                let message = format!("{} says that it is for another private key", source.told());
                self.found_certificate(look, Code::CertificateChanged, path, message, source);
            }
        }
        // A copy has every certificate of what it is a copy of.
        let is_past = self.known.past.get(self.key).is_some_and(|through| self.number <= *through);
        let is_copy = facts.is_some_and(|facts| facts.copy_of.is_some());
        if self.known.is_broken || is_copy || (is_past && self.known.is_cut_off) {
            return;
        }
        let is_named = |number: CertificateNumber| self.named().any(|(named, _)| named.certificate == number);
        for &number in material.certificates.iter().filter(|number| !is_named(**number)) {
            let path = layout::certificate(self.key, self.number, number);
            let whole = look.disk.root().join(path.as_path());
            let advice = format!("`keyring install-cert {} {}` stages it", self.key, whole.display());
            let (message, remedy) = match is_past {
                true => ("no commit has it, and its key went on without it", Remedy::Nothing),
                false => ("no commit has it, and it is not staged", advice.into()),
            };
            self.found(look, Code::CertificateUnused, path, message, remedy);
        }
        let is_alone = |number: &CertificateNumber| !is_named(*number) && !material.certificates.contains(number);
        for &number in material.chains.iter().filter(|number| is_alone(number)) {
            let path = layout::chain(self.key, self.number, number);
            self.found(look, Code::CertificateUnused, path, "a chain without its certificate", Remedy::Nothing);
        }
    }

    fn found_certificate(&self, look: &mut Look<'_>, code: Code, path: StorePath, message: String, source: Source) {
        let advice = match source {
            Source::Stage => format!("`keyring install-cert {} FILE` with the authority's reply", self.key),
            Source::Generation(_) => format!(
                "restore it from a backup; `keyring install-cert {} FILE` with the authority's reply lets the key go on",
                self.key
            ),
        };
        let finding = source.leads_to(Finding::new(code, path, message));
        look.found(finding.of_key(self.key).mended_by(advice));
    }

    /// The bytes of a file, when they are the ones that were written.
    fn checked(&self, look: &mut Look<'_>, path: &StorePath, wanted: Digest, source: Source) -> Option<Vec<u8>> {
        let (code, message) = match look.read(path) {
            Seen::Unreadable => return None,
            Seen::Missing => (Code::CertificateMissing, "it is missing".to_owned()),
            Seen::Bytes(bytes) => match Digest::of(&bytes) {
                found if found == wanted => return Some(bytes.to_vec()),
                found => (Code::CertificateChanged, format!("its SHA-256 is {found}, {} says {wanted}", source.told())),
            },
        };
        self.found_certificate(look, code, path.clone(), message, source);
        None
    }

    fn check_certificate(&self, look: &mut Look<'_>, named: &Named, source: Source) {
        let path = layout::certificate(self.key, self.number, named.certificate);
        let Some(bytes) = self.checked(look, &path, named.expected.certificate_file, source) else { return };
        let message = match read_certificates(&bytes).as_deref() {
            Ok([leaf]) if leaf.public_key().hash() != named.expected.spki => "it is for another private key".to_owned(),
            Ok([leaf]) if Digest::of(&encode(&CertificateSummary::of(leaf))) != named.summary => {
                format!("it does not say what {} says of it", source.told())
            }
            Ok([_]) => return,
            Ok(several) => format!("it holds {} certificates", several.len()),
            Err(error) => error.to_string(),
        };
        self.found_certificate(look, Code::CertificateChanged, path, message, source);
    }

    fn check_chain(&self, look: &mut Look<'_>, named: &Named, source: Source) {
        let path = layout::chain(self.key, self.number, named.certificate);
        let Some(bytes) = self.checked(look, &path, named.expected.chain_file, source) else { return };
        let length = if bytes.is_empty() { Ok(0) } else { read_certificates(&bytes).map(|chain| chain.len()) };
        let message = match length {
            Ok(length) if length == named.chain_length => return,
            Ok(length) => format!("it holds {length} certificates, {} says {}", source.told(), named.chain_length),
            Err(error) => error.to_string(),
        };
        self.found_certificate(look, Code::CertificateChanged, path, message, source);
    }
}
