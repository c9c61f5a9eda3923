//! What people may be asked whether they may do it.

use crate::account::Scope;

macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal on $kinds:expr;)+) => {
        /// Something that somebody does. The names are those of the policies.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Action {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name that policies know it by.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// On what it is done.
            pub const fn kinds(self) -> &'static [Kind] {
                match self {
                    $(Self::$variant => $kinds,)+
                }
            }
        }
    };
}

/// What something is that is acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A filing.
    Project,
    /// A finding.
    Flag,
    /// What is worked on.
    Case,
    /// A question to a filer.
    Question,
    /// A table to compare with.
    Register,
    /// Somebody's account.
    Account,
    /// A jurisdiction as a whole.
    Desk,
}

impl Kind {
    /// The type that policies know it by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Project => "Project",
            Self::Flag => "Flag",
            Self::Case => "Case",
            Self::Question => "Question",
            Self::Register => "Register",
            Self::Account => "Account",
            Self::Desk => "Desk",
        }
    }
}

actions! {
    /// Read a filing.
    ViewProject = "view-project" on &[Kind::Project];
    /// File a new project.
    FileProject = "file-project" on &[Kind::Project];
    /// Change items of a filing.
    ChangeItems = "change-items" on &[Kind::Project];
    /// Add photos and papers.
    UploadEvidence = "upload-evidence" on &[Kind::Project];
    /// Erase a photo or a paper for good that no item names any more.
    EraseFile = "erase-file" on &[Kind::Project];
    /// Sign a category for the village.
    SubmitCategory = "submit-category" on &[Kind::Project];
    /// Sign it for the township.
    ReviewCategory = "review-category" on &[Kind::Project];
    /// Sign it for the line department.
    AcceptCategory = "accept-category" on &[Kind::Project];
    /// Return it with a reason.
    ReturnCategory = "return-category" on &[Kind::Project];
    /// Take a project back that was filed in error.
    WithdrawProject = "withdraw-project" on &[Kind::Project];
    /// See a flag and why.
    ViewFlag = "view-flag" on &[Kind::Flag];
    /// Find nothing to it.
    DismissFlag = "dismiss-flag" on &[Kind::Flag];
    /// Disagree with somebody who would dismiss it.
    DeclineDismissal = "decline-dismissal" on &[Kind::Flag];
    /// Find it to be so.
    ConfirmFlag = "confirm-flag" on &[Kind::Flag];
    /// Look at one whose rule changed.
    ReviewFlag = "review-flag" on &[Kind::Flag];
    /// Ask the filer about it.
    AskAboutFlag = "ask-about-flag" on &[Kind::Flag];
    /// Open a case.
    OpenCase = "open-case" on &[Kind::Case];
    /// Read a case.
    ViewCase = "view-case" on &[Kind::Case];
    /// Say who works on it.
    AssignCase = "assign-case" on &[Kind::Case];
    /// Record checks, answers and hearings.
    WorkCase = "work-case" on &[Kind::Case];
    /// Ask the filer within it.
    AskAboutCase = "ask-about-case" on &[Kind::Case];
    /// Hand it to another body.
    ReferCase = "refer-case" on &[Kind::Case];
    /// End it.
    CloseCase = "close-case" on &[Kind::Case];
    /// Let a question go out.
    ConsentToQuestion = "consent-to-question" on &[Kind::Question];
    /// Answer it.
    AnswerQuestion = "answer-question" on &[Kind::Question];
    /// Take it back.
    WithdrawQuestion = "withdraw-question" on &[Kind::Question];
    /// Read a personal value, with a reason.
    OpenPersonalValue = "open-personal-value" on &[Kind::Project, Kind::Case];
    /// Bring a register in.
    UploadRegister = "upload-register" on &[Kind::Register];
    /// Delete one.
    DeleteRegister = "delete-register" on &[Kind::Register];
    /// See that there is one, whose, what for and until when.
    ListRegister = "list-register" on &[Kind::Register];
    /// State what allows the county to have one that is off without.
    StateRegisterBasis = "state-register-basis" on &[Kind::Register];
    /// See what it holds. Nobody may.
    ReadRegister = "read-register" on &[Kind::Register];
    /// See somebody's account.
    ViewAccount = "view-account" on &[Kind::Account];
    /// Invite somebody.
    InvitePerson = "invite-person" on &[Kind::Account];
    /// Give or take a role.
    GrantRole = "grant-role" on &[Kind::Account];
    /// Suspend or restore an account.
    SuspendPerson = "suspend-person" on &[Kind::Account];
    /// Let somebody set new credentials.
    ResetCredentials = "reset-credentials" on &[Kind::Account];
    /// Mind one's own account.
    UseOwnAccount = "use-own-account" on &[Kind::Account];
    /// See the queue.
    ViewDesk = "view-desk" on &[Kind::Desk];
    /// Keep views of the queue under names of one's own.
    KeepViews = "keep-views" on &[Kind::Desk];
    /// See the numbers.
    ViewNumbers = "view-numbers" on &[Kind::Desk];
    /// See rules and their parameters.
    ViewRules = "view-rules" on &[Kind::Desk];
    /// Change a rule's parameters.
    ChangeParameters = "change-parameters" on &[Kind::Desk];
    /// Have everything screened.
    ScreenNow = "screen-now" on &[Kind::Desk];
    /// Bring filings in from a workbook.
    ImportFilings = "import-filings" on &[Kind::Desk];
    /// Take filings out.
    ExportFilings = "export-filings" on &[Kind::Desk];
    /// Change the list of items.
    ChangeDeclaration = "change-declaration" on &[Kind::Desk];
    /// Change settings.
    ChangeSettings = "change-settings" on &[Kind::Desk];
    /// See who has an account.
    ViewPeople = "view-people" on &[Kind::Desk];
    /// See who looked at what.
    ViewReadings = "view-readings" on &[Kind::Desk];
    /// See the ledger and its proofs.
    ViewLedger = "view-ledger" on &[Kind::Desk];
}

