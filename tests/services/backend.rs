//! A web server without TLS that has one answer.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// It ends when it is dropped.
pub(crate) struct Backend {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Backend {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let stop = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stop);
        let serve = move || {
            for client in listener.incoming() {
                if ends.load(Ordering::Acquire) {
                    return;
                }
                // one that says nothing, as a handshake alone does, must not keep the next one
                client.map(|client| std::thread::spawn(move || answer(client))).ok();
            }
        };
        Self { port, stop, thread: Some(std::thread::spawn(serve)) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

fn answer(mut client: TcpStream) {
    let _ = client.set_read_timeout(Some(Duration::from_secs(10)));
    if client.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {
        let _ = client.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\nkeyring\n");
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // the loop looks at its next client
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        self.thread.take().map(JoinHandle::join);
    }
}
