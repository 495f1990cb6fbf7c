//! HTTP over TLS, for instant-acme and beside it. What answers say besides their bodies is kept: it tells where an
//! order is, when to ask again, and which other chains there are.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use instant_acme::{BodyWrapper, BytesResponse, HttpClient};
use keystore::model::{AbsolutePath, DirectoryUrl};
use keystore::timestamp::Timestamp;
use ureq::http::{HeaderMap, Request, Response};

use super::fault::AcmeFault;
use super::lock;
use crate::authority::agent::{LIMIT, agent};
use crate::outside;

/// The longest that anybody is left alone because of `Retry-After`.
const LONGEST: u64 = 7 * 86_400;

/// The way to an authority. Its copies share connections and the directory.
#[derive(Clone)]
pub(super) struct Wire {
    agent: ureq::Agent,
    directory: DirectoryUrl,
    directory_read: Arc<Mutex<Option<String>>>,
    seen: Arc<Mutex<Seen>>,
}

/// What the last answer said besides its body.
#[derive(Default, Clone)]
pub(super) struct Seen {
    /// Its status; none where there was no answer.
    pub(super) status: Option<u16>,
    /// `Location`.
    pub(super) location: Option<String>,
    /// `Link`, of those with `rel="alternate"`.
    pub(super) alternates: Vec<String>,
    /// `Link`, of the one with `rel="next"`.
    pub(super) next: Option<String>,
    /// `Retry-After`, from now on.
    pub(super) retry_after: Option<Duration>,
}

impl Wire {
    pub(super) fn new(directory: &DirectoryUrl, roots: Option<&AbsolutePath>) -> Result<Self, AcmeFault> {
        Ok(Self {
            agent: agent(roots, None, true)?,
            directory: directory.clone(),
            directory_read: Arc::default(),
            seen: Arc::default(),
        })
    }

    /// The same way, with notes of its own.
    pub(super) fn apart(&self) -> Self {
        Self { seen: Arc::default(), ..self.clone() }
    }

    /// Where its directory is.
    pub(super) fn directory_url(&self) -> &DirectoryUrl {
        &self.directory
    }

    /// What the last answer said besides its body.
    pub(super) fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }

    /// Sends a request. Whatever its status, an answer is no failure.
    pub(super) fn send(&self, request: Request<Vec<u8>>) -> Result<Response<String>, AcmeFault> {
        *lock(&self.seen) = Seen::default();
        let url = request.uri().to_string();
        let failed = |source: ureq::Error| AcmeFault::Unreachable { url: url.clone(), source };
        let (mut head, body) = request.into_parts();
        let agent = concat!("keyring/", env!("CARGO_PKG_VERSION"), " instant-acme");
        head.headers.insert("user-agent", agent.parse().expect("printable ASCII"));
        let (head, mut body) = self.agent.run(Request::from_parts(head, body)).map_err(failed)?.into_parts();
        *lock(&self.seen) = Seen::of(head.status.as_u16(), &head.headers);
        let body = body.with_config().limit(LIMIT).read_to_vec().map_err(failed)?;
        Ok(Response::from_parts(head, String::from_utf8_lossy(&body).into_owned()))
    }

    /// The authority's directory, read once.
    pub(super) fn directory(&self) -> Result<String, AcmeFault> {
        if let Some(directory) = &*lock(&self.directory_read) {
            return Ok(directory.clone());
        }
        let url = self.directory.as_str();
        let request = Request::get(url).body(Vec::new()).map_err(|_| AcmeFault::not_acme(url, "its URL"))?;
        let answer = self.send(request)?;
        if !answer.status().is_success() {
            return Err(AcmeFault::not_acme(url, &format!("HTTP status {}", answer.status().as_u16())));
        }
        let directory = answer.into_body();
        *lock(&self.directory_read) = Some(directory.clone());
        Ok(directory)
    }

    fn answer(&self, request: Request<Vec<u8>>) -> Result<Response<String>, AcmeFault> {
        if request.uri() == self.directory.as_str() {
            return self.directory().map(Response::new);
        }
        self.send(request)
    }
}

impl Seen {
    fn of(status: u16, headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        let links: Vec<_> = headers.get_all("link").iter().filter_map(|link| link.to_str().ok()).collect();
        let links = |relation| links.iter().flat_map(move |link| linked(link, relation)).collect::<Vec<_>>();
        Self {
            status: Some(status),
            location: text("location"),
            alternates: links("alternate"),
            next: links("next").into_iter().next(),
            retry_after: text("retry-after").and_then(|text| retry_after(&text, outside::now())),
        }
    }

    /// When to ask again.
    pub(super) fn again(&self) -> Option<Instant> {
        self.retry_after.map(|pause| Instant::now() + pause)
    }
}

/// The targets of a `Link` header (RFC 8288), which may hold several, with this relation.
fn linked(header: &str, relation: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((target, after)) = after.split_once('>') else { break };
        let parameters = after.split('<').next().unwrap_or_default();
        let is_it = parameters.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"') == relation
        });
        if is_it {
            found.push(target.to_owned());
        }
        rest = after;
    }
    found
}

/// How long `Retry-After` says to wait: seconds, or a date (RFC 9110 section 10.2.3).
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    const DATE: &[time::format_description::BorrowedFormatItem<'_>] = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let seconds = match text.trim().parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = time::PrimitiveDateTime::parse(text.trim(), &DATE).ok()?;
            u64::try_from(date.assume_utc().unix_timestamp() - now.unix()).unwrap_or(0)
        }
    };
    Some(Duration::from_secs(seconds.min(LONGEST)))
}

/// For instant-acme. The answer is there when this returns: its futures never wait.
impl HttpClient for Wire {
    fn request(
        &self,
        request: Request<BodyWrapper<bytes::Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, instant_acme::Error>> + Send>> {
        let wire = self.clone();
        Box::pin(async move {
            let (head, mut body) = request.into_parts();
            let mut bytes = Vec::new();
            while let Some(frame) =
                std::future::poll_fn(|context| http_body::Body::poll_frame(Pin::new(&mut body), context)).await
            {
                let Ok(frame) = frame;
                bytes.extend(frame.into_data().unwrap_or_default());
            }
            let answer = wire.answer(Request::from_parts(head, bytes));
            answer.map(BytesResponse::from).map_err(|fault| instant_acme::Error::Other(Box::new(fault)))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use keystore::timestamp::Timestamp;

    use super::{linked, retry_after};

    #[test]
    fn links_are_told_apart() {
        let link = r#"<https://a.example/dir>;rel="index""#;
        assert_eq!(linked(link, "alternate"), [""; 0]);
        assert_eq!(linked(link, "index"), ["https://a.example/dir"]);
        let links = r#"<https://a.example/c/1>; rel="alternate", <https://a.example/c/2>;rel=alternate;title="x""#;
        assert_eq!(linked(links, "alternate"), ["https://a.example/c/1", "https://a.example/c/2"]);
        for broken in ["", "<", "<a", "rel=\"alternate\"", "<a>", ">a<"] {
            assert_eq!(linked(broken, "alternate"), [""; 0], "{broken:?}");
        }
    }

    #[test]
    fn waits_as_long_as_it_is_told() {
        let now = Timestamp::from_unix(1_800_000_000);
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Fri, 15 Jan 2027 08:00:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Fri, 31 Dec 1999 23:59:59 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("99999999999", now), Some(Duration::from_secs(7 * 86_400)));
        assert_eq!(retry_after("soon", now), None);
    }
}
