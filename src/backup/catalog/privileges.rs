//! GRANT and REVOKE statements from the initial privileges of an object to its current ones.

use serde::Deserialize;

use super::sql::quoted;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Grant {
    pub(super) grantor: String,
    /// `None` for PUBLIC.
    pub(super) grantee: Option<String>,
    pub(super) privilege: String,
    pub(super) grantable: bool,
}

/// The privileges of an object.
pub(super) struct Rights {
    pub(super) initial: Vec<Grant>,
    pub(super) current: Vec<Grant>,
    /// Every privilege of this kind of object.
    pub(super) all: Vec<String>,
}

/// The object of the statements.
pub(super) struct Subject {
    /// `TABLE "public"."items"`.
    pub(super) name: String,
    /// The list of columns after each privilege, with parentheses, or empty.
    pub(super) columns: String,
    /// The role that grants without `SET ROLE`.
    pub(super) owner: String,
    /// Before GRANT and REVOKE: `ALTER DEFAULT PRIVILEGES … `, or empty.
    pub(super) prefix: String,
}

pub(super) fn statements(subject: &Subject, rights: &Rights) -> String {
    let Rights {
        initial,
        current,
        all,
    } = rights;
    let mut text = String::new();
    let revoke = |verb: &str, grants: Vec<&Grant>| -> String {
        let grantees = by_grantee(&grants).into_iter();
        let statements = grantees.map(|(grantee, privileges)| {
            subject.statement(verb, &list(&privileges, all, subject), "FROM", grantee, "")
        });
        statements.collect()
    };
    let is_revoked = |old: &&Grant| !current.iter().any(|new| same_right(old, new));
    text += &revoke("REVOKE", initial.iter().filter(is_revoked).collect());
    let is_weaker = |old: &&Grant| {
        old.grantable
            && current
                .iter()
                .any(|new| same_right(old, new) && !new.grantable)
    };
    let weaker = initial.iter().filter(is_weaker).collect();
    text += &revoke("REVOKE GRANT OPTION FOR", weaker);
    let mut rest: Vec<&Grant> = current
        .iter()
        .filter(|new| !initial.contains(new))
        .collect();
    while !rest.is_empty() {
        // A role that is not the owner can grant only what was granted to it.
        let waits = |grant: &&Grant| {
            grant.grantor != subject.owner && rest.iter().any(|it| it.allows(grant))
        };
        let (later, now): (Vec<&Grant>, Vec<&Grant>) = rest.iter().partition(|it| waits(it));
        if now.is_empty() {
            return text + &grants(subject, all, &later);
        }
        text += &grants(subject, all, &now);
        rest = later;
    }
    text
}

/// The statements of these grants, each in the name of its grantor.
fn grants(subject: &Subject, all: &[String], new: &[&Grant]) -> String {
    let mut text = String::new();
    for grantor in grantors(&subject.owner, new) {
        let mut granted = String::new();
        for (grantable, option) in [(false, ""), (true, " WITH GRANT OPTION")] {
            let of = |grant: &&&Grant| grant.grantor == grantor && grant.grantable == grantable;
            let some: Vec<&Grant> = new.iter().filter(of).copied().collect();
            for (grantee, privileges) in by_grantee(&some) {
                let privileges = list(&privileges, all, subject);
                granted += &subject.statement("GRANT", &privileges, "TO", grantee, option);
            }
        }
        // Only the grantor itself can grant in its name. SET SESSION AUTHORIZATION, which pg_dump writes, is
        // for superusers.
        if grantor != subject.owner && !granted.is_empty() {
            let grantor = quoted(grantor);
            granted = format!("SET ROLE {grantor};\n{granted}RESET ROLE;\n");
        }
        text += &granted;
    }
    text
}

impl Grant {
    /// Whether it gives the grantor of the other grant the right to grant that.
    fn allows(&self, other: &Grant) -> bool {
        self.grantable
            && self.privilege == other.privilege
            && self.grantee.as_ref() == Some(&other.grantor)
    }
}

