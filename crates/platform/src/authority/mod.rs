//! Who may do what, and for where: Cedar policies, as text that an auditor can read (`policies/*.cedar`).
//!
//! A role is a template that is linked for each of somebody's grants; what holds whatever the role stands apart.
//! A county may add policies of its own that forbid more; none of them can permit. Asked in one way,
//! [`Authority::may`]; whatever goes wrong in asking is a no.

mod action;
mod resource;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use cedar_policy::{
    ActionConstraint, Authorizer, Context, Decision, Effect, Entities, Entity, EntityId,
    EntityTypeName, EntityUid, Policy, PolicyId, PolicySet, PolicySetError, Request,
    RestrictedExpression, Schema, SlotId, Template, ValidationMode, Validator,
};
use uuid::Uuid;

pub use action::{Action, Kind};
pub use resource::{Facts, Hands, Resource};

use crate::account::{Grant, Viewer};
use crate::context::Text;
use crate::jurisdiction;

const SCHEMA: &str = include_str!("../../policies/schema.cedarschema");
const ROLES: &str = include_str!("../../policies/roles.cedar");
const DUTIES: &str = include_str!("../../policies/duties.cedar");

/// How many viewers' policies for an action are kept linked.
const MOST_LINKED: usize = 10_000;

/// How many answers to one viewer about one action are remembered.
const MOST_ANSWERS: usize = 64;

/// Policies that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.en)]
pub struct PolicyError(pub Text);

/// Decides who may do what.
pub struct Authority {
    authorizer: Authorizer,
    schema: Schema,
    types: BTreeMap<&'static str, EntityTypeName>,
    /// What each action is decided by: policies and templates that speak of it. Those that do not can decide nothing,
    /// and most of the time went into finding that out anew.
    about: BTreeMap<Action, PolicySet>,
    /// The same with templates linked.
    linked: Mutex<HashMap<(Uuid, Action), Linked>>,
}

/// The policies that an account's grants were linked into, and what they have said of what: the same of the same,
/// since nothing else enters into it.
struct Linked {
    grants: Vec<Grant>,
    policies: Arc<PolicySet>,
    answers: HashMap<Resource, bool>,
}

impl Authority {
    /// The policies of the platform.
    ///
    /// # Errors
    /// When they are no policies, or speak of what the schema does not know: a fault of this program.
    pub fn new() -> Result<Self, PolicyError> {
        Self::made(&[])
    }

