//! An ACME server that signs whatever it is asked for, and does what a test has it do wrong. It checks no signature: what
//! it is sent is held against a real one by tests/services.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::common::http::{self, Tls};

/// What it was asked.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The payload of what was signed; null where there is none.
    pub(crate) payload: Value,
}

/// What it answers.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string() }
    }

    pub(crate) fn problem(status: u16, kind: &str, detail: &str) -> Self {
        Self::json(status, &json!({"type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail}))
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Changes an answer on its way; without one, the connection is cut.
type Change = dyn Fn(&Asked, Answer) -> Option<Answer> + Send + Sync;

struct State {
    base: String,
    orders: Vec<Value>,
    chains: Vec<String>,
    asked: Vec<String>,
}

/// The server. It listens until the test's process ends.
pub(crate) struct Server {
    state: Arc<Mutex<State>>,
    change: Arc<Mutex<Arc<Change>>>,
    /// The root of its own TLS, PEM.
    pub(crate) root: String,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts it. `sign` makes a chain for a request in PEM.
    pub(crate) fn start(sign: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let tls = Tls::new(None);
        let state = Arc::new(Mutex::new(State { base: String::new(), orders: vec![], chains: vec![], asked: vec![] }));
        let nothing: Arc<Change> = Arc::new(|_: &Asked, answer| Some(answer));
        let change = Arc::new(Mutex::new(nothing));
        let (known, changing) = (state.clone(), change.clone());
        let address = http::serve(Some(&tls), move |asked| {
            let envelope: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            let payload = decode(envelope["payload"].as_str().unwrap_or_default());
            let payload = serde_json::from_slice(&payload).unwrap_or_default();
            let asked = Asked { method: asked.method.clone(), path: asked.path.clone(), payload };
            let answer = {
                let mut state = known.lock().unwrap();
                state.asked.push(format!("{} {}", asked.method, asked.path));
                state.answer(&asked, &sign)
            };
            let change = changing.lock().unwrap().clone();
            let Answer { status, mut headers, body } = change(&asked, answer)?;
            headers.push(("Replay-Nonce", "n".to_owned()));
            Some(http::Answer { status, headers, body: body.into_bytes() })
        });
        state.lock().unwrap().base = format!("https://{address}");
        Self { state, change, root: tls.root, address }
    }

    /// Has it answer otherwise.
    pub(crate) fn change(&self, change: impl Fn(&Asked, Answer) -> Option<Answer> + Send + Sync + 'static) {
        *self.change.lock().unwrap() = Arc::new(change);
    }

    pub(crate) fn directory(&self) -> String {
        format!("https://{}/dir", self.address)
    }

    /// How often it was asked something that begins like this, `POST /order/`.
    pub(crate) fn asked(&self, what: &str) -> usize {
        self.state.lock().unwrap().asked.iter().filter(|asked| asked.starts_with(what)).count()
    }

    /// How many orders were placed.
    pub(crate) fn orders(&self) -> usize {
        self.state.lock().unwrap().orders.len()
    }
}

/// Base64url without padding (RFC 4648 section 5).
fn decode(text: &str) -> Vec<u8> {
    let padding = "=".repeat((4 - text.len() % 4) % 4);
    let body = text.replace('-', "+").replace('_', "/");
    pem::parse(format!("-----BEGIN X-----\n{body}{padding}\n-----END X-----\n"))
        .map(|it| it.into_contents())
        .unwrap_or_default()
}

impl State {
    fn answer(&mut self, asked: &Asked, sign: &dyn Fn(&str) -> String) -> Answer {
        let base = self.base.clone();
        let number = || asked.path.rsplit('/').next().and_then(|it| it.parse::<usize>().ok()).unwrap_or(0);
        match asked.path.split('/').nth(1).unwrap_or_default() {
            "dir" => {
                let url = |path: &str| format!("{base}/{path}");
                Answer::json(
                    200,
                    &json!({"newNonce": url("nonce"), "newAccount": url("account"), "newOrder": url("new-order")}),
                )
            }
            "nonce" => Answer::json(200, &Value::Null),
            "account" => Answer::json(201, &json!({"status": "valid", "orders": format!("{base}/orders")}))
                .with("Location", format!("{base}/account/1")),
            "orders" => {
                let urls = (0..self.orders.len()).map(|at| format!("{base}/order/{at}")).collect::<Vec<_>>();
                Answer::json(200, &json!({"orders": urls}))
            }
            "new-order" => {
                let at = self.orders.len();
                self.orders.push(json!({
                    "status": "ready",
                    "identifiers": asked.payload["identifiers"],
                    "authorizations": [],
                    "finalize": format!("{base}/finalize/{at}"),
                }));
                self.chains.push(String::new());
                Answer::json(201, &self.orders[at]).with("Location", format!("{base}/order/{at}"))
            }
            "order" => Answer::json(200, &self.orders[number()]),
            "finalize" => {
                let (at, request) = (number(), decode(asked.payload["csr"].as_str().unwrap()));
                self.chains[at] = sign(&pem::encode(&pem::Pem::new("CERTIFICATE REQUEST", request)));
                self.orders[at]["status"] = json!("valid");
                self.orders[at]["certificate"] = json!(format!("{base}/certificate/{at}"));
                Answer::json(200, &self.orders[at])
            }
            "certificate" => Answer { status: 200, headers: Vec::new(), body: self.chains[number()].clone() },
            _ => Answer::problem(404, "malformed", "nothing is there"),
        }
    }
}
