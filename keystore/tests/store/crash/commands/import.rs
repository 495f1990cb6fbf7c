//! Private keys from elsewhere.

use keystore::ops::Error;
use keystore::ops::create_key::{CreateKey, Material};
use keystore::ops::import_key::import_key;
use keystore::pki::{Chain, KeyAlgorithm, PrivateKey, RequestTemplate, assemble, read_certificates};
use keystore::store::Keystore;

use super::{HOST, MAIN, never, published, versions, with_keystore};
use crate::common::crashes::Command;
use crate::common::{DAY, Run, certify_request, key, on};

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "import-key",
        prepare: |machine| {
            let (material, _) = issued_elsewhere(&with_keystore(machine));
            on(move |keystore| import(keystore, false, &material, None))
        },
        says_done: never,
        is_done: |view| versions(view).len() == 1,
    },
    Command {
        name: "import-key, with its certificate",
        prepare: |machine| importing(&with_keystore(machine), false),
        says_done: never,
        is_done: |view| versions(view).len() == 1 && view.picture.stage.len() == 1,
    },
    Command {
        name: "import-key --next",
        prepare: |machine| importing(&published(machine), true),
        says_done: never,
        is_done: |view| versions(view).len() == 2 && view.picture.stage.len() == 1,
    },
];

fn importing(keystore: &Keystore, next: bool) -> Run {
    let (material, chain) = issued_elsewhere(keystore);
    on(move |keystore| import(keystore, next, &material, Some(&chain)))
}

fn import(keystore: &Keystore, next: bool, material: &Material, chain: Option<&Chain>) -> Result<(), Error> {
    import_key(keystore, &CreateKey { key: key(MAIN), next }, material, chain).map(drop)
}

/// A private key with a certificate that was issued for it without this keystore.
fn issued_elsewhere(keystore: &Keystore) -> (Material, Chain) {
    let private_key = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
    let template = RequestTemplate { subject: format!("CN={HOST}").parse().unwrap(), ..RequestTemplate::default() };
    let now = keystore.world().now().unix();
    let reply = certify_request(&template.sign(&private_key).unwrap(), now, now + 90 * DAY);
    let certificates = read_certificates(reply.as_bytes()).unwrap();
    (Material::plain(&private_key), assemble(certificates, &[private_key.public_key().hash()]).unwrap())
}
