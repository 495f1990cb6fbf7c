//! Microsoft Exchange, which runs on a machine of its own: a PFX file, and a PowerShell script that imports it there,
//! enables it for the protocols that are bound and looks at the result.

use std::collections::BTreeMap;

use keystore::digest::Digest;
use keystore::model::{AbsolutePath, FileForm, ServiceSettings};
use keystore::name::{Protocol, ServerName, ServicePath};
use keystore::ops::export_key::{ExportError, Form, Pfx};
use keystore::pki::{Certificate, Passphrase, Pkcs12Strength, PrivateKey, PrivateKeyFile, read_certificates};
use keystore::store::{Install, Publication};
use zeroize::Zeroizing;

use super::service::Service;
use crate::error::Failure;
use crate::outside;

/// The provider that Exchange's web services need the private key in.
pub(crate) const PROVIDER: &str = "Microsoft RSA SChannel Cryptographic Provider";

/// Rounds of PBKDF2 in the file.
const ROUNDS: u32 = 600_000;

/// The script, with words in `@` for what differs.
const SCRIPT: &str = include_str!("exchange/install.ps1");

/// Exchange's name for a protocol; none for one that it does not speak.
pub(crate) fn service_name(protocol: &Protocol) -> Option<&'static str> {
    match protocol.as_str() {
        "imap" => Some("IMAP"),
        "pop3" => Some("POP"),
        "smtp" => Some("SMTP"),
        "https" => Some("IIS"),
        _ => None,
    }
}

/// What the files of a protocol may be called: it depends on which protocols got the same certificate with it.
pub(super) fn paths(service: &Service, extension: &str) -> Vec<AbsolutePath> {
    const PROTOCOLS: [&str; 4] = ["https", "imap", "pop3", "smtp"];
    let Some(folder) = &service.settings.install_to else { return Vec::new() };
    let ServicePath { server, protocol } = &service.path;
    let choice = |bits: usize| PROTOCOLS.into_iter().enumerate().filter(move |(n, _)| bits >> n & 1 == 1);
    let names = (0..1 << PROTOCOLS.len()).map(|bits| choice(bits).map(|(_, name)| name).collect::<Vec<_>>());
    let with_ours = names.filter(|names| names.contains(&protocol.as_str()));
    with_ours.filter_map(|names| format!("{folder}/{server}-{}.{extension}", names.join("-")).parse().ok()).collect()
}

/// Services of one server that get one certificate: one file and one script for all of them.
#[derive(Default)]
pub(super) struct Groups<'p>(BTreeMap<(ServerName, AbsolutePath, Digest), Group<'p>>);

struct Group<'p> {
    service: ServicePath,
    settings: ServiceSettings,
    protocols: Vec<(Protocol, &'static str)>,
    /// The endpoint that the files change with.
    publication: &'p mut Publication,
}

impl<'p> Groups<'p> {
    /// Takes in a service with its endpoints that get new files.
    pub(super) fn take(&mut self, service: &Service, publications: Vec<&'p mut Publication>) {
        let path = &service.path;
        // set-service sees to both
        let (Some(folder), Some(name)) = (&service.settings.install_to, service_name(&path.protocol)) else { return };
        for publication in publications {
            let of = (path.server.clone(), folder.clone(), Digest::of(&publication.certificate));
            let group = self.0.entry(of).or_insert_with(|| Group {
                service: path.clone(),
                settings: service.settings.clone(),
                protocols: Vec::new(),
                publication,
            });
            if !group.protocols.iter().any(|(known, _)| *known == path.protocol) {
                group.protocols.push((path.protocol.clone(), name));
            }
        }
    }

    /// Adds the files to what is published.
    ///
    /// # Errors
    /// When the passphrase can't be read, or Exchange takes no such private key.
    pub(super) fn complete(self) -> Result<(), Failure> {
        self.0.into_values().try_for_each(Group::complete)
    }
}

impl Group<'_> {
    fn complete(self) -> Result<(), Failure> {
        let Self { service, settings, protocols, publication } = self;
        let refused = |error: &dyn std::error::Error| Failure::Service {
            service: service.clone(),
            message: format!("Exchange cannot be given its files: {}", Failure::whole_message(error)),
            hint: "Exchange takes RSA keys: `keyring create-key KEY --next --algorithm rsa-2048`",
        };
        let certificates =
            read_certificates(&publication.form(FileForm::FullChain)).map_err(|error| refused(&error))?;
        let key = PrivateKeyFile::from_pem(&publication.private_key).map_err(|error| refused(&error))?;
        let (PrivateKeyFile::Plain(private_key), Some(leaf)) = (key, certificates.first()) else { return Ok(()) };
        let passphrase = passphrase(&settings)?;
        let names: Vec<_> = protocols.iter().map(|(protocol, _)| protocol.as_str()).collect();
        let stem = format!("{}-{}", service.server, names.join("-"));
        let windows = settings.windows_2016;
        let pfx = pfx(&stem, &certificates, &private_key, &passphrase, windows).map_err(|error| refused(&error))?;
        let services: Vec<_> = protocols.iter().map(|(_, name)| *name).collect();
        let script = script(&service.server, &stem, &services, leaf);
        let Some(folder) = &settings.install_to else { return Ok(()) };
        for (extension, bytes, mode) in
            [("pfx", pfx, publication.ownership.mode), ("ps1", Zeroizing::new(script.into_bytes()), 0o644)]
        {
            let path = format!("{folder}/{stem}.{extension}").parse();
            let path = path.map_err(|source| Failure::OutsidePath { service: service.clone(), source })?;
            publication.installs.push(Install { path, bytes, mode });
        }
        Ok(())
    }
}

fn passphrase(settings: &ServiceSettings) -> Result<Passphrase, Failure> {
    let file = settings.pfx_passphrase_file.as_ref().map(ToString::to_string).unwrap_or_default();
    let text = outside::first_line(&file)?;
    Passphrase::new(text.to_string()).map_err(|source| Failure::Passphrase { from: file, source })
}

/// The PFX file, read back before it is given to anybody.
fn pfx(
    name: &str,
    certificates: &[Certificate],
    private_key: &PrivateKey,
    passphrase: &Passphrase,
    windows_2016: bool,
) -> Result<Zeroizing<Vec<u8>>, ExportError> {
    let form = Form::Pkcs12(Pfx {
        strength: if windows_2016 { Pkcs12Strength::TripleDes } else { Pkcs12Strength::Modern },
        friendly_name: name.to_owned(),
        provider: Some(PROVIDER),
    });
    let mut random = rand::make_rng::<rand::rngs::StdRng>();
    let file = form.encode(certificates, Some((private_key, Some(passphrase))), ROUNDS, &mut random)?;
    form.check(&file, certificates, private_key, Some(passphrase))?;
    Ok(file)
}

/// The script for a server's protocols.
fn script(server: &ServerName, stem: &str, services: &[&str], certificate: &Certificate) -> String {
    let names: Vec<_> = certificate.names().iter().map(ToString::to_string).collect();
    [
        ("@SERVER@", server.as_str()),
        ("@PFX@", stem),
        ("@SERVICES@", &services.join(",")),
        // PowerShell shows thumbprints in upper case, without colons
        ("@THUMBPRINT@", &certificate.sha1_fingerprint().replace(':', "").to_uppercase()),
        ("@NAMES@", &names.join(" ")),
        ("@UNTIL@", &certificate.not_after().date()),
    ]
    .into_iter()
    // names come from certificates: none of them ends the comment or a string
    .fold(SCRIPT.to_owned(), |text, (word, value)| text.replace(word, &value.replace(['\'', '#', '\r', '\n'], "")))
}
