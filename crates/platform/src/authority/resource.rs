//! What is acted upon, with what policies look at.

use uuid::Uuid;

use super::action::Kind;

/// Who has a hand in a filing already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hands {
    /// Whoever filed or changed it.
    pub filed: Vec<Uuid>,
    /// Whoever signed for the village.
    pub village: Vec<Uuid>,
    /// Whoever signed for the township.
    pub township: Vec<Uuid>,
    /// Whoever signed for the line department.
    pub department: Vec<Uuid>,
}

/// What is known of a resource of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Facts {
    /// Of a filing.
    Project {
        /// Who has a hand in it.
        hands: Hands,
    },
    /// Of a flag.
    Flag {
        /// Who has a hand in the filing that it is on.
        hands: Hands,
        /// `low`, `medium` or `high`.
        severity: String,
        /// Who proposed to dismiss it.
        proposed_by: Option<Uuid>,
    },
    /// Of a case.
    Case {
        /// Who has a hand in the filings that it is about.
        hands: Hands,
        /// Who leads it.
        lead: Uuid,
        /// Who works on it.
        assignee: Uuid,
    },
    /// Of a question.
    Question {
        /// Who is asked.
        asked: Uuid,
        /// Who asks.
        by: Uuid,
        /// Whose consent it waits for.
        lead: Option<Uuid>,
    },
    /// Of a register.
    Register {
        /// Who answers for it.
        owner: Uuid,
    },
    /// Of an account.
    Account {
        /// Whose it is.
        person: Uuid,
    },
    /// Of a jurisdiction as a whole there is nothing to know.
    Desk,
}

/// Something that is acted upon.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resource {
    /// Its id, for the trace of a decision.
    pub id: String,
    /// The division code that it lies in.
    pub jurisdiction: String,
    /// What is known of it.
    pub facts: Facts,
}

impl Resource {
    /// A jurisdiction as a whole.
    pub fn desk(jurisdiction: &str) -> Self {
        Self {
            id: jurisdiction.to_owned(),
            jurisdiction: jurisdiction.to_owned(),
            facts: Facts::Desk,
        }
    }

    /// A filing that nobody has a hand in yet.
    pub fn new_project(jurisdiction: &str) -> Self {
        Self {
            id: jurisdiction.to_owned(),
            jurisdiction: jurisdiction.to_owned(),
            facts: Facts::Project {
                hands: Hands::default(),
            },
        }
    }

    /// Somebody's account, seen from a jurisdiction.
    pub fn account(person: Uuid, jurisdiction: &str) -> Self {
        Self {
            id: person.to_string(),
            jurisdiction: jurisdiction.to_owned(),
            facts: Facts::Account { person },
        }
    }

    /// What it is.
    pub const fn kind(&self) -> Kind {
        match self.facts {
            Facts::Project { .. } => Kind::Project,
            Facts::Flag { .. } => Kind::Flag,
            Facts::Case { .. } => Kind::Case,
            Facts::Question { .. } => Kind::Question,
            Facts::Register { .. } => Kind::Register,
            Facts::Account { .. } => Kind::Account,
            Facts::Desk => Kind::Desk,
        }
    }
}
