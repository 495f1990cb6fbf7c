//! What holds for certificates and requests, whatever bytes they were read from.

use keystore::model::CertificateSummary;
use keystore::pki::{
    Certificate, CertificationRequest, Extensions, FoundExtensions, Subject, SubjectAltName, read_certificates,
};

/// A certificate that was read can be told, kept and read again.
pub fn check_certificate(certificate: &Certificate) {
    let again = Certificate::from_der(certificate.as_der()).expect("what was read is read again");
    assert_eq!(again, *certificate);
    let read = read_certificates(certificate.to_pem().as_bytes()).expect("its PEM is read");
    assert_eq!(read, [again]);
    // as a stage, a state and a record keep it
    let summary = CertificateSummary::of(certificate);
    let text = serde_json::to_string(&summary).expect("it is kept");
    assert_eq!(serde_json::from_str::<CertificateSummary>(&text).expect("what is kept is read"), summary);
    check_subject(certificate.subject());
    check_subject(certificate.issuer());
    check_names(certificate.names());
    let _ = (certificate.weaknesses(), certificate.signature_algorithm(), certificate.public_key().describe());
    let _ = (certificate.is_ca(), certificate.is_self_signed(), certificate.issued_by(certificate));
    let _ = certificate.covers("service.example.com");
}

/// A request that was read can be kept and read again.
pub fn check_request(request: &CertificationRequest) {
    let again = CertificationRequest::from_der(request.as_der()).expect("what was read is read again");
    assert_eq!(again.as_der(), request.as_der());
    let read = CertificationRequest::from_pem(request.to_pem().as_bytes()).expect("its PEM is read");
    assert_eq!(read.as_der(), request.as_der());
    check_subject(request.subject());
    check_names(request.names());
    check_extensions(request.extensions());
    let _ = (request.verify(), request.signature_algorithm(), request.public_key().describe());
    if let Some(template) = request.certificate_template() {
        assert_eq!(template.to_string().parse().as_ref(), Ok(template));
    }
}

/// Extensions that were read are kept as text.
pub fn check_extensions(found: &FoundExtensions) {
    let text = serde_json::to_string(&found.extensions).expect("they are text");
    assert_eq!(serde_json::from_str::<Extensions>(&text).ok().as_ref(), Some(&found.extensions), "{text}");
}

/// A name that was read is kept as text and as DER.
pub fn check_subject(subject: &Subject) {
    let text = subject.to_string();
    assert_eq!(Subject::from_stored(&text).as_ref(), Ok(subject), "{text:?}");
    let der = subject.to_der();
    assert_eq!(Subject::from_der(&der).as_ref(), Ok(subject), "{text:?}");
}

/// Names of a certificate are kept as text.
pub fn check_names(names: &[SubjectAltName]) {
    for name in names {
        assert_eq!(name.to_string().parse().as_ref(), Ok(name));
        let _ = name.matches_host("service.example.com");
    }
}