    /// The same with a county's own, which may only forbid: every `.cedar` file of a folder.
    ///
    /// # Errors
    /// With the file and what is wrong with it.
    pub fn with_folder(folder: &Path) -> Result<Self, PolicyError> {
        let unread = |error: std::io::Error| wrong(&folder.display().to_string(), &error);
        let mut own = Vec::new();
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .map_err(unread)?
            .collect::<Result<Vec<_>, _>>()
            .map_err(unread)?
            .into_iter()
            .map(|file| file.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "cedar"))
            .collect();
        paths.sort();
        for path in paths {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(&path).map_err(|error| wrong(&name, &error))?;
            own.push((name, text));
        }
        Self::made(&own)
    }

    fn made(own: &[(String, String)]) -> Result<Self, PolicyError> {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA)
            .map_err(|error| wrong("schema.cedarschema", &error))?;
        let mut policies = PolicySet::new();
        let ours = [("roles.cedar", ROLES), ("duties.cedar", DUTIES)];
        let ours = ours.map(|(name, text)| (name.to_owned(), text.to_owned()));
        for (file, text) in ours.iter().chain(own) {
            let is_own = own.iter().any(|(name, _)| name == file);
            add(&mut policies, file, text, is_own)?;
        }
        let names = [
            "Person",
            "Jurisdiction",
            "Action",
            "Project",
            "Flag",
            "Case",
            "Question",
            "Register",
            "Account",
            "Desk",
        ];
        let mut types = BTreeMap::new();
        for name in names {
            let parsed: EntityTypeName = name.parse().map_err(|error| wrong(name, &error))?;
            types.insert(name, parsed);
        }
        let checked = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        if let Some(error) = checked.validation_errors().next() {
            return Err(wrong("policies", error));
        }
        let mut authority = Self {
            authorizer: Authorizer::new(),
            schema,
            types,
            about: BTreeMap::new(),
            linked: Mutex::new(HashMap::new()),
        };
        for action in Action::ALL {
            let about = authority.that_speak_of(*action, &policies)?;
            authority.about.insert(*action, about);
        }
        Ok(authority)
    }

    /// Those of the policies and templates whose head leaves the action in.
    fn that_speak_of(&self, action: Action, of: &PolicySet) -> Result<PolicySet, PolicyError> {
        let named = self.uid("Action", action.name());
        let speaks = |head: ActionConstraint| match head {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(one) => one == named,
            // The schema has no groups of actions.
            ActionConstraint::In(some) => some.contains(&named),
        };
        let failed = |error: PolicySetError| wrong(action.name(), &error);
        let mut about = PolicySet::new();
        for policy in of.policies() {
            if speaks(policy.action_constraint()) {
                about.add(policy.clone()).map_err(failed)?;
            }
        }
        for template in of.templates() {
            if speaks(template.action_constraint()) {
                about.add_template(template.clone()).map_err(failed)?;
            }
        }
        Ok(about)
    }

    /// Whether the viewer may do it. A no where anything is wrong with the question.
    pub fn may(&self, viewer: &Viewer, action: Action, resource: &Resource) -> bool {
        let lock = || self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (viewer.account, action);
        if let Some(linked) = lock().get(&key)
            && linked.grants == viewer.grants
            && let Some(answer) = linked.answers.get(resource)
        {
            return *answer;
        }
        let answer = self
            .decide(viewer, action, resource)
            .is_ok_and(|decided| decided.allowed);
        if let Some(linked) = lock().get_mut(&key)
            && linked.grants == viewer.grants
        {
            if linked.answers.len() >= MOST_ANSWERS {
                linked.answers.clear();
            }
            linked.answers.insert(resource.clone(), answer);
        }
        answer
    }

    /// The same with the policies that decided it.
    ///
    /// # Errors
    /// When the question cannot be asked: then the answer is no.
    pub fn decide(
        &self,
        viewer: &Viewer,
        action: Action,
        resource: &Resource,
    ) -> Result<Decided, PolicyError> {
        let kind = resource.kind();
        if !action.kinds().contains(&kind) || !jurisdiction::is_code(&resource.jurisdiction) {
            return Ok(Decided::default());
        }
        let principal = self.uid("Person", &viewer.account.to_string());
        let thing = self.uid(kind.name(), &resource.id);
        let request = Request::new(
            principal.clone(),
            self.uid("Action", action.name()),
            thing.clone(),
            Context::empty(),
            Some(&self.schema),
        )
        .map_err(|error| wrong(action.name(), &error))?;
        let entities = self.entities(principal, thing, resource)?;
        let policies = self.linked(viewer, action)?;
        let response = self
            .authorizer
            .is_authorized(&request, &policies, &entities);
        // A policy that cannot be evaluated decides nothing, so that one that would forbid must not be passed over.
        let sound = response.diagnostics().errors().next().is_none();
        Ok(Decided {
            allowed: sound && response.decision() == Decision::Allow,
            by: response
                .diagnostics()
                .reason()
                .map(ToString::to_string)
                .collect(),
        })
    }

    fn uid(&self, of: &'static str, id: &str) -> EntityUid {
        // Cannot fail: the names asked for are those that were parsed when this was made.
        let name = self.types[of].clone();
        EntityUid::from_type_name_and_id(name, EntityId::new(id))
    }

    fn entities(
        &self,
        principal: EntityUid,
        thing: EntityUid,
        resource: &Resource,
    ) -> Result<Entities, PolicyError> {
        let mut all = vec![Entity::new_no_attrs(principal, HashSet::new())];
        let above: Vec<EntityUid> = jurisdiction::ancestors(&resource.jurisdiction)
            .map(|code| self.uid("Jurisdiction", code))
            .collect();
        for (place, code) in above.iter().enumerate() {
            let parent = above.get(place + 1).cloned();
            all.push(Entity::new_no_attrs(
                code.clone(),
                parent.into_iter().collect(),
            ));
        }
        let lies_in = above.first().cloned().into_iter().collect();
        let thing = Entity::new(thing, self.attributes(&resource.facts), lies_in)
            .map_err(|error| wrong(&resource.id, &error))?;
        all.push(thing);
        Entities::from_entities(all, None).map_err(|error| wrong(&resource.id, &error))
    }

    fn attributes(&self, facts: &Facts) -> HashMap<String, RestrictedExpression> {
        let person =
            |id: &Uuid| RestrictedExpression::new_entity_uid(self.uid("Person", &id.to_string()));
        let people = |ids: &[Uuid]| {
            RestrictedExpression::new_set(ids.iter().map(person).collect::<Vec<_>>())
        };
        let hands = |hands: &Hands| {
            let parts = [
                ("filed", &hands.filed),
                ("village", &hands.village),
                ("township", &hands.township),
                ("department", &hands.department),
            ];
            let record = RestrictedExpression::new_record(
                parts.map(|(name, ids)| (name.to_owned(), people(ids))),
            );
            // Cannot fail: the four names differ.
            record.unwrap_or_else(|_| RestrictedExpression::new_bool(false))
        };
        let mut all = HashMap::new();
        let mut put = |name: &str, value| all.insert(name.to_owned(), value);
        match facts {
            Facts::Project { hands: of } => {
                put("hands", hands(of));
            }
            Facts::Flag {
                hands: of,
                severity,
                proposed_by,
            } => {
                put("hands", hands(of));
                put(
                    "severity",
                    RestrictedExpression::new_string(severity.clone()),
                );
                if let Some(by) = proposed_by {
                    put("proposed_by", person(by));
                }
            }
            Facts::Case {
                hands: of,
                lead,
                assignee,
            } => {
                put("hands", hands(of));
                put("lead", person(lead));
                put("assignee", person(assignee));
            }
            Facts::Question { asked, by, lead } => {
                put("asked", person(asked));
                put("by", person(by));
                if let Some(lead) = lead {
                    put("lead", person(lead));
                }
            }
            Facts::Register { owner } => {
                put("owner", person(owner));
            }
            Facts::Account { person: of } => {
                put("person", person(of));
            }
            Facts::Desk => {}
        }
        all
    }

    /// The policies that speak of the action, with the viewer's grants linked.
    fn linked(&self, viewer: &Viewer, action: Action) -> Result<Arc<PolicySet>, PolicyError> {
        let lock = || self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (viewer.account, action);
        if let Some(linked) = lock().get(&key)
            && linked.grants == viewer.grants
        {
            return Ok(Arc::clone(&linked.policies));
        }
        // Cannot be missing: it was made for all actions.
        let mut policies = self.about.get(&action).cloned().unwrap_or_default();
        for grant in &viewer.grants {
            if !jurisdiction::is_code(&grant.jurisdiction) {
                continue;
            }
            let id = format!("{}@{}", grant.role.name(), grant.jurisdiction);
            let id = PolicyId::new(id);
            let role = PolicyId::new(grant.role.name());
            if policies.policy(&id).is_some() || policies.template(&role).is_none() {
                continue;
            }
            let values = HashMap::from([
                (
                    SlotId::principal(),
                    self.uid("Person", &viewer.account.to_string()),
                ),
                (
                    SlotId::resource(),
                    self.uid("Jurisdiction", &grant.jurisdiction),
                ),
            ]);
            policies
                .link(role, id, values)
                .map_err(|error| wrong(grant.role.name(), &error))?;
        }
        let policies = Arc::new(policies);
        let mut linked = lock();
        if linked.len() >= MOST_LINKED {
            linked.clear();
        }
        let new = Linked {
            grants: viewer.grants.clone(),
            policies: Arc::clone(&policies),
            answers: HashMap::new(),
        };
        linked.insert(key, new);
        Ok(policies)
    }
}

