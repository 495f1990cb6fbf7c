//! Requests that are signed with the account's key (RFC 8555 section 6.2), for what instant-acme has no way to do: the
//! registration of a key that was kept before, with contacts and an external account, and what is read at URLs that it
//! knows nothing of.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use keystore::pki::PrivateKey;
use serde_json::{Value, json};
use ureq::http::{Request, Response};

use super::fault::AcmeFault;
use super::http::Wire;
use super::problem::{BAD_NONCE, Problem};

/// How often a nonce is tried that the authority has given before.
const NONCES: usize = 20;

/// The account's private key.
pub(super) struct Signer {
    key: EcdsaKeyPair,
}

/// Whose request it is.
pub(super) enum Author<'a> {
    /// The key's own: it has no account yet.
    Key,
    /// The account's with this URL.
    Account(&'a str),
}

/// An external account's key (RFC 8555 section 7.3.4).
pub(super) struct ExternalKey {
    pub(super) kid: String,
    pub(super) key: hmac::Key,
}

impl Signer {
    pub(super) fn new(key: &PrivateKey) -> Result<Self, AcmeFault> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.to_pkcs8_der());
        key.map(|key| Self { key }).map_err(|_| AcmeFault::AccountKey)
    }

    /// The public key (RFC 7517).
    fn jwk(&self) -> Value {
        // an uncompressed point: 4, x, y
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        json!({"crv": "P-256", "kty": "EC", "x": encode(x), "y": encode(y)})
    }

    fn seal(&self, header: &Value, payload: &str) -> Result<Value, AcmeFault> {
        envelope(header, payload, |message| {
            let signature = self.key.sign(&SystemRandom::new(), message).map_err(|_| AcmeFault::AccountKey)?;
            Ok(encode(signature.as_ref()))
        })
    }

    /// The external account's word for this key.
    pub(super) fn bind(&self, external: &ExternalKey, url: &str) -> Result<Value, AcmeFault> {
        let header = json!({"alg": "HS256", "kid": external.kid, "url": url});
        envelope(&header, &self.jwk().to_string(), |message| Ok(encode(hmac::sign(&external.key, message).as_ref())))
    }

    /// Sends something to a URL, or asks for what is there when there is nothing to send. A nonce that is refused is
    /// replaced by another. An answer that is a problem is a failure.
    pub(super) fn post(
        &self,
        wire: &Wire,
        author: &Author<'_>,
        url: &str,
        payload: Option<&Value>,
    ) -> Result<Response<String>, AcmeFault> {
        let payload = payload.map(Value::to_string).unwrap_or_default();
        let mut nonce = None;
        let mut tries = NONCES;
        loop {
            let fresh = match nonce.take() {
                Some(nonce) => nonce,
                None => new_nonce(wire)?,
            };
            let mut header = json!({"alg": "ES256", "nonce": fresh, "url": url});
            match author {
                Author::Key => header["jwk"] = self.jwk(),
                Author::Account(account) => header["kid"] = json!(account),
            }
            let body = self.seal(&header, &payload)?.to_string();
            let request = Request::post(url).header("content-type", "application/jose+json").body(body.into_bytes());
            let answer = wire.send(request.map_err(|_| AcmeFault::not_acme(url, "its URL"))?)?;
            if answer.status().is_success() {
                return Ok(answer);
            }
            let problem = Problem::read(answer.status().as_u16(), answer.body());
            tries -= 1;
            if tries == 0 || !problem.is(BAD_NONCE) {
                return Err(AcmeFault::Problem { problem, retry_after: wire.seen().retry_after });
            }
            nonce = answer.headers().get("replay-nonce").and_then(|it| it.to_str().ok()).map(str::to_owned);
        }
    }
}

fn new_nonce(wire: &Wire) -> Result<String, AcmeFault> {
    let directory = Directory::read(wire)?;
    let url = directory.text("newNonce")?;
    let request = Request::head(url).body(Vec::new()).map_err(|_| AcmeFault::not_acme(url, "its URL"))?;
    let answer = wire.send(request)?;
    let nonce = answer.headers().get("replay-nonce").and_then(|it| it.to_str().ok());
    nonce.map(str::to_owned).ok_or_else(|| AcmeFault::not_acme(url, "an answer without a nonce"))
}

fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// A JSON Web Signature (RFC 7515), flattened.
fn envelope(
    header: &Value,
    payload: &str,
    sign: impl FnOnce(&[u8]) -> Result<String, AcmeFault>,
) -> Result<Value, AcmeFault> {
    let (protected, payload) = (encode(header.to_string().as_bytes()), encode(payload.as_bytes()));
    let signature = sign(format!("{protected}.{payload}").as_bytes())?;
    Ok(json!({"protected": protected, "payload": payload, "signature": signature}))
}

/// What an authority's directory says (RFC 8555 section 7.1.1).
pub(super) struct Directory {
    url: String,
    value: Value,
}

impl Directory {
    pub(super) fn read(wire: &Wire) -> Result<Self, AcmeFault> {
        let (url, text) = (wire.directory_url().to_string(), wire.directory()?);
        match serde_json::from_str(&text) {
            Ok(value @ Value::Object(_)) => Ok(Self { url, value }),
            _ => Err(AcmeFault::not_acme(&url, "no JSON object")),
        }
    }

    /// Where something is that every authority has.
    pub(super) fn text(&self, name: &str) -> Result<&str, AcmeFault> {
        self.optional(name).ok_or_else(|| AcmeFault::not_acme(&self.url, &format!("no {name}")))
    }

    /// Where something is that not every authority has.
    pub(super) fn optional(&self, name: &str) -> Option<&str> {
        self.value[name].as_str()
    }

    /// Whether it wants an external account.
    pub(super) fn wants_external_account(&self) -> bool {
        self.value["meta"]["externalAccountRequired"] == true
    }

    /// Its profiles.
    pub(super) fn profiles(&self) -> Vec<&str> {
        self.value["meta"]["profiles"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    use keystore::pki::{KeyAlgorithm, PrivateKey};
    use serde_json::{Value, json};

    use super::Signer;

    fn decode(value: &Value) -> Vec<u8> {
        Base64UrlUnpadded::decode_vec(value.as_str().unwrap()).unwrap()
    }

    #[test]
    fn what_is_signed_is_what_the_key_answers_for() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let signer = Signer::new(&key).unwrap();
        let header = json!({"alg": "ES256", "nonce": "n", "url": "https://a.example/x", "jwk": signer.jwk()});
        let sealed = signer.seal(&header, "{}").unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&decode(&sealed["protected"])).unwrap(), header);
        assert_eq!(decode(&sealed["payload"]), b"{}");
        let message = format!("{}.{}", sealed["protected"].as_str().unwrap(), sealed["payload"].as_str().unwrap());
        let jwk = signer.jwk();
        let point = [vec![4], decode(&jwk["x"]), decode(&jwk["y"])].concat();
        let public =
            aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED, point);
        assert!(public.verify(message.as_bytes(), &decode(&sealed["signature"])).is_ok());
        assert!(public.verify(b"another", &decode(&sealed["signature"])).is_err());
    }

    #[test]
    fn keys_of_other_kinds_are_no_account_keys() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP384).unwrap();
        assert!(Signer::new(&key).is_err());
    }
}