impl Action {
    /// The scope that a program's key needs to change something by it; nothing where no program changes anything by it.
    /// What is read needs none.
    pub const fn scope(self) -> Option<Scope> {
        match self {
            Self::ViewProject
            | Self::FileProject
            | Self::ChangeItems
            | Self::UploadEvidence
            | Self::WithdrawProject
            | Self::AnswerQuestion => Some(Scope::File),
            Self::SubmitCategory
            | Self::ReviewCategory
            | Self::AcceptCategory
            | Self::ReturnCategory => Some(Scope::Vouch),
            Self::ImportFilings => Some(Scope::Import),
            // The queue's own operations look at each flag once more.
            Self::ViewDesk
            | Self::KeepViews
            | Self::ViewFlag
            | Self::DismissFlag
            | Self::DeclineDismissal
            | Self::ConfirmFlag
            | Self::ReviewFlag
            | Self::AskAboutFlag
            | Self::OpenCase
            | Self::ViewCase
            | Self::AssignCase
            | Self::WorkCase
            | Self::AskAboutCase
            | Self::ReferCase
            | Self::CloseCase
            | Self::ConsentToQuestion
            | Self::WithdrawQuestion => Some(Scope::Decide),
            Self::ViewRules | Self::ChangeParameters | Self::ScreenNow => Some(Scope::Rules),
            Self::UploadRegister
            | Self::DeleteRegister
            | Self::StateRegisterBasis
            | Self::ChangeDeclaration
            | Self::ChangeSettings => Some(Scope::Settings),
            Self::InvitePerson | Self::GrantRole | Self::SuspendPerson => Some(Scope::People),
            // What goes for good is for a person to erase.
            Self::EraseFile
            // By a link for somebody else's account a program would become them.
            | Self::ResetCredentials
            | Self::OpenPersonalValue
            | Self::ListRegister
            | Self::ReadRegister
            | Self::ViewAccount
            | Self::UseOwnAccount
            | Self::ViewNumbers
            | Self::ExportFilings
            | Self::ViewPeople
            | Self::ViewReadings
            | Self::ViewLedger => None,
        }
    }
}
