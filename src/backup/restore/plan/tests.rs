use super::*;
use crate::backup::restore::samples::{entry, manifest, rows};
use pgarchive::Section;

/// For a new database, in which no role but the database's owner may create.
fn plan(entries: &[Entry], manifest: &Manifest, usable: &[&str]) -> Result<Plan, RestoreError> {
    Plan::new(entries, manifest, Some(&BTreeSet::new()), &roles(usable))
}

fn roles(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

/// The names of what the steps make, without the kind and schema.
fn names(steps: &[Step]) -> Vec<&str> {
    let names = steps
        .iter()
        .map(|step| step.object.rsplit([' ', '.']).next());
    names.map(Option::unwrap_or_default).collect()
}

fn closing(plan: &Plan) -> Vec<Step> {
    plan.closing().cloned().collect()
}

#[test]
fn phases_follow_each_other_and_keep_the_archives_order() {
    let table = entry(2, Kind::Table, Section::PreData, &[]);
    let two_statements = Entry {
        definition: "CREATE INDEX i;\nALTER TABLE t CLUSTER ON i;\n".into(),
        ..entry(9, Kind::Index, Section::PostData, &[2])
    };
    let row_counts = Entry {
        definition: "DO $$ BEGIN END $$;\n".into(),
        ..entry(15, Kind::SequenceSet, Section::Data, &[5])
    };
    let entries = [
        entry(1, Kind::Encoding, Section::PreData, &[]),
        table.clone(),
        entry(3, Kind::Comment, Section::None, &[2]),
        entry(4, Kind::Acl, Section::None, &[2]),
        rows(5, &table),
        entry(6, Kind::SequenceSet, Section::Data, &[]),
        row_counts,
        entry(7, Kind::Refresh, Section::PostData, &[2]),
        entry(8, Kind::Constraint, Section::PostData, &[2]),
        two_statements,
        entry(10, Kind::ForeignKey, Section::PostData, &[2, 8]),
        entry(11, Kind::Index, Section::PostData, &[8]),
        entry(12, Kind::Index, Section::PostData, &[2]),
        entry(13, Kind::Comment, Section::None, &[12]),
        entry(14, Kind::RowSecurity, Section::PostData, &[2]),
    ];
    let plan = plan(&entries, &manifest(&["it2"]), &[]).expect("it fits");
    assert_eq!(names(plan.steps(Phase::Settings)), ["it1"]);
    assert_eq!(names(plan.steps(Phase::Definitions)), ["it2", "it3"]);
    assert_eq!(plan.tables.len(), 1);
    assert_eq!(plan.tables[0].columns, r#""public"."it2" ("id", "na""me")"#);
    assert_eq!(names(plan.steps(Phase::States)), ["it6"]);
    assert_eq!(names(plan.steps(Phase::RowCounts)), ["it15"]);
    assert_eq!(names(plan.steps(Phase::Indexes)), ["it8", "it12"]);
    assert_eq!(
        names(plan.steps(Phase::Finishing)),
        ["it9", "it10", "it11", "it13"]
    );
    assert_eq!(names(&closing(&plan)), ["it4", "it14", "it7"]);
    assert_eq!(
        plan.notices,
        ["these materialized views were refreshed: it7"]
    );
}

#[test]
fn an_owner_may_create_in_a_schema_that_is_not_its_own_until_the_grants() {
    let owned = |id, kind: Kind, schema: Option<&str>, owner: &str| Entry {
        owner: owner.into(),
        namespace: schema.map(str::to_owned),
        ..entry(id, kind, Section::PreData, &[])
    };
    let entries = [
        owned(1, Kind::Schema, None, "app"),
        owned(2, Kind::Table, Some("it1"), "app"),
        owned(3, Kind::Table, Some("it1"), "other"),
        owned(4, Kind::Table, Some("public"), "app"),
        owned(5, Kind::Table, Some("public"), "gone"),
        entry(6, Kind::Acl, Section::None, &[3]),
    ];
    let sql = |steps: &[Step]| -> Vec<String> { steps.iter().map(|it| it.sql.clone()).collect() };
    let new = plan(&entries, &manifest(&[]), &["app", "other"]).expect("it fits");
    let definitions = sql(new.steps(Phase::Definitions));
    assert_eq!(
        definitions[0],
        r#"GRANT CREATE ON SCHEMA "public" TO "app""#
    );
    assert_eq!(definitions[2], r#"GRANT CREATE ON SCHEMA "it1" TO "other""#);
    let last = sql(&closing(&new));
    assert_eq!(
        last[..2],
        [
            r#"REVOKE CREATE ON SCHEMA "it1" FROM "other""#,
            r#"REVOKE CREATE ON SCHEMA "public" FROM "app""#,
        ]
    );
    assert_eq!(last[2], "MAKE 6;\n");

    let (creators, usable) = (roles(&["app"]), roles(&["app", "gone"]));
    let existing = Plan::new(&entries[3..], &manifest(&[]), Some(&creators), &usable);
    let existing = sql(&closing(&existing.expect("it fits")));
    assert_eq!(
        existing[0],
        r#"REVOKE CREATE ON SCHEMA "public" FROM "gone""#
    );
}

#[test]
fn owners_and_grants_of_unusable_roles_are_omitted() {
    let owned = |id, owner: &str| Entry {
        owner: owner.into(),
        ..entry(id, Kind::Table, Section::PreData, &[])
    };
    let grant = |id, to: &str| Entry {
        definition: format!("GRANT SELECT ON TABLE x TO app, {to};"),
        ..entry(id, Kind::Acl, Section::None, &[])
    };
    let entries = [
        owned(1, "app"),
        owned(2, "gone"),
        grant(3, "app"),
        grant(4, "gone"),
    ];
    let named = Named::by(&entries, true);
    assert_eq!(named.owners, roles(&["app", "gone"]));
    assert_eq!(named.all, named.owners);
    let plan = plan(&entries, &manifest(&[]), &["app"]).expect("it fits");
    assert!(
        plan.steps(Phase::Definitions)[1]
            .sql
            .ends_with(r#"OWNER TO "app";"#)
    );
    assert_eq!(plan.steps(Phase::Definitions)[2].sql, "MAKE 2;\n");
    assert_eq!(names(&closing(&plan)), ["public", "it3"]);
}

#[test]
fn public_is_made_only_where_the_database_lacks_it() {
    let public = Entry {
        tag: "public".into(),
        namespace: None,
        definition: "CREATE SCHEMA public;".into(),
        ..entry(1, Kind::Schema, Section::PreData, &[])
    };
    let entries = [public, entry(2, Kind::Table, Section::PreData, &[])];
    let with_public = plan(&entries, &manifest(&[]), &[]).expect("it fits");
    assert_eq!(names(with_public.steps(Phase::Definitions)), ["it2"]);
    let without = Plan::new(&entries, &manifest(&[]), None, &BTreeSet::new()).expect("it fits");
    assert_eq!(names(without.steps(Phase::Definitions)), ["public", "it2"]);
}
