//! Registers to compare with: companies, officials, the dead … Somebody answers for each, with purpose, legal basis and
//! a last day. The rows are hashed as they are read, sealed in the vault under a key of their own, and read by rules
//! alone; the ledger says whose a register is and each use of it, and never a row.

mod confided;
mod event;
mod keep;
mod rows;
mod tables;
mod used;

use jiff::civil::Date;
use kandeng_platform::{Aggregate, Context, Decide, Decision, Refusal};
use uuid::Uuid;

pub use confided::{Confided, OF_COMPANIES, OF_PEOPLE};
pub use event::{Over, RegisterEvent};
pub use keep::{RegisterError, bring_in, keep_time, take_out};
pub(crate) use rows::opened;
pub use rows::{MOST_ROWS, Rows, read};
pub use tables::{Basis, InForce, RegisterTables, basis_of, in_force, listed};
pub(crate) use used::UseRegisters;
pub use used::{RegisterUse, RegisterUseEvent, Used};

/// The registers that a node takes, by the names of their tables. Other tables that rules may miss are the platform's
/// own.
pub const KINDS: [&str; 7] = [
    "divisions",
    "companies",
    "officials",
    "relatives",
    "deceased",
    "eligible",
    "programmes",
];

/// The register that is off until the county states what allows it.
pub const OFF_WITHOUT_BASIS: &str = "relatives";

/// The most characters of a purpose or a basis.
pub const MOST_TEXT: usize = 500;

/// The most years that a register stays.
const MOST_YEARS: i16 = 3;

/// The stream of a kind: there is one of each in a ledger. Nothing for what is no kind.
pub fn register_id(kind: &str) -> Option<Uuid> {
    let place = KINDS.iter().position(|known| *known == kind)?;
    Some(Uuid::from_u128(
        0x6b61_6e64_656e_8067_8000_7265_6769_7300 + place as u128,
    ))
}

/// A kind of register, as its stream tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    /// The upload in force.
    pub in_force: Option<Uuid>,
    /// Its last day.
    pub expires: Option<Date>,
    /// Uploads that were begun and not ended.
    pub begun: Vec<Uuid>,
    /// What allows it, where it was stated.
    pub basis: Option<String>,
}

impl Aggregate for Register {
    const STREAM: &'static str = "register";
    type Event = RegisterEvent;

    fn apply(&mut self, event: RegisterEvent) {
        match event {
            RegisterEvent::RegisterUploadBegun { upload, .. } => self.begun.push(upload),
            RegisterEvent::RegisterUploaded {
                upload, expires, ..
            } => {
                self.begun.retain(|begun| *begun != upload);
                self.in_force = Some(upload);
                self.expires = Some(expires);
            }
            RegisterEvent::RegisterDeleted { upload, .. } => {
                self.begun.retain(|begun| *begun != upload);
                if self.in_force == Some(upload) {
                    self.in_force = None;
                    self.expires = None;
                }
            }
            RegisterEvent::RegisterBasisStated { basis, .. } => self.basis = Some(basis),
            RegisterEvent::RegisterUsed { .. } => {}
        }
    }
}

/// Whose it is, what for, what allows it, and until when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// What it is for.
    pub purpose: String,
    /// What allows it.
    pub basis: String,
    /// The last day on which it is there.
    pub expires: Date,
}

/// Begin to store rows: whatever is left of an upload that was cut off can be found, and is deleted.
#[derive(Clone, Debug)]
pub(crate) struct BeginUpload {
    pub register: String,
    pub upload: Uuid,
    pub today: Date,
    pub terms: Terms,
}

/// Take the rows that were stored, in place of those before.
#[derive(Clone, Debug)]
pub(crate) struct TakeUpload {
    pub begun: BeginUpload,
    pub rows: usize,
    pub file: String,
    pub rows_at: Uuid,
}

/// Delete an upload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeleteUpload {
    pub upload: Uuid,
    pub why: Over,
}