fn same_right(one: &Grant, other: &Grant) -> bool {
    (&one.grantor, &one.grantee, &one.privilege)
        == (&other.grantor, &other.grantee, &other.privilege)
}

/// The owner first, and then the others in order.
fn grantors<'a>(owner: &'a str, grants: &[&'a Grant]) -> Vec<&'a str> {
    let mut grantors = vec![owner];
    for grant in grants {
        if !grantors.contains(&grant.grantor.as_str()) {
            grantors.push(&grant.grantor);
        }
    }
    grantors
}

fn by_grantee<'a>(grants: &[&'a Grant]) -> Vec<(Option<&'a str>, Vec<&'a str>)> {
    let mut grantees: Vec<(Option<&str>, Vec<&str>)> = Vec::new();
    for grant in grants {
        let grantee = grant.grantee.as_deref();
        match grantees.iter_mut().find(|(it, _)| *it == grantee) {
            Some((_, privileges)) => privileges.push(&grant.privilege),
            None => grantees.push((grantee, vec![&grant.privilege])),
        }
    }
    grantees
}

impl Subject {
    fn statement(
        &self,
        verb: &str,
        privileges: &str,
        preposition: &str,
        grantee: Option<&str>,
        option: &str,
    ) -> String {
        let grantee = grantee.map_or("PUBLIC".to_owned(), quoted);
        let Subject { prefix, name, .. } = self;
        format!("{prefix}{verb} {privileges} ON {name} {preposition} {grantee}{option};\n")
    }
}

/// ALL if it is all, because another version can have more or fewer privileges.
fn list(privileges: &[&str], all: &[String], Subject { columns, .. }: &Subject) -> String {
    if all.iter().all(|it| privileges.contains(&it.as_str())) {
        return format!("ALL{columns}");
    }
    let each = privileges.iter().map(|it| format!("{it}{columns}"));
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(grantor: &str, grantee: &str, privilege: &str) -> Grant {
        Grant {
            grantor: grantor.to_owned(),
            grantee: (!grantee.is_empty()).then(|| grantee.to_owned()),
            privilege: privilege.to_owned(),
            grantable: false,
        }
    }

    fn grantable(grantor: &str, grantee: &str, privilege: &str) -> Grant {
        Grant {
            grantable: true,
            ..grant(grantor, grantee, privilege)
        }
    }

    fn table() -> Subject {
        Subject {
            name: "TABLE t".to_owned(),
            columns: String::new(),
            owner: "ann".to_owned(),
            prefix: String::new(),
        }
    }

    fn statements(initial: &[Grant], current: &[Grant]) -> String {
        let rights = Rights {
            initial: initial.to_vec(),
            current: current.to_vec(),
            all: vec!["SELECT".to_owned(), "INSERT".to_owned()],
        };
        super::statements(&table(), &rights)
    }

    #[test]
    fn all_stands_for_all_privileges_only() {
        let has = [
            grant("ann", "bob", "SELECT"),
            grant("ann", "bob", "INSERT"),
            grant("ann", "", "SELECT"),
        ];
        assert_eq!(
            statements(&[], &has),
            "GRANT ALL ON TABLE t TO \"bob\";\nGRANT SELECT ON TABLE t TO PUBLIC;\n"
        );
    }

    #[test]
    fn a_role_that_is_not_the_owner_grants_as_itself() {
        let has = [
            grantable("ann", "bob", "SELECT"),
            grant("bob", "eve", "SELECT"),
        ];
        assert_eq!(
            statements(&[], &has),
            "GRANT SELECT ON TABLE t TO \"bob\" WITH GRANT OPTION;\nSET ROLE \"bob\";\nGRANT SELECT ON \
             TABLE t TO \"eve\";\nRESET ROLE;\n"
        );
    }

    #[test]
    fn a_right_to_grant_can_be_revoked_alone() {
        let own = [grantable("ann", "bob", "SELECT")];
        let has = [grant("ann", "bob", "SELECT")];
        assert!(
            statements(&own, &has)
                .starts_with("REVOKE GRANT OPTION FOR SELECT ON TABLE t FROM \"bob\";\n")
        );
    }
}
