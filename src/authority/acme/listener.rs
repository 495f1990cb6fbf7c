//! Answers to http-01 (RFC 8555 section 8.3) and tls-alpn-01 (RFC 8737) by this program itself, as long as an order needs
//! them. One port for all orders: it is opened by the first and closed by the last.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustls::sign::CertifiedKey;

use super::fault::AcmeFault;
use super::{lock, tls_alpn};
use crate::interrupt;

/// Where http-01 is asked for.
const PLACE: &str = "/.well-known/acme-challenge/";
/// More than any authority's request.
const REQUEST_LIMIT: usize = 8 << 10;
/// For one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Authorities look from several places at once; others may look too.
const AT_ONCE: usize = 64;
/// How often it is looked for somebody at the door.
const BLINK: Duration = Duration::from_millis(10);
/// How long an order may wait for another one that proves the same name.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is spoken at the door.
#[derive(Clone, Copy)]
pub(super) enum Trade {
    Http,
    Tls,
}

/// Where answers are given, to whoever asks.
#[derive(Default)]
pub(super) struct Door {
    book: Arc<Book>,
    open: Mutex<Opened>,
}

#[derive(Default)]
struct Opened {
    orders: usize,
    stop: Arc<AtomicBool>,
    listening: Vec<JoinHandle<()>>,
}

/// The answers.
#[derive(Default)]
pub(super) struct Book {
    texts: Mutex<HashMap<String, String>>,
    certificates: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Book {
    pub(super) fn certificate(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        lock(&self.certificates).get(name).cloned()
    }
}

impl Door {
    /// Opens it for one more order.
    pub(super) fn open(&self, address: SocketAddr, trade: Trade) -> Result<(), AcmeFault> {
        let mut open = lock(&self.open);
        if open.orders == 0 {
            let listeners = listen(address).map_err(|source| AcmeFault::Listen { address, source })?;
            let stop = Arc::new(AtomicBool::new(false));
            let serve = |listener: TcpListener| {
                let (book, stop) = (Arc::clone(&self.book), Arc::clone(&stop));
                thread::spawn(move || serve(&listener, trade, &book, &stop))
            };
            open.listening = listeners.into_iter().map(serve).collect();
            open.stop = stop;
        }
        open.orders += 1;
        Ok(())
    }

    /// One order less needs it.
    pub(super) fn close(&self) {
        let mut open = lock(&self.open);
        open.orders -= 1;
        if open.orders == 0 {
            open.stop.store(true, Ordering::Release);
            for listening in std::mem::take(&mut open.listening) {
                let _ = listening.join();
            }
        }
    }

    /// What http-01 answers for a token.
    pub(super) fn answer_http(&self, token: &str, text: String) {
        lock(&self.book.texts).insert(token.to_owned(), text);
    }

    /// What tls-alpn-01 answers for a name: one order at a time, as nothing else tells its questions apart.
    pub(super) fn answer_tls(&self, name: &str, certificate: CertifiedKey) -> Result<(), AcmeFault> {
        let certificate = Arc::new(certificate);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut certificates = lock(&self.book.certificates);
            if !certificates.contains_key(name) {
                certificates.insert(name.to_owned(), certificate);
                return Ok(());
            }
            drop(certificates);
            if !interrupt::rest(BLINK * 10, deadline) {
                return Err(AcmeFault::Busy { name: name.to_owned() });
            }
        }
    }

    /// Forgets the answer for a token or a name.
    pub(super) fn forget(&self, what: &str) {
        lock(&self.book.texts).remove(what);
        lock(&self.book.certificates).remove(what);
    }
}

