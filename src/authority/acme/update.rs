//! Records of dns-01 as updates of DNS (RFC 2136), signed with a shared key (RFC 8945), over TCP.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode, update_message};
use hickory_proto::rr::rdata::{TXT, tsig};
use hickory_proto::rr::{Name, RData, Record, RecordSet, RecordType, TSigner};
use keystore::model::{DnsServer, DnsUpdate, Tsig, TsigAlgorithm};
use keystore::name::Host;

use super::account::base64_secret;
use super::fault::AcmeFault;
use crate::outside;

/// For each step of a conversation.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Seconds that the record may be kept by those who have asked.
const TTL: u32 = 60;
/// Seconds that the clocks may differ (RFC 8945 section 10).
const FUDGE: u16 = 300;

/// Makes a record, or removes it.
pub(super) fn change(settings: &DnsUpdate, record: &str, value: &str, put: bool) -> Result<(), AcmeFault> {
    let failed = |reason: String| AcmeFault::Update {
        name: record.to_owned(),
        done: if put { "made" } else { "removed" },
        server: settings.server.to_string(),
        reason,
    };
    let signer = signer(&settings.tsig)?.map_err(failed)?;
    exchange(settings, &signer, record, value, put).map_err(failed)
}

fn signer(settings: &Tsig) -> Result<Result<TSigner, String>, AcmeFault> {
    let key = base64_secret(&settings.key)?;
    let algorithm = match settings.algorithm {
        TsigAlgorithm::HmacSha256 => tsig::TsigAlgorithm::HmacSha256,
        TsigAlgorithm::HmacSha384 => tsig::TsigAlgorithm::HmacSha384,
        TsigAlgorithm::HmacSha512 => tsig::TsigAlgorithm::HmacSha512,
    };
    let signer = Name::from_ascii(settings.name.as_str())
        .map_err(|error| error.to_string())
        .and_then(|name| TSigner::new(key.to_vec(), algorithm, name, FUDGE).map_err(|error| error.to_string()));
    Ok(signer)
}

fn exchange(settings: &DnsUpdate, signer: &TSigner, record: &str, value: &str, put: bool) -> Result<(), String> {
    let name = absolute(record)?;
    let mut server = Conversation::begin(&settings.server)?;
    let zone = match &settings.zone {
        Some(zone) => absolute(zone.as_str())?,
        None => server.zone_of(&name)?,
    };
    if !zone.zone_of(&name) {
        return Err(format!("it is not in the zone {zone}"));
    }
    let mut records = RecordSet::with_ttl(name.clone(), RecordType::TXT, TTL);
    records.insert(Record::from_rdata(name, TTL, RData::TXT(TXT::new(vec![value.to_owned()]))), 0);
    let mut message = if put {
        update_message::append(records, zone.clone(), false, false)
    } else {
        update_message::delete_by_rdata(records, zone.clone(), false)
    };
    let now = u64::try_from(outside::now().unix()).unwrap_or(0);
    let mut verifier = message.finalize(signer, now).map_err(|error| error.to_string())?;
    let answer = server.ask(&message)?;
    let read = Message::from_vec(&answer).map_err(|error| error.to_string())?;
    // an answer that nobody signed may tell why, and does not make it done
    let signed = verifier.as_mut().map(|verifier| verifier.verify(&answer));
    match (read.response_code, signed) {
        (ResponseCode::NoError, Some(Ok(_))) => Ok(()),
        (ResponseCode::NoError, Some(Err(error))) => Err(format!("its answer is not signed as it should be: {error}")),
        (ResponseCode::NoError, None) => Err("its answer is not signed".to_owned()),
        (code, _) => Err(format!("it refuses the update of the zone {zone}: {code}")),
    }
}

fn absolute(text: &str) -> Result<Name, String> {
    let mut name = Name::from_ascii(text).map_err(|error| error.to_string())?;
    name.set_fqdn(true);
    Ok(name)
}

/// A connection to a name server.
struct Conversation {
    stream: TcpStream,
}

impl Conversation {
    fn begin(server: &DnsServer) -> Result<Self, String> {
        let addresses: Vec<SocketAddr> = match &server.host {
            Host::Ip(ip) => vec![SocketAddr::new(*ip, server.port)],
            Host::Name(name) => {
                let found = (name.as_str(), server.port).to_socket_addrs();
                found.map_err(|error| format!("it is not found: {error}"))?.collect()
            }
        };
        let mut failure = "it has no address".to_owned();
        for address in addresses {
            match Self::connect(address) {
                Ok(stream) => return Ok(Self { stream }),
                Err(error) => failure = format!("it cannot be reached: {error}"),
            }
        }
        Err(failure)
    }

    fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(stream)
    }

    /// Sends a message and returns the answer to it.
    fn ask(&mut self, message: &Message) -> Result<Vec<u8>, String> {
        let bytes = message.to_vec().map_err(|error| error.to_string())?;
        let length = u16::try_from(bytes.len()).map_err(|_| "the message is too long".to_owned())?;
        let mut talk = || -> io::Result<Vec<u8>> {
            self.stream.write_all(&[&length.to_be_bytes(), bytes.as_slice()].concat())?;
            let mut length = [0; 2];
            self.stream.read_exact(&mut length)?;
            let mut answer = vec![0; u16::from_be_bytes(length).into()];
            self.stream.read_exact(&mut answer)?;
            Ok(answer)
        };
        let answer = talk().map_err(|error| format!("it gives no answer: {error}"))?;
        // an answer begins with the number of its question
        let is_ours = answer.get(..2) == bytes.get(..2);
        is_ours.then_some(answer).ok_or_else(|| "it answers another question".to_owned())
    }

    /// The zone that a name is in: the nearest one above it of which the server has the SOA.
    fn zone_of(&mut self, name: &Name) -> Result<Name, String> {
        let mut zone = name.base_name();
        while !zone.is_root() {
            let mut question = Message::query();
            question.metadata.recursion_desired = false;
            question.add_query(Query::query(zone.clone(), RecordType::SOA));
            let answer = Message::from_vec(&self.ask(&question)?).map_err(|error| error.to_string())?;
            if answer.answers.iter().any(|record| record.record_type() == RecordType::SOA && record.name == zone) {
                return Ok(zone);
            }
            zone = zone.base_name();
        }
        Err("it has no zone with that name".to_owned())
    }
}
