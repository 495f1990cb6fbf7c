//! When an authority suggests to renew a certificate of its own (RFC 9773).

use instant_acme::{CertificateIdentifier, RenewalInfo};
use keystore::model::DirectoryUrl;
use keystore::ops::desk::Window;
use keystore::pki::Certificate;
use rustls::pki_types::CertificateDer;
use ureq::http::Request;

use super::fault::AcmeFault;
use super::http::Wire;
use super::jws::Directory;
use super::problem::Problem;

/// What a certificate is called there; none where it does not say who issued it.
pub(super) fn identifier(leaf: &Certificate) -> Option<CertificateIdentifier<'static>> {
    CertificateIdentifier::try_from(&CertificateDer::from(leaf.as_der())).ok().map(CertificateIdentifier::into_owned)
}

/// The window that an authority suggests; none when it has no opinion: it suggests nothing at all, or the certificate is
/// none of its own.
pub(super) fn window(wire: &Wire, url: &DirectoryUrl, leaf: &Certificate) -> Result<Option<Window>, AcmeFault> {
    let directory = Directory::read(wire)?;
    let (Some(base), Some(identifier)) = (directory.optional("renewalInfo"), identifier(leaf)) else {
        return Ok(None);
    };
    let url = || url.as_str();
    let place = format!("{}/{identifier}", base.trim_end_matches('/'));
    let request = Request::get(&place).body(Vec::new()).map_err(|_| AcmeFault::not_acme(url(), "its renewalInfo"))?;
    let answer = wire.send(request)?;
    match answer.status().as_u16() {
        404 => Ok(None),
        status if !answer.status().is_success() => {
            let problem = Problem::read(status, answer.body());
            Err(AcmeFault::Problem { problem, retry_after: wire.seen().retry_after })
        }
        _ => {
            let info: RenewalInfo =
                serde_json::from_str(answer.body()).map_err(|_| AcmeFault::not_acme(&place, "no suggested window"))?;
            let (start, end) = (info.suggested_window.start.into(), info.suggested_window.end.into());
            Ok(Some(Window { start, end }))
        }
    }
}
