//! From the privileges that an object has by itself to those that it has: GRANT and REVOKE.

use std::fmt::Write;

use super::sql::quoted;

/// That `grantor` gave `grantee` a privilege.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) grantor: String,
    /// `None` for everybody, PUBLIC.
    pub(super) grantee: Option<String>,
    pub(super) privilege: String,
    pub(super) grantable: bool,
}

/// What an object's privileges are said about.
pub(super) struct Subject {
    /// `TABLE "public"."items"`.
    pub(super) name: String,
    /// The columns' list after each privilege, with parentheses, or nothing.
    pub(super) columns: String,
    /// The owner, who grants without saying so.
    pub(super) owner: String,
    /// Before GRANT and REVOKE: `ALTER DEFAULT PRIVILEGES … `, or nothing.
    pub(super) prefix: String,
    /// Every privilege that there is for it.
    pub(super) all: Vec<String>,
}

/// The statements that make `has` out of `by_itself`.
pub(super) fn statements(subject: &Subject, by_itself: &[Grant], has: &[Grant]) -> String {
    let mut text = String::new();
    let gone: Vec<&Grant> = by_itself
        .iter()
        .filter(|old| !has.iter().any(|new| same_right(old, new)))
        .collect();
    for (grantee, privileges) in by_grantee(&gone) {
        subject.write(&mut text, "REVOKE", &privileges, "FROM", grantee, "");
    }
    let weaker: Vec<&Grant> = by_itself
        .iter()
        .filter(|old| old.grantable && has.iter().any(|new| same_right(old, new) && !new.grantable))
        .collect();
    for (grantee, privileges) in by_grantee(&weaker) {
        let verb = "REVOKE GRANT OPTION FOR";
        subject.write(&mut text, verb, &privileges, "FROM", grantee, "");
    }
    let new: Vec<&Grant> = has.iter().filter(|new| !by_itself.contains(new)).collect();
    for grantor in grantors(&subject.owner, &new) {
        let foreign = grantor != subject.owner;
        let mut granted = String::new();
        for (grantable, option) in [(false, ""), (true, " WITH GRANT OPTION")] {
            let of = |grant: &&&Grant| grant.grantor == grantor && grant.grantable == grantable;
            let some: Vec<&Grant> = new.iter().filter(of).copied().collect();
            for (grantee, privileges) in by_grantee(&some) {
                subject.write(&mut granted, "GRANT", &privileges, "TO", grantee, option);
            }
        }
        // Only a grantor can grant in his own name.
        if foreign && !granted.is_empty() {
            let grantor = quoted(grantor);
            granted = format!(
                "SET SESSION AUTHORIZATION {grantor};\n{granted}RESET SESSION AUTHORIZATION;\n"
            );
        }
        text += &granted;
    }
    text
}

fn same_right(one: &Grant, other: &Grant) -> bool {
    (&one.grantor, &one.grantee, &one.privilege)
        == (&other.grantor, &other.grantee, &other.privilege)
}

/// The owner, and then the others as they come: who may grant has got that from one before.
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
    fn write(
        &self,
        text: &mut String,
        verb: &str,
        privileges: &[&str],
        preposition: &str,
        grantee: Option<&str>,
        option: &str,
    ) {
        let privileges = self.list(privileges);
        let grantee = grantee.map_or("PUBLIC".to_owned(), quoted);
        let Subject { prefix, name, .. } = self;
        writeln!(
            text,
            "{prefix}{verb} {privileges} ON {name} {preposition} {grantee}{option};"
        )
        .expect("a String takes all");
    }

    /// ALL where it is all: another version may know more or fewer.
    fn list(&self, privileges: &[&str]) -> String {
        let columns = &self.columns;
        if self.all.iter().all(|it| privileges.contains(&it.as_str())) {
            return format!("ALL{columns}");
        }
        let each: Vec<String> = privileges
            .iter()
            .map(|it| format!("{it}{columns}"))
            .collect();
        each.join(", ")
    }
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
            all: vec!["SELECT".to_owned(), "INSERT".to_owned()],
        }
    }

    #[test]
    fn what_is_as_it_is_by_itself_needs_no_statement() {
        let own = [grant("ann", "ann", "SELECT"), grant("ann", "", "SELECT")];
        assert_eq!(statements(&table(), &own, &own), "");
    }

    #[test]
    fn all_is_said_only_of_all() {
        let has = [
            grant("ann", "bob", "SELECT"),
            grant("ann", "bob", "INSERT"),
            grant("ann", "", "SELECT"),
        ];
        assert_eq!(
            statements(&table(), &[], &has),
            "GRANT ALL ON TABLE t TO \"bob\";\nGRANT SELECT ON TABLE t TO PUBLIC;\n"
        );
    }

    #[test]
    fn an_owner_who_lost_a_right_loses_it_again() {
        let own = [grant("ann", "ann", "SELECT"), grant("ann", "ann", "INSERT")];
        assert_eq!(
            statements(&table(), &own, &own[..1]),
            "REVOKE INSERT ON TABLE t FROM \"ann\";\n"
        );
    }

    #[test]
    fn others_grant_in_their_own_name_after_the_owner() {
        let has = [
            grant("bob", "cat", "SELECT"),
            grantable("ann", "bob", "SELECT"),
        ];
        assert_eq!(
            statements(&table(), &[], &has),
            "GRANT SELECT ON TABLE t TO \"bob\" WITH GRANT OPTION;\n\
             SET SESSION AUTHORIZATION \"bob\";\n\
             GRANT SELECT ON TABLE t TO \"cat\";\n\
             RESET SESSION AUTHORIZATION;\n"
        );
    }

    #[test]
    fn a_right_to_grant_can_go_without_the_right() {
        let own = [grantable("ann", "bob", "SELECT")];
        let has = [grant("ann", "bob", "SELECT")];
        assert!(
            statements(&table(), &own, &has)
                .starts_with("REVOKE GRANT OPTION FOR SELECT ON TABLE t FROM \"bob\";\n")
        );
    }
}
