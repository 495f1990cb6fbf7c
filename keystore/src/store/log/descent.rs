//! The way down the log.

use super::{Head, Record, read};
use crate::digest::Digest;
use crate::model::Generation;
use crate::store::format::damaged;
use crate::store::{Base, Disk, StoreError, layout};

/// One step down the log.
pub(in crate::store) struct Step {
    pub(in crate::store) record: Record,
    pub(in crate::store) hash: Digest,
    /// SHA-256 of the record's file.
    pub(in crate::store) file: Digest,
}

/// The way down the log, newest first: from the head back along the hashes by which each record names the one
/// before, down to the first record or the base that stands in for those cut off.
pub(in crate::store) struct Descent<'d> {
    disk: &'d dyn Disk,
    base: Option<Base>,
    generation: Generation,
    wanted: Option<Digest>,
}

impl<'d> Descent<'d> {
    pub(in crate::store) fn from(disk: &'d dyn Disk, head: &Head) -> Result<Self, StoreError> {
        Ok(Self { disk, base: Base::load(disk)?, generation: head.generation, wanted: head.hash })
    }

    fn step(&mut self) -> Result<Option<Step>, StoreError> {
        loop {
            if self.generation == Generation::EMPTY {
                return Ok(None);
            }
            if let Some(base) = self.base.as_ref().filter(|base| base.covers(self.generation)) {
                // One that was cut further while this went down has another hash.
                let is_parent = base.through == self.generation;
                return if is_parent { base.check_parent(self.disk, self.wanted).map(|()| None) } else { Ok(None) };
            }
            match read(self.disk, self.generation)? {
                Some(step) => return self.descend(step).map(Some),
                None => self.look_for_new_base()?,
            }
        }
    }

    /// What stands in for the records below the last one that was returned.
    pub(in crate::store) fn base(self) -> Result<Option<Base>, StoreError> {
        match self.base.filter(|base| base.covers(self.generation)) {
            // Some of those that were returned have been cut off since.
            Some(base) if base.through > self.generation => Err(base.refuse(self.generation.next())),
            base => Ok(base.filter(|base| base.through > Generation::EMPTY)),
        }
    }

    fn descend(&mut self, step: Step) -> Result<Step, StoreError> {
        if self.wanted != Some(step.hash) {
            let wanted = self.wanted.map_or_else(|| "none".to_owned(), |wanted| wanted.to_string());
            let reason =
                format!("its record has the hash {}, the one after it names {wanted} as its parent", step.hash);
            return Err(damaged(self.disk, &layout::commit(self.generation), reason));
        }
        (self.generation, self.wanted) = (Generation(self.generation.0 - 1), step.record.parent);
        Ok(step)
    }

    /// A record that is not there may have been cut off since this began.
    fn look_for_new_base(&mut self) -> Result<(), StoreError> {
        match Base::load(self.disk)? {
            Some(base) if base.covers(self.generation) => self.base = Some(base),
            _ => return Err(damaged(self.disk, &layout::commit(self.generation), "it is missing")),
        }
        Ok(())
    }
}

impl Iterator for Descent<'_> {
    type Item = Result<Step, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
