//! What is not of one server: the configuration, the stage, an interrupted commit, the hint for the newest record.

use super::super::intent::Intent;
use super::super::keystore::folders;
use super::super::layout::{self, PRIVATE_FILE, PRIVATE_FOLDER, StorePath};
use super::super::readings::{FaultKind, ReadingFault, Trail};
use super::super::{Config, DiskError, StoreError, attempt, authorities, format, staged, told};
use super::finding::{Code, Finding};
use super::history::{History, stands};
use super::known::{Known, Source};
use super::look::{Belongs, Look, Seen, UNREADABLE};
use super::remedy::{Remedy, Repair};
use super::{account, local_ca};
use crate::change::{Change, ChangeSet};
use crate::model::{Generation, Mark};
use crate::name::AuthorityName;

/// Looks at everything that is not of one server. `is_locked` says that the caller holds the lock for publishing.
pub(super) fn examine(look: &mut Look<'_>, expected: Option<Mark>, is_locked: bool) -> Known {
    let mut known = Known::default();
    survey(look);
    check_intent(look, &mut known, is_locked);
    let history = History::read(look, &mut known);
    history.check(look, expected);
    check_config(look, &history);
    check_head_hint(look, &known);
    check_told(look);
    check_attempts(look);
    check_authorities(look);
    check_readings(look);
    check_stage(look, &mut known, &history);
    known
}

fn survey(look: &mut Look<'_>) {
    let ours = folders();
    // The last one where a backup was unpacked by hand.
    let files = [
        layout::config(),
        layout::stage(),
        layout::intent(),
        layout::to_be_told(),
        layout::lock(),
        layout::publish_lock(),
        layout::manifest(),
    ];
    look.survey(&StorePath::root(), |name| {
        let path = StorePath::root().join(name);
        let folder = ours.iter().find(|(folder, _)| *folder == path).map(|(_, mode)| Belongs::Folder(*mode));
        let aside = || {
            let is_one =
                [layout::set_aside(), layout::attempts(), layout::authorities(), layout::audit()].contains(&path);
            is_one.then_some(Belongs::Folder(PRIVATE_FOLDER))
        };
        folder.or_else(aside).or_else(|| files.contains(&path).then_some(Belongs::File(PRIVATE_FILE)))
    });
    for (path, mode) in ours {
        if !stands(look.disk, &path) {
            let finding = Finding::new(Code::FolderMissing, path.clone(), "it is missing, with all that was in it");
            look.found(finding.mended_by(Repair::MakeFolder { path, mode }));
        }
    }
    let aside = look.disk.names(&layout::set_aside()).map_or(0, |names| names.len());
    if aside > 0 {
        let message = "something was set aside: by a repair, or by `create-ca`";
        look.found(
            Finding::new(Code::SetAside, layout::set_aside(), message).mended_by("remove it when nobody needs it"),
        );
    }
}

fn check_config(look: &mut Look<'_>, history: &History) {
    let path = layout::config();
    let id = history.keystore().map(str::to_owned);
    let bytes = match look.read(&path) {
        Seen::Bytes(bytes) => bytes,
        Seen::Missing => {
            let finding = Finding::new(Code::ConfigMissing, path, "it is missing");
            return look.found(finding.mended_by(Repair::WriteConfig { id }));
        }
        Seen::Unreadable => return,
    };
    let header = Config::header(&bytes).filter(|(format, id)| *format > 0 && !id.is_empty());
    match (header, Config::parse(look.disk, &bytes)) {
        (None, parsed) => {
            let message = parsed.err().map_or_else(|| "it has no format or no id".to_owned(), StoreError::reason);
            look.found(Finding::new(Code::ConfigDamaged, path, message).mended_by(Repair::WriteConfig { id }));
        }
        (Some(_), Err(error)) => {
            let finding = Finding::new(Code::ConfigDamaged, path, error.reason());
            look.found(finding.mended_by("mend it with an editor"));
        }
        (Some((_, found)), Ok(_)) => {
            if let Some(id) = id.filter(|id| *id != found) {
                let message = format!("it says that this is the keystore {found}; the log is of {id}");
                let advice = format!("if the log is right, put `id = \"{id}\"` there");
                look.found(Finding::new(Code::ConfigDiffers, path, message).mended_by(advice));
            }
        }
    }
}

