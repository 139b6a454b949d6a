//! Roles: the parts of the platform that a process runs.

use std::{collections::BTreeSet, fmt, str::FromStr};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Command,
    Relay,
    Policies,
    Projections,
    Query,
    Pages,
}

impl Role {
    /// The roles by name. A new role is a line here and a variant above; `app.rs` opens the resources that it needs and
    /// lists its parts.
    const ALL: [(&'static str, Role); 6] = [
        ("command", Role::Command),
        ("relay", Role::Relay),
        ("policies", Role::Policies),
        ("projections", Role::Projections),
        ("query", Role::Query),
        ("pages", Role::Pages),
    ];

    fn names() -> String {
        Role::ALL.map(|(name, _)| name).join(", ")
    }
}

/// The set of roles of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    pub fn all() -> Roles {
        Roles(Role::ALL.into_iter().map(|(_, role)| role).collect())
    }

    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Roles, String> {
        if text == "all" {
            return Ok(Roles::all());
        }
        let role = |name: &str| {
            let known = Role::ALL.into_iter().find(|(known, _)| *known == name.trim()).map(|(_, role)| role);
            known.ok_or_else(|| format!("this build has no role {name:?}; it has all, {}", Role::names()))
        };
        text.split(',').map(role).collect::<Result<_, _>>().map(Roles)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Role::ALL.into_iter().filter(|(_, role)| self.0.contains(role)).map(|(name, _)| name);
        f.write_str(&names.collect::<Vec<_>>().join(","))
    }
}
