//! A year of `renew --due --commit`, every hour, over keys with certificates of 47 days: with an authority that fails at
//! random, processes that are killed at random and power that is lost at random.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use keystore::change::Stage;
use keystore::digest::Digest;
use keystore::model::{AuthoritySettings, CommandSettings, Hook, RenewAt, Renewal, ReuseKey};
use keystore::name::AuthorityName;
use keystore::name::KeyPath;
use keystore::ops::collect::submitted;
use keystore::ops::commit::plan;
use keystore::ops::create_key::{Existing, create_keys, generate, read_list};
use keystore::ops::desk::{Authority, Desk, Errand, Order, Refusal, Reply, Settled};
use keystore::ops::install_cert::{Input, Place};
use keystore::ops::publish::Unlocked;
use keystore::ops::renew::{self, Ground, Scope, Secrets};
use keystore::ops::verify::Trust;
use keystore::ops::{Error, set_authority, set_renewal};
use keystore::pki::{KeyAlgorithm, Pbes2, PrivateKeyFile};
use keystore::progress::Unwatched;
use keystore::store::{Defaults, Keystore};
use keystore::timestamp::Timestamp;
use keystore::world::{Actor, World};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::common::crashes::mending;
use crate::common::memory_disk::Failure;
use crate::common::vault::{keep_no_keys, prune};
use crate::common::{DAY, Machine, NOW, bind, certify_request};

const SERVERS: usize = 20;
const KEYS: usize = 10;
const HOUR: i64 = 3600;
const HOURS: i64 = 365 * 24;
const LIFE: i64 = 47 * DAY;

/// Why an authority gave no certificate.
#[derive(Debug)]
enum Fault {
    /// It is down.
    Down,
    /// The keystore.
    #[expect(dead_code, reason = "shown when a test fails")]
    Keystore(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Keystore(error)
    }
}

impl Refusal for Fault {
    fn refusal(&self) -> Option<String> {
        None
    }
}

/// What an authority remembers, whatever happens to the keystore.
#[derive(Default)]
struct Books {
    /// Requests that it was given, with when each is ready.
    orders: BTreeMap<String, i64>,
    /// Tickets that the keystore has noted for good.
    noted: BTreeSet<String>,
}

/// An authority that is down now and then, takes its time, and answers each order with one certificate.
struct Moody {
    books: Arc<Mutex<Books>>,
    random: Mutex<StdRng>,
    now: Arc<AtomicI64>,
}

impl Moody {
    fn is_down(&self) -> bool {
        self.random.lock().unwrap().random_bool(0.2)
    }

    fn answer(&self, order: &Order<'_, Fault>) -> Reply {
        let ready = self.books.lock().unwrap().orders[&id(order)];
        let now = self.now.load(Ordering::Relaxed);
        if now < ready {
            return Reply::Waiting("it takes its time".to_owned());
        }
        // the first certificates end at different times, as those of a house do that grew
        let life = if order.waiting.current.is_none() {
            LIFE - i64::from(order.waiting.spki.as_bytes()[0]) * DAY / 8
        } else {
            LIFE
        };
        let chain = certify_request(&order.waiting.request, ready, ready + life);
        Reply::Issued(vec![Input { name: "reply".to_owned(), bytes: chain.into_bytes().into() }])
    }
}

/// Tells requests apart: one that is made again with the same private key has the same bytes.
fn id(order: &Order<'_, Fault>) -> String {
    let waiting = order.waiting;
    format!("{} {} {}", waiting.key, waiting.version, waiting.number)
}

impl Authority<Fault> for Moody {
    fn submit(&self, order: &Order<'_, Fault>) -> Result<Reply, Fault> {
        if self.is_down() {
            return Err(Fault::Down);
        }
        let request = id(order);
        {
            let mut books = self.books.lock().unwrap();
            assert!(!books.noted.contains(&request), "an order of {} was placed twice", order.waiting.key);
            let takes = self.random.lock().unwrap().random_range(0..3) * HOUR;
            books.orders.entry(request.clone()).or_insert(self.now.load(Ordering::Relaxed) + takes);
        }
        if self.is_down() {
            // the connection breaks before it has said what it calls the order
            return Err(Fault::Down);
        }
        (order.note)("noted")?;
        self.books.lock().unwrap().noted.insert(request);
        Ok(self.answer(order))
    }

    fn collect(&self, order: &Order<'_, Fault>) -> Result<Reply, Fault> {
        if !self.books.lock().unwrap().orders.contains_key(&id(order)) {
            return self.submit(order);
        }
        if self.is_down() { Err(Fault::Down) } else { Ok(self.answer(order)) }
    }
}

/// One simulated machine with its clock and its luck.
struct Simulation {
    machine: Machine,
    now: Arc<AtomicI64>,
    books: Arc<Mutex<Books>>,
    random: StdRng,
    /// How many operations on the disk a run may ask for.
    most: usize,
}

