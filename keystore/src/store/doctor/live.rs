//! What the services of one server read, against what was committed.

use super::super::layout::{self, PASSAGE, PRIVATE_FILE, PUBLIC_FILE, StorePath};
use super::super::{install, live};
use super::finding::{Code, Finding};
use super::known::{Known, Wanted};
use super::look::{Belongs, Look, Published};
use super::remedy::Remedy;
use crate::model::{FileMode, Generation};
use crate::name::{Endpoint, Protocol, ServerName, ServicePath};

/// Looks at a server's folder under `live/`.
pub(super) fn examine(look: &mut Look<'_>, server: &ServerName, known: &Known) {
    let folder = layout::live().join(server.as_str());
    let a_folder = Belongs::Folder(PASSAGE);
    let protocols = look.survey(&folder, |name| name.parse::<Protocol>().is_ok().then_some(a_folder));
    let mut seen = Vec::new();
    for protocol in protocols.iter().filter_map(|name| name.parse::<Protocol>().ok()) {
        let service = ServicePath { server: server.clone(), protocol };
        let folder = folder.join(service.protocol.as_str());
        let addresses = look.survey(&folder, |name| layout::folder_address(name).is_some().then_some(a_folder));
        let addresses = addresses.iter().filter_map(|name| layout::folder_address(name));
        seen.extend(addresses.map(|address| Endpoint { service: service.clone(), address }));
    }
    for endpoint in &seen {
        examine_endpoint(look, endpoint, known);
    }
    for (endpoint, wanted) in known.wanted.iter().flatten().filter(|(endpoint, _)| endpoint.server() == server) {
        look.counts.endpoints += 1;
        if !seen.contains(endpoint) {
            unpublished(look, endpoint, wanted, wanted.committed);
        }
    }
}

fn examine_endpoint(look: &mut Look<'_>, endpoint: &Endpoint, known: &Known) {
    let folder = layout::live_endpoint(endpoint);
    let current = layout::live_current(endpoint).name();
    let names = look.survey(&folder, |name| {
        if name == current {
            return Some(Belongs::Link);
        }
        layout::live_number(name).is_some().then_some(Belongs::Folder(PASSAGE))
    });
    let target = look.disk.read_link(&layout::live_current(endpoint)).ok();
    for version in names.iter().filter(|name| **name != current) {
        let is_current = target.as_ref() == Some(version);
        let published = layout::live_number(version).map(|(generation, _)| generation).filter(|_| is_current);
        let belongs = |name: &str| {
            live::is_secret(name).map(|is_secret| Belongs::Published(allowed(known, endpoint, published, is_secret)))
        };
        look.survey(&folder.join(version), belongs);
    }
    if known.in_hand.contains(endpoint) {
        return;
    }
    let wanted = known.wanted.as_ref().and_then(|wanted| wanted.get(endpoint));
    for version in names.iter().filter(|name| **name != current && target.as_ref() != Some(*name)) {
        for fault in live::faults(look.disk, &folder.join(version), None) {
            let advice = "nothing reads it; the next publication removes it";
            found(look, Code::LiveOld, endpoint, &folder.join(version), fault, advice.to_owned());
        }
    }
    match (target, wanted) {
        (Some(target), _) if layout::live_number(&target).is_none() || !names.contains(&target) => {
            let message = format!("it leads to {target:?}, which is no version of this endpoint");
            let fault = live::Fault { files: Vec::new(), reason: message };
            let (code, advice) = remedy(endpoint, wanted, known);
            found(look, code, endpoint, &layout::live_current(endpoint), fault, advice);
        }
        (Some(target), wanted) => examine_current(look, endpoint, &target, wanted, known),
        (None, Some(wanted)) => unpublished(look, endpoint, wanted, wanted.committed),
        (None, None) => {}
    }
}

/// What a version's file may be, as the settings of its service say. `published` is the generation that the version is
/// from, when services read it: nobody knows any more what was said when an earlier one was made, nor of an endpoint
/// that has become free. Which account a name in the settings means is not the library's to know, and neither is what a
/// profile adds to what they say.
fn allowed(known: &Known, endpoint: &Endpoint, published: Option<Generation>, is_secret: bool) -> Published {
    let committed = known.settings.get(&endpoint.service);
    let since = committed.map(|it| it.since).or_else(|| known.unsaid.get(&endpoint.service).copied());
    let is_by_them = is_bound(known, endpoint) && published.is_some_and(|published| Some(published) >= since);
    let mode = committed.filter(|_| is_by_them).and_then(|it| it.settings.mode);
    let is_plain = known.wanted.is_some() && committed.is_none() && is_by_them;
    Published {
        mode: if is_secret { mode.map_or(PRIVATE_FILE, FileMode::bits) } else { PUBLIC_FILE },
        may_differ: is_secret && mode.is_none() && !is_plain,
        may_be_given: !is_plain,
    }
}