/// An intent says that a commit was under way: interrupted, unless somebody holds the lock for publishing.
fn check_intent(look: &mut Look<'_>, known: &mut Known, is_locked: bool) {
    let path = layout::intent();
    if !stands(look.disk, &path) {
        return;
    }
    known.is_committing = true;
    // Its record and its state come before anything reaches them.
    look.in_hand = vec![layout::commits(), layout::state()];
    let intent = Intent::load(look.disk);
    if let Ok(Some(intent)) = &intent {
        known.in_hand = intent.switches.iter().map(|switch| switch.endpoint.clone()).collect();
    }
    // Held for a moment: nothing is written, not even by whom.
    if !is_locked && matches!(look.disk.lock(&layout::publish_lock()), Ok(None)) {
        let finding = Finding::new(Code::CommitRuns, path, "a commit runs; what it has in hand is not judged");
        return look.found(finding.mended_by("run this again when it is done"));
    }
    let finding = match intent {
        Ok(None) => return,
        Ok(Some(Intent { generation, .. })) => {
            let message = format!("the commit of generation {generation} was interrupted");
            let finding = Finding::new(Code::CommitInterrupted, path, message).in_generation(generation);
            finding.mended_by(Repair::Recover)
        }
        Err(StoreError::Disk(DiskError { source, .. })) => return look.unreadable(&path, &source),
        Err(error) => {
            let message = format!("it should say which commit was interrupted: {}", error.reason());
            Finding::new(Code::IntentDamaged, path.clone(), message).mended_by(Repair::SetAside { path })
        }
    };
    look.found(finding);
}

/// Services that nobody has told yet what a recovery left them.
fn check_told(look: &mut Look<'_>) {
    let path = layout::to_be_told();
    let finding = match told::load(look.disk) {
        Ok(services) if services.is_empty() => return,
        Ok(services) => {
            let names: Vec<_> = services.iter().map(ToString::to_string).collect();
            let message = format!("{} may still run on what was taken back", names.join(", "));
            Finding::new(Code::NotTold, path, message).mended_by(format!("`keyring publish {}`", names.join(" ")))
        }
        Err(StoreError::Disk(DiskError { source, .. })) => return look.unreadable(&path, &source),
        Err(error) => {
            let message = format!("it should say which services run on what was taken back: {}", error.reason());
            Finding::new(Code::ToldDamaged, path.clone(), message).mended_by(Repair::SetAside { path })
        }
    };
    look.found(finding);
}

/// How earlier attempts to publish went: nothing rests on it.
fn check_attempts(look: &mut Look<'_>) {
    let belongs = |name: &str| layout::commit_generation(name).map(|_| Belongs::File(PRIVATE_FILE));
    for name in look.survey(&layout::attempts(), belongs) {
        let Some(generation) = layout::commit_generation(&name) else { continue };
        let path = layout::attempts().join(&name);
        match attempt::check(look.disk, generation) {
            Ok(()) => {}
            Err(StoreError::Disk(DiskError { source, .. })) => look.unreadable(&path, &source),
            Err(error) => {
                let finding =
                    Finding::new(Code::AttemptDamaged, path.clone(), error.reason()).in_generation(generation);
                look.found(finding.mended_by(Repair::SetAside { path }));
            }
        }
    }
}

/// Who read private keys: every entry with its hash, its number and the entry before it.
fn check_readings(look: &mut Look<'_>) {
    let belongs = |name: &str| layout::reading_number(name).map(|_| Belongs::File(PRIVATE_FILE));
    let names = look.survey(&layout::audit(), belongs);
    let trail = Trail::along(look.disk, names.iter().filter_map(|name| layout::reading_number(name)));
    for ReadingFault { path, reason, kind } in trail.faults {
        let (code, remedy) = match kind {
            FaultKind::Missing => (Code::ReadingMissing, Remedy::Backup),
            FaultKind::Changed => (Code::ReadingDamaged, Remedy::Backup),
            FaultKind::Unreadable => (Code::Unreadable, UNREADABLE.into()),
        };
        look.found(Finding::new(code, path, reason).mended_by(remedy));
    }
}