impl Simulation {
    fn world(&self) -> World {
        static SEED: AtomicUsize = AtomicUsize::new(0);
        let actor =
            Actor { user: "cron".to_owned(), sudo_user: None, host: "here".to_owned(), command: "renew".to_owned() };
        let now = Arc::clone(&self.now);
        let seed = SEED.fetch_add(1, Ordering::Relaxed) as u64;
        World::new(move || Timestamp::from_unix(now.load(Ordering::Relaxed)), StdRng::seed_from_u64(seed), actor)
    }

    fn keystore(&self, failure: Failure) -> Result<Keystore, Error> {
        Ok(Keystore::open(Box::new(self.machine.disk(failure)), self.world())?)
    }

    /// `renew --due --commit`, in a process that may be killed. Returns how many were committed.
    fn renew(&mut self, failure: Failure) -> Result<usize, Fault> {
        let disk = self.machine.disk(failure);
        let journal = disk.journal();
        let keystore = Keystore::open(Box::new(disk), self.world()).map_err(Error::from)?;
        let name: AuthorityName = "moody".parse().unwrap();
        let moody = Moody {
            books: Arc::clone(&self.books),
            random: Mutex::new(StdRng::seed_from_u64(self.random.random())),
            now: Arc::clone(&self.now),
        };
        let moody: Box<dyn Authority<Fault>> = Box::new(moody);
        let desk = Desk::new(&keystore, BTreeMap::from([(name, moody)]));
        let renewed = renew(&keystore, &desk);
        self.most = self.most.max(journal.lock().unwrap().len());
        renewed
    }
}

fn renew(keystore: &Keystore, desk: &Desk<'_, Fault>) -> Result<usize, Fault> {
    let ground = Ground { keystore, apart: true, suggested: &|_, _| None };
    let tasks: Vec<_> =
        renew::plan(&ground, &Scope::Due(Vec::new()))?.into_iter().map(|(_, task)| task.unwrap()).collect();
    let secrets: Secrets<'_, Fault> = Secrets {
        open: &|_, file: PrivateKeyFile| match file {
            PrivateKeyFile::Plain(private_key) => Ok(private_key),
            PrivateKeyFile::Encrypted(_) => unreachable!("no private key here is encrypted"),
        },
        passphrase: &|_| unreachable!("no private key here is encrypted"),
        pbes2: &|| Pbes2::random(1, &mut rand::rng()),
    };
    let steps: Vec<_> = tasks.iter().map(|task| (&task.key, &task.step)).collect();
    let made = renew::make(keystore, &steps, &secrets, &Unwatched)?;
    let errands: Vec<_> = tasks
        .into_iter()
        .zip(made)
        .filter_map(|(task, made)| Some(Errand::new(made.ok()?, task.renewal.authority)))
        .collect();
    let mut place = Place::Apart(Stage::default());
    let settled = desk.settle(&errands, desk.run(&errands), &Trust::default(), &mut place)?;
    let installed = settled.iter().filter(|it| matches!(it, Settled::Installed(_))).count();
    if let Place::Apart(stage) = place
        && !stage.is_empty()
    {
        commit(keystore, stage)?;
    }
    Ok(installed)
}

fn commit(keystore: &Keystore, stage: Stage) -> Result<(), Error> {
    let committing = keystore.begin_commit()?;
    let snapshot = committing.snapshot()?.with_stage(stage);
    let plan = plan(&snapshot, keystore.world().now())?;
    plan.check(false)?;
    let mut proposal = plan.propose(&snapshot, &Unlocked::new(), None)?;
    proposal.apart = true;
    committing.prepare(&proposal)?.switch()?.record()?;
    Ok(())
}

/// Keys with requests, bound, and renewed by the authority; every third with the private key that it has.
fn house(simulation: &Simulation) {
    let keystore = simulation.keystore(Failure::Never).unwrap();
    let settings = AuthoritySettings::Command(CommandSettings { run: Hook::Nothing, timeout: 1 });
    let name: AuthorityName = "moody".parse().unwrap();
    set_authority::set_authority(&keystore, &name, Some(settings)).unwrap();
    let names: Vec<_> =
        (0..SERVERS).flat_map(|server| (0..KEYS).map(move |key| format!("s{server:02}/https/k{key}"))).collect();
    let list: Vec<_> = names.iter().map(|key| format!("{{\"key\":\"{key}\",\"subject\":\"CN=a.example\"}}")).collect();
    let asked = read_list(list.join("\n").as_bytes(), KeyAlgorithm::Ed25519, &Defaults::default()).unwrap();
    let generated = generate(asked, || Pbes2::random(1, &mut rand::rng()), 1, &Unwatched).unwrap();
    create_keys(&keystore, &generated, Existing::Refuse, &Unwatched).unwrap();
    let keys: Vec<_> = names.iter().map(|key| key.parse().unwrap()).collect();
    set_renewal::set_renewal::<Error>(&keystore, &keys, |key, _| {
        let reuse = key.name.as_str().ends_with(['0', '3', '6', '9']);
        let reuse_key = reuse.then_some(ReuseKey { days: None, certificates: Some(3) });
        Ok(Some(Renewal { authority: name.clone(), at: RenewAt::default(), reuse_key }))
    })
    .unwrap();
    commit(&keystore, keystore.read().unwrap().stage().clone()).unwrap();
    keystore::ops::discard::discard(&keystore, &[]).unwrap();
    while simulation.unissued() > 0 {
        let now = Arc::clone(&simulation.now);
        now.fetch_add(HOUR, Ordering::Relaxed);
        let mut process = Simulation {
            machine: simulation.machine.clone(),
            now,
            books: Arc::clone(&simulation.books),
            random: StdRng::seed_from_u64(7),
            most: 0,
        };
        process.renew(Failure::Never).unwrap();
    }
    for (at, key) in names.iter().enumerate() {
        bind(&keystore, key, &[&format!("s{:02}/https@192.0.2.{}:443", at / KEYS, at % KEYS + 1)]).unwrap();
    }
    crate::common::commit(&keystore).unwrap();
}