/// What was decided, and by which policies: `officer@990121` is the role of an officer for that division.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// Whether it may be done.
    pub allowed: bool,
    /// The policies that say so; nothing where none permits it.
    pub by: Vec<String>,
}

/// Adds the policies and templates of a file, each under the name in its `@id`.
fn add(to: &mut PolicySet, file: &str, text: &str, own: bool) -> Result<(), PolicyError> {
    let parsed: PolicySet = text.parse().map_err(|error| wrong(file, &error))?;
    let name = |id: Option<&str>, given: &PolicyId| {
        let id = id.map_or_else(|| given.to_string(), str::to_owned);
        PolicyId::new(if own { format!("{file}#{id}") } else { id })
    };
    for template in parsed.templates() {
        if own {
            return Err(only_forbid(file));
        }
        let id = name(template.annotation("id"), template.id());
        let template: Template = template.new_id(id);
        to.add_template(template)
            .map_err(|error| wrong(file, &error))?;
    }
    for policy in parsed.policies() {
        if own && policy.effect() == Effect::Permit {
            return Err(only_forbid(file));
        }
        let id = name(policy.annotation("id"), policy.id());
        let policy: Policy = policy.new_id(id);
        to.add(policy).map_err(|error| wrong(file, &error))?;
    }
    Ok(())
}

