//! Free ports on loopback.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// That many different ports on 127.0.0.1 where nobody listens now. Somebody may before they are used: whoever
/// starts a daemon on them tries again with others.
pub(crate) fn free<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("a bound socket has an address").port())
}

/// Whether somebody listens.
pub(crate) fn answers(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}
