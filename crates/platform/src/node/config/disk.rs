//! `[disk]`: what a node that serves pages keeps free for the day when the disk is full.

use super::NodeError;
use super::section::Section;

/// The most that is kept free, in MiB.
const MOST: u32 = 1 << 20;

/// What is kept free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskAt {
    /// In MiB; 0 is nothing, and then nothing becomes read-only either.
    pub reserve: u32,
}

impl Default for DiskAt {
    fn default() -> Self {
        Self { reserve: 64 }
    }
}

impl DiskAt {
    /// The same in bytes.
    pub fn bytes(self) -> u64 {
        u64::from(self.reserve) << 20
    }

    pub(super) fn read(section: Option<Section<'_>>) -> Result<Self, NodeError> {
        let mut disk = Self::default();
        let Some(mut section) = section else {
            return Ok(disk);
        };
        if let Some(said) = section.number("reserve_mib")? {
            disk.reserve = u32::try_from(said)
                .ok()
                .filter(|mib| *mib <= MOST)
                .ok_or_else(|| {
                    section.wrong(
                        "reserve_mib",
                        &format!("reserve_mib 应为 0 至 {MOST} MiB"),
                        &format!("reserve_mib is from 0 to {MOST} MiB"),
                    )
                })?;
        }
        section.end()?;
        Ok(disk)
    }

    /// The setting as a section of the file; nothing where it is as it would be without.
    pub(super) fn text(self) -> String {
        if self == Self::default() {
            return String::new();
        }
        format!("\n[disk]\nreserve_mib = {}\n", self.reserve)
    }
}