fn only_forbid(file: &str) -> PolicyError {
    PolicyError(Text::new(
        format!("{file}:本地策略只能禁止(forbid),不能允许"),
        format!("{file}: policies of one's own forbid; they cannot permit"),
    ))
}

fn wrong(what: &str, error: &dyn std::fmt::Display) -> PolicyError {
    PolicyError(Text::new(
        format!("{what}:策略不能使用:{error}"),
        format!("{what}: these policies cannot be used: {error}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Role;

    #[test]
    fn every_role_has_its_template_and_every_action_its_place_in_the_schema() {
        let authority = Authority::new().unwrap();
        for role in Role::ALL {
            let id = PolicyId::new(role.name());
            let mut about = authority.about.values();
            assert!(about.any(|of| of.template(&id).is_some()), "{role:?}");
        }
        let known: HashSet<String> = authority
            .schema
            .actions()
            .map(|action| action.id().unescaped().to_owned())
            .collect();
        let ours = Action::ALL.iter().map(|action| action.name().to_owned());
        assert_eq!(known, ours.collect());
    }

    #[test]
    fn policies_of_ones_own_forbid_and_never_permit() {
        let own = |text: &str| Authority::made(&[("own.cedar".to_owned(), text.to_owned())]);
        let viewer = Viewer {
            account: Uuid::from_u128(1),
            grants: vec![Grant {
                role: Role::Officer,
                jurisdiction: "990121".to_owned(),
            }],
            language: crate::context::Language::Zh,
            session: Uuid::nil(),
        };
        let desk = Resource::desk("990121003");
        let ours = Authority::new().unwrap();
        assert!(ours.may(&viewer, Action::ScreenNow, &desk));
        let stricter = own(
            r#"forbid (principal, action == Action::"screen-now", resource in Jurisdiction::"990121003");"#,
        )
        .unwrap();
        assert!(!stricter.may(&viewer, Action::ScreenNow, &desk));
        assert!(stricter.may(&viewer, Action::ScreenNow, &Resource::desk("990121004")));
        for looser in [
            "permit (principal, action, resource);",
            "permit (principal == ?principal, action, resource);",
        ] {
            let Err(refused) = own(looser) else {
                panic!("{looser} is taken");
            };
            assert!(refused.0.en.contains("own.cedar") && refused.0.en.contains("cannot permit"));
        }
        let misspelt = r#"forbid (principal, action == Action::"screen-no", resource);"#;
        assert!(own(misspelt).is_err());
        assert!(own("forbid (").is_err());
    }
}