/// State what allows a register that is off without.
#[derive(Clone, Debug)]
pub struct StateBasis {
    /// What allows it.
    pub basis: String,
}

fn written(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MOST_TEXT {
        return Err(Refusal::new(
            "register-terms",
            format!("用途和依据都须写明,各不超过 {MOST_TEXT} 字"),
            format!("purpose and basis are needed, each of at most {MOST_TEXT} characters"),
        ));
    }
    Ok(text.to_owned())
}

impl Register {
    fn may_begin(&self, begin: &BeginUpload) -> Result<Terms, Refusal> {
        if begin.register == OFF_WITHOUT_BASIS && self.basis.is_none() {
            return Err(Refusal::new(
                "register-off",
                "亲属登记未启用:须先由管理员写明本县的依据",
                "relatives are off until an administrator states the county's basis",
            ));
        }
        let terms = &begin.terms;
        let last = begin
            .today
            .saturating_add(jiff::Span::new().years(MOST_YEARS));
        if terms.expires < begin.today || terms.expires > last {
            return Err(Refusal::new(
                "register-expiry",
                format!("到期日须在今天之后、{MOST_YEARS} 年之内"),
                format!("the last day lies between today and {MOST_YEARS} years from now"),
            ));
        }
        Ok(Terms {
            purpose: written(&terms.purpose)?,
            basis: written(&terms.basis)?,
            expires: terms.expires,
        })
    }
}

impl Decide<BeginUpload> for Register {
    fn decide(&self, begin: BeginUpload, _: &Context) -> Result<Decision<RegisterEvent>, Refusal> {
        self.may_begin(&begin)?;
        Ok(RegisterEvent::RegisterUploadBegun {
            register: begin.register,
            upload: begin.upload,
        }
        .into())
    }
}

impl Decide<TakeUpload> for Register {
    fn decide(&self, take: TakeUpload, cx: &Context) -> Result<Decision<RegisterEvent>, Refusal> {
        let TakeUpload {
            begun,
            rows,
            file,
            rows_at,
        } = take;
        let terms = self.may_begin(&begun)?;
        if !self.begun.contains(&begun.upload) {
            return Err(Refusal::new(
                "register-cut-off",
                "上传中断得太久,请重新上传",
                "the upload was cut off too long ago; send it again",
            ));
        }
        let mut events = Vec::new();
        if let Some(before) = self.in_force {
            events.push(RegisterEvent::RegisterDeleted {
                register: begun.register.clone(),
                upload: before,
                why: Over::Replaced,
            });
        }
        events.push(RegisterEvent::RegisterUploaded {
            register: begun.register,
            upload: begun.upload,
            owner: cx.actor,
            purpose: terms.purpose,
            basis: terms.basis,
            expires: terms.expires,
            rows,
            file,
            rows_at,
        });
        Ok(Decision::of(events))
    }
}

/// A register's name, in what is decided on its stream.
#[derive(Clone, Debug)]
pub(crate) struct Of<T>(pub String, pub T);

impl Decide<Of<DeleteUpload>> for Register {
    fn decide(
        &self,
        Of(register, delete): Of<DeleteUpload>,
        _: &Context,
    ) -> Result<Decision<RegisterEvent>, Refusal> {
        let DeleteUpload { upload, why } = delete;
        // Deleted already, by another node or another click.
        if self.in_force != Some(upload) && !self.begun.contains(&upload) {
            return Ok(Decision::of([]));
        }
        Ok(RegisterEvent::RegisterDeleted {
            register,
            upload,
            why,
        }
        .into())
    }
}

impl Decide<StateBasis> for Register {
    fn decide(&self, state: StateBasis, _: &Context) -> Result<Decision<RegisterEvent>, Refusal> {
        Ok(RegisterEvent::RegisterBasisStated {
            register: OFF_WITHOUT_BASIS.to_owned(),
            basis: written(&state.basis)?,
        }
        .into())
    }
}