/// Whether an endpoint is bound, for all that is known.
fn is_bound(known: &Known, endpoint: &Endpoint) -> bool {
    known.bound.contains(endpoint) || known.wanted.as_ref().is_none_or(|wanted| wanted.contains_key(endpoint))
}

/// The generation that took back what was said of a service, where an endpoint's files are still as that was.
fn left_as_said(look: &Look<'_>, known: &Known, endpoint: &Endpoint, version: &StorePath) -> Option<Generation> {
    let unsaid = known.unsaid.get(&endpoint.service).filter(|_| !known.settings.contains_key(&endpoint.service))?;
    // what can't be looked at has been found
    (!live::is_plain(look.disk, version).unwrap_or(true)).then_some(*unsaid)
}

/// Looks at what an endpoint's service reads.
fn examine_current(look: &mut Look<'_>, endpoint: &Endpoint, version: &str, wanted: Option<&Wanted>, known: &Known) {
    let published = layout::live_number(version).map_or(Generation::EMPTY, |(generation, _)| generation);
    if published > known.head {
        let message = format!("it was published with generation {published}, the newest record is of {}", known.head);
        let finding = Finding::new(Code::LogCut, layout::live_current(endpoint), message);
        look.found(finding.at(endpoint).in_generation(published).mended_by(Remedy::Backup));
        return;
    }
    let folder = layout::live_version(endpoint, version);
    let behind = wanted.and_then(|wanted| {
        let unsaid = left_as_said(look, known, endpoint, &folder).unwrap_or_default();
        let committed = wanted.committed.max(unsaid);
        (published < committed).then_some((wanted, committed))
    });
    let expected = wanted.filter(|wanted| published >= wanted.committed).map(|wanted| &wanted.expected);
    let (code, advice) = remedy(endpoint, wanted, known);
    for fault in live::faults(look.disk, &folder, expected) {
        found(look, code, endpoint, &folder, fault, advice.clone());
    }
    if expected.is_some() {
        examine_installed(look, endpoint, &folder, known);
    }
    if let Some((wanted, committed)) = behind {
        unpublished(look, endpoint, wanted, committed);
    } else if known.wanted.is_some() && wanted.is_none() && !known.bound.contains(endpoint) {
        let message = format!("{endpoint} is bound to nothing, and its files are still there");
        let finding = Finding::new(Code::LeftOver, layout::live_endpoint(endpoint), message).at(endpoint);
        look.found(finding.mended_by("remove them when no service reads them any more"));
    }
}

/// Looks at the files of an endpoint outside the keystore: what was committed is published, and these with it.
fn examine_installed(look: &mut Look<'_>, endpoint: &Endpoint, version: &StorePath, known: &Known) {
    let (Some(placing), Some(committed)) = (known.placing, known.settings.get(&endpoint.service)) else { return };
    for fault in install::faults(look.disk, version, &placing(endpoint, &committed.settings)) {
        let finding = Finding::new(Code::InstalledDiffers, layout::live_endpoint(endpoint), fault).at(endpoint);
        look.found(finding.mended_by(format!("`keyring publish {}` puts it there anew", endpoint.service)));
    }
}

/// What becomes of files that are not what they must be.
fn remedy(endpoint: &Endpoint, wanted: Option<&Wanted>, known: &Known) -> (Code, String) {
    if known.wanted.is_some() && wanted.is_none() {
        (Code::LiveOld, format!("{endpoint} is bound to nothing: remove them when no service reads them any more"))
    } else {
        (Code::LiveDiffers, format!("`keyring publish {}` writes its files anew", endpoint.service))
    }
}

fn found(look: &mut Look<'_>, code: Code, endpoint: &Endpoint, folder: &StorePath, fault: live::Fault, advice: String) {
    let finding = Finding::new(code, folder.clone(), fault.reason).at(endpoint).mended_by(advice);
    let files: Vec<_> = fault.files.into_iter().map(|form| folder.join(form.file_name())).collect();
    look.found(if files.is_empty() { finding } else { Finding { paths: files, ..finding } });
}

fn unpublished(look: &mut Look<'_>, endpoint: &Endpoint, Wanted { key, .. }: &Wanted, committed: Generation) {
    let message = format!("{endpoint} is committed in generation {committed} and not published");
    let finding = Finding::new(Code::Unpublished, layout::live_endpoint(endpoint), message);
    let finding = finding.at(endpoint).of_key(key).in_generation(committed);
    look.found(finding.mended_by(format!("`keyring publish {}`", endpoint.service)));
}