impl Simulation {
    /// How many keys have no certificate.
    fn unissued(&self) -> usize {
        SERVERS * KEYS - self.certificates().len()
    }

    /// The certificate of each key, by what is committed, and when it ends.
    fn certificates(&self) -> BTreeMap<KeyPath, (Digest, i64)> {
        let keystore = self.keystore(Failure::Never).unwrap();
        let snapshot = keystore.read().unwrap();
        let mut certificates = BTreeMap::new();
        for server in snapshot.servers().unwrap() {
            for (key, entry) in snapshot.server(&server).unwrap().keys(&server) {
                let summary = entry.current.as_ref().map(|current| &current.installed.summary);
                certificates.extend(summary.map(|it| (key, (it.fingerprint, it.not_after.unix()))));
            }
        }
        certificates
    }

    /// What services read, by the folder; every pair is whole.
    fn check_served(&self) {
        let now = self.now.load(Ordering::Relaxed);
        let view = self.machine.view().unwrap();
        let keystore = self.keystore(Failure::Never).unwrap();
        assert_eq!(view.served.len(), SERVERS * KEYS);
        let snapshot = keystore.read().unwrap();
        for server in snapshot.servers().unwrap() {
            for endpoint in snapshot.live_endpoints(&server).unwrap() {
                let leaf = snapshot.published_certificate(&endpoint).unwrap().unwrap();
                let leaf = &keystore::pki::read_certificates(&leaf).unwrap()[0];
                assert!(leaf.not_after().unix() > now, "{endpoint} serves an expired certificate");
            }
        }
    }
}

#[test]
fn a_year_of_renewals_loses_nothing_and_lets_nothing_expire() {
    let mut simulation = Simulation {
        machine: Machine::new(),
        now: Arc::new(AtomicI64::new(NOW)),
        books: Arc::default(),
        random: StdRng::seed_from_u64(47),
        most: 1,
    };
    house(&simulation);
    let begun = simulation.books.lock().unwrap().orders.len();
    let mut certificates = simulation.certificates();
    let (mut kills, mut losses, mut renewals) = (0, 0, 0);
    for hour in 0..HOURS {
        let now = simulation.now.fetch_add(HOUR, Ordering::Relaxed) + HOUR;
        if simulation.random.random_bool(0.05) {
            kills += 1;
            let at = simulation.random.random_range(0..simulation.most);
            let _killed = simulation.renew(Failure::Crash(at));
            if simulation.random.random_bool(0.3) {
                losses += 1;
                let lost: Vec<_> = simulation.machine.losses(false).collect();
                let which = simulation.random.random_range(0..lost.len());
                simulation.machine = lost.into_iter().nth(which).unwrap().1;
            }
        } else {
            simulation.renew(Failure::Never).unwrap();
        }
        // no key is renewed twice in so short a time
        if hour % 6 == 5 {
            let found = simulation.certificates();
            assert_eq!(found.len(), SERVERS * KEYS, "a key was lost before hour {hour}");
            assert!(found.values().all(|(_, end)| *end > now), "a certificate expired before hour {hour}");
            renewals += found.iter().filter(|(key, certificate)| certificates.get(key) != Some(*certificate)).count();
            certificates = found;
        }
        if hour % (30 * 24) == 0 {
            prune(&simulation.keystore(Failure::Never).unwrap(), &keep_no_keys(1)).unwrap();
            simulation.check_served();
            simulation.machine.sync();
        }
    }
    simulation.check_served();
    // what was cut off, private keys that nobody was told of, is mended without loss
    simulation.machine.run(&mending(), Failure::Never).0.unwrap();
    let diagnosis = simulation.machine.diagnosis();
    assert!(diagnosis.is_sound(), "{:?}", diagnosis.findings);
    let orders = simulation.books.lock().unwrap().orders.len() - begun;
    println!("{renewals} renewals, {orders} orders, {kills} runs killed, {losses} losses of power");
    assert!(kills > 300 && losses > 50 && renewals > 1500);
    // one for each certificate, and for those that are on their way
    let keystore = simulation.keystore(Failure::Never).unwrap();
    let open = submitted(&keystore.read().unwrap(), &[]).unwrap().len();
    assert_eq!(orders, renewals + open);
}