/// Listens. `[::]` stands for both families, also where it is one alone.
fn listen(address: SocketAddr) -> io::Result<Vec<TcpListener>> {
    let bind = |ip: IpAddr| -> io::Result<TcpListener> {
        let listener = TcpListener::bind(SocketAddr::new(ip, address.port()))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    if address.ip() != IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        return bind(address.ip()).map(|listener| vec![listener]);
    }
    let (six, four) = (bind(address.ip()), bind(Ipv4Addr::UNSPECIFIED.into()));
    match (six, four) {
        (Ok(six), four) => Ok(std::iter::once(six).chain(four).collect()),
        (Err(error), _) if [io::ErrorKind::AddrInUse, io::ErrorKind::PermissionDenied].contains(&error.kind()) => {
            Err(error)
        }
        (Err(_), four) => four.map(|listener| vec![listener]),
    }
}

fn serve(listener: &TcpListener, trade: Trade, book: &Arc<Book>, stop: &AtomicBool) {
    let busy = Arc::new(AtomicUsize::new(0));
    while !stop.load(Ordering::Acquire) {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(BLINK);
            continue;
        };
        if busy.fetch_add(1, Ordering::AcqRel) >= AT_ONCE {
            busy.fetch_sub(1, Ordering::AcqRel);
            continue;
        }
        let (book, busy) = (Arc::clone(book), Arc::clone(&busy));
        thread::spawn(move || {
            // whoever breaks off gets no answer
            let _ = attend(stream, trade, &book);
            busy.fetch_sub(1, Ordering::AcqRel);
        });
    }
}

fn attend(stream: TcpStream, trade: Trade, book: &Arc<Book>) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    match trade {
        Trade::Http => answer_http(stream, book),
        Trade::Tls => tls_alpn::shake_hands(stream, Arc::clone(book)),
    }
}

fn answer_http(mut stream: TcpStream, book: &Book) -> io::Result<()> {
    let deadline = Instant::now() + TIMEOUT;
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut buffer)?;
        head.extend_from_slice(&buffer[..count]);
        if count == 0 || head.len() > REQUEST_LIMIT || Instant::now() > deadline {
            return Ok(());
        }
    }
    let text = asked(&head).and_then(|token| lock(&book.texts).get(token).cloned());
    let (status, body) = text.map_or(("404 Not Found", String::new()), |text| ("200 OK", text));
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

/// The token that a request is after.
fn asked(head: &[u8]) -> Option<&str> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (Some("GET"), Some(path), Some("HTTP/1.0" | "HTTP/1.1"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return None;
    };
    path.strip_prefix(PLACE)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::{Door, Trade, asked};

    fn free() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: a.example\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn answers_what_was_put_up_and_nothing_else() {
        let (door, address) = (Door::default(), free());
        door.open(address, Trade::Http).unwrap();
        door.open(address, Trade::Http).unwrap();
        door.answer_http("abc", "abc.thumb".to_owned());
        assert!(get(address, "/.well-known/acme-challenge/abc").ends_with("\r\n\r\nabc.thumb"));
        assert!(get(address, "/.well-known/acme-challenge/other").starts_with("HTTP/1.1 404"));
        assert!(get(address, "/abc").starts_with("HTTP/1.1 404"));
        door.close();
        assert!(get(address, "/.well-known/acme-challenge/abc").starts_with("HTTP/1.1 200"), "another order needs it");
        door.forget("abc");
        assert!(get(address, "/.well-known/acme-challenge/abc").starts_with("HTTP/1.1 404"));
        door.close();
        assert!(TcpStream::connect(address).is_err(), "the last order closes the door");
    }

    #[test]
    fn requests_are_read_strictly() {
        assert_eq!(asked(b"GET /.well-known/acme-challenge/a_b-C HTTP/1.1\r\nHost: x\r\n\r\n"), Some("a_b-C"));
        for head in [
            &b""[..],
            b"\r\n\r\n",
            b"POST /.well-known/acme-challenge/a HTTP/1.1\r\n\r\n",
            b"GET /.well-known/acme-challenge/a HTTP/2\r\n\r\n",
            b"GET /.well-known/acme-challenge/a b HTTP/1.1\r\n\r\n",
            b"GET /other HTTP/1.1\r\n\r\n",
            b"GET \xff HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(asked(head), None);
        }
    }
}
