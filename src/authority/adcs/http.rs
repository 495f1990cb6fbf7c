//! The way to a web enrolment: pages are asked for and forms are sent, by who the settings say.

use base64ct::{Base64, Encoding as _};
use keystore::model::{Account, AdcsLogin, AdcsSettings, EnrolmentUrl};
use ureq::http::{HeaderMap, HeaderValue, Request, header};
use ureq::tls::{Certificate, ClientCert, PrivateKey};
use zeroize::Zeroizing;

use super::curl::Curl;
use super::fault::AdcsFault;
use super::page;
use crate::authority::agent::{LIMIT, agent};
use crate::outside;

/// Who asks. For whoever does not begin like this, certificates come as something else than certificates.
pub(super) const AGENT: &str = concat!("Mozilla/5.0 (compatible; keyring/", env!("CARGO_PKG_VERSION"), ")");
/// Who asks by Kerberos.
pub(super) const TICKET: &str = "the Kerberos ticket";

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
    /// The ways to log in that it offers.
    pub(super) offered: Vec<String>,
}

impl Answer {
    /// As a page.
    pub(super) fn page(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether it is a page rather than a certificate.
    pub(super) fn is_page(&self) -> bool {
        page::is_page(&self.content_type, &self.body)
    }
}

/// The way to a web enrolment.
pub(super) struct Wire {
    url: EnrolmentUrl,
    who: String,
    way: Way,
}

enum Way {
    Agent {
        agent: ureq::Agent,
        /// `Authorization`, where it is needed.
        authorization: Option<HeaderValue>,
    },
    Curl(Curl),
}

impl Wire {
    pub(super) fn new(settings: &AdcsSettings) -> Result<Self, AdcsFault> {
        let AdcsSettings { url, login, roots, .. } = settings;
        let roots = roots.as_ref();
        let (who, way) = match login {
            AdcsLogin::Basic(account) => {
                let authorization = Some(basic(account)?);
                let agent = agent(roots, None, url.is_secure())?;
                (account.user.to_string(), Way::Agent { agent, authorization })
            }
            AdcsLogin::Certificate { file } => {
                let client = client_certificate(&file.to_string())?;
                let agent = agent(roots, Some(client), url.is_secure())?;
                (format!("the certificate in {file}"), Way::Agent { agent, authorization: None })
            }
            AdcsLogin::Negotiate => (TICKET.to_owned(), Way::Curl(Curl::new(None, roots, url.is_secure()))),
            AdcsLogin::Ntlm(account) => {
                let password = password(account)?;
                let curl = Curl::new(Some((account, &password)), roots, url.is_secure());
                (account.user.to_string(), Way::Curl(curl))
            }
        };
        Ok(Self { url: url.clone(), who, way })
    }

    /// The URL of one of its pages.
    pub(super) fn url(&self, page: &str) -> String {
        self.url.page(page)
    }

    /// Asks for a page.
    pub(super) fn get(&self, page: &str) -> Result<Answer, AdcsFault> {
        self.ask(page, None)
    }

    /// Sends a form.
    pub(super) fn post(&self, page: &str, form: &str) -> Result<Answer, AdcsFault> {
        self.ask(page, Some(form))
    }

    fn ask(&self, page: &str, form: Option<&str>) -> Result<Answer, AdcsFault> {
        let url = self.url(page);
        let answer = match &self.way {
            Way::Curl(curl) => curl.ask(&url, form)?,
            Way::Agent { agent, authorization } => send(agent, authorization.as_ref(), &url, form)?,
        };
        match answer.status {
            200 => Ok(answer),
            401 => Err(AdcsFault::Login { url, who: self.who.clone(), offered: answer.offered }),
            status => {
                let words = if answer.is_page() { page::title(&answer.page()) } else { String::new() };
                Err(AdcsFault::Status { url, status, words })
            }
        }
    }
}

fn send(
    agent: &ureq::Agent,
    authorization: Option<&HeaderValue>,
    url: &str,
    form: Option<&str>,
) -> Result<Answer, AdcsFault> {
    let failed = |source: ureq::Error| AdcsFault::Unreachable { url: url.to_owned(), source };
    let mut request = Request::builder().uri(url).header(header::USER_AGENT, AGENT);
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    let answer = match form {
        None => agent.run(request.body(()).map_err(|error| failed(error.into()))?),
        Some(form) => {
            let request = request.method("POST").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            agent.run(request.body(form.to_owned()).map_err(|error| failed(error.into()))?)
        }
    };
    let (head, mut body) = answer.map_err(failed)?.into_parts();
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Ok(Answer {
        status: head.status.as_u16(),
        content_type: content_type.unwrap_or_default().to_owned(),
        offered: offered(&head.headers),
        body: body.with_config().limit(LIMIT).read_to_vec().map_err(failed)?,
    })
}

/// The ways to log in that an answer names.
fn offered(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let scheme = |value: &str| value.split([' ', ',']).next().unwrap_or_default().to_owned();
    let is_word = |word: &String| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    values.map(scheme).filter(is_word).collect()
}

/// A password. Beyond that it is one line, nothing is asked of it.
fn password(account: &Account) -> Result<Zeroizing<String>, AdcsFault> {
    let password = outside::secret(&account.password)?;
    match password.chars().any(char::is_control) {
        true => Err(AdcsFault::Password { from: account.password.to_string() }),
        false => Ok(password),
    }
}

fn basic(account: &Account) -> Result<HeaderValue, AdcsFault> {
    let password = password(account)?;
    let pair = Zeroizing::new(format!("{}:{}", account.user, *password));
    let text = Zeroizing::new(format!("Basic {}", *Zeroizing::new(Base64::encode_string(pair.as_bytes()))));
    let mut value = HeaderValue::from_str(&text).expect("base64 is printable ASCII");
    value.set_sensitive(true);
    Ok(value)
}

/// The certificate that TLS shows, with its chain, and its private key.
fn client_certificate(file: &str) -> Result<ClientCert, AdcsFault> {
    let bytes = outside::read(file)?;
    let unfit = || AdcsFault::ClientCertificate { file: file.to_owned() };
    let chain = keystore::pki::read_certificates(&bytes).map_err(|_| unfit())?;
    let key = PrivateKey::from_pem(&bytes).map_err(|_| unfit())?;
    let chain: Vec<_> = chain.iter().map(|it| Certificate::from_der(it.as_der()).to_owned()).collect();
    if chain.is_empty() { Err(unfit()) } else { Ok(ClientCert::new_with_certs(&chain, key)) }
}