/// What is said of authorities, and what their kinds keep.
fn check_authorities(look: &mut Look<'_>) {
    let is_one = |name: &str| name.parse::<AuthorityName>().is_ok().then_some(Belongs::Folder(PRIVATE_FOLDER));
    for name in look.survey(&layout::authorities(), is_one) {
        let Ok(name) = name.parse::<AuthorityName>() else { continue };
        let path = layout::authority_settings(&name);
        look.survey(&layout::authority(&name), |file| {
            local_ca::belongs(&name, file).or_else(|| account::belongs(&name, file))
        });
        account::check(look, &name);
        match authorities::load(look.disk, &name) {
            Ok(authority) => local_ca::check(look, &name, authority.as_ref().map(|authority| &authority.settings)),
            Err(StoreError::Disk(DiskError { source, .. })) => look.unreadable(&path, &source),
            Err(error) => {
                let message = format!("what is said of {name} is lost: {}", error.reason());
                if local_ca::remains(look, &name) {
                    // Set aside, it would no longer be told that the private keys have lost what names them.
                    local_ca::damaged(look, path, message);
                    continue;
                }
                let finding = Finding::new(Code::AuthorityDamaged, path.clone(), message);
                look.found(finding.mended_by(Repair::SetAside { path }));
            }
        }
    }
}

/// The hint is written after each record: a number beyond the newest one tells of records that are gone.
fn check_head_hint(look: &mut Look<'_>, known: &Known) {
    let path = layout::head_hint();
    let seen = look.read(&path);
    if matches!(seen, Seen::Unreadable) || known.is_committing {
        return;
    }
    let text = seen.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let hinted = text.and_then(|text| text.trim().parse().ok()).map(Generation);
    match hinted {
        Some(hinted) if hinted > known.head => {
            let message = format!("it names generation {hinted}, and the newest record is of {}", known.head);
            let finding = Finding::new(Code::LogCut, path, message).in_generation(hinted);
            let advice = "records were removed, or this file was changed: compare with a backup or with what `keyring \
                          log --head` printed; if nothing is missing, remove this file";
            look.found(finding.mended_by(advice));
        }
        Some(hinted) if hinted == known.head => {}
        None if seen.is_missing() && known.head == Generation::EMPTY => {}
        _ => {
            let message = format!("it does not name the newest record, {}", known.head);
            look.found(Finding::new(Code::HeadStale, path, message).mended_by(Repair::WriteHead));
        }
    }
}

fn check_stage(look: &mut Look<'_>, known: &mut Known, history: &History) {
    let path = layout::stage();
    let bytes = match look.read(&path) {
        Seen::Bytes(bytes) => bytes,
        Seen::Missing | Seen::Unreadable => return,
    };
    let stage = match staged::parse(look.disk, Some(&bytes)) {
        Ok(stage) => stage,
        Err(error) => {
            let message = format!("what was staged is lost: {}", error.reason());
            let finding = Finding::new(Code::StageDamaged, path.clone(), message);
            return look.found(finding.mended_by(Repair::SetAside { path }));
        }
    };
    for set in &stage.sets {
        match history.change_sets.get(&set.id) {
            Some(_) if known.is_committing => {}
            Some(generation) => {
                let message = format!("its change set {} took effect with generation {generation}", set.id);
                let finding = Finding::new(Code::StageRecorded, path.clone(), message).in_generation(*generation);
                look.found(finding.mended_by(Repair::DropRecorded { sets: vec![set.id.clone()] }));
            }
            None => check_changes(look, known, set),
        }
    }
}

fn check_changes(look: &mut Look<'_>, known: &mut Known, set: &ChangeSet) {
    for change in &set.changes {
        known.name_by(change, Source::Stage);
        let (key, missing) = match change {
            Change::Bind { key, .. } => (key, vec![layout::key(key)]),
            Change::CopyKey { to, versions, .. } => {
                (to, versions.iter().map(|version| layout::version(to, *version)).collect())
            }
            _ => continue,
        };
        for path in missing.into_iter().filter(|path| !stands(look.disk, path)) {
            let message = format!("{} is not there, and is staged", path.as_path().display());
            let finding = Finding::new(Code::StageDangling, layout::stage(), message).and(path).of_key(key);
            look.found(finding.mended_by(format!("`keyring discard {key}`, or restore the key from a backup")));
        }
    }
}

/// Whether the keystore can be judged by this program at all.
pub(super) fn newer_format(bytes: &[u8]) -> Option<u32> {
    Config::header(bytes).map(|(format, _)| format).filter(|found| *found > format::VERSION)
}
