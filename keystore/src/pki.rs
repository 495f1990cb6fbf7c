//! Bytes in, bytes out: private keys, requests, certificates and chains.
