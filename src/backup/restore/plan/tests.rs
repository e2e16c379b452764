use super::*;
use crate::backup::restore::samples::{entry, manifest, rows};

fn names(steps: &[Step]) -> Vec<&str> {
    steps.iter().map(|step| step.name.as_str()).collect()
}

#[test]
fn phases_follow_each_other_and_keep_the_archives_order() {
    let table = entry(2, "TABLE", Section::PreData, &[]);
    let two_statements = Entry {
        definition: "CREATE INDEX i;\nALTER TABLE t CLUSTER ON i;\n".into(),
        ..entry(9, "INDEX", Section::PostData, &[2])
    };
    let entries = [
        entry(1, "ENCODING", Section::PreData, &[]),
        table.clone(),
        entry(3, "COMMENT", Section::None, &[2]),
        entry(4, "ACL", Section::None, &[2]),
        rows(5, &table),
        entry(6, "SEQUENCE SET", Section::Data, &[]),
        entry(7, "MATERIALIZED VIEW DATA", Section::PostData, &[2]),
        entry(8, "CONSTRAINT", Section::PostData, &[2]),
        two_statements,
        entry(10, "FK CONSTRAINT", Section::PostData, &[2, 8]),
        entry(11, "INDEX", Section::PostData, &[8]),
        entry(12, "INDEX", Section::PostData, &[2]),
        entry(13, "COMMENT", Section::None, &[12]),
    ];
    let plan = Plan::new(&entries, &manifest(&["it2"]), |_| true).expect("it fits");
    assert_eq!(names(&plan.settings), ["it1"]);
    assert_eq!(names(&plan.definitions), ["it2", "it3"]);
    assert_eq!(plan.tables.len(), 1);
    assert_eq!(plan.tables[0].columns, r#""public"."it2" ("id", "na""me")"#);
    assert_eq!(names(&plan.states), ["it6"]);
    assert_eq!(names(&plan.indexes), ["it8", "it12"]);
    assert_eq!(
        names(&plan.finishing),
        ["it9", "it10", "it11", "it13", "it4", "it7"]
    );
}

#[test]
fn owners_and_grants_are_left_out_for_roles_that_cannot_be_used() {
    let owned = |id, owner: &str| Entry {
        owner: owner.into(),
        ..entry(id, "TABLE", Section::PreData, &[])
    };
    let grant = |id, to: &str| Entry {
        definition: format!("GRANT SELECT ON TABLE x TO app, {to};"),
        ..entry(id, "ACL", Section::None, &[])
    };
    let entries = [
        owned(1, "app"),
        owned(2, "gone"),
        grant(3, "app"),
        grant(4, "gone"),
    ];
    let named = Named::by(&entries);
    assert_eq!(named.owners, ["app".to_owned(), "gone".to_owned()].into());
    assert_eq!(named.granted, named.owners);
    let plan = Plan::new(&entries, &manifest(&[]), |role| role == "app").expect("it fits");
    assert!(plan.definitions[0].sql.ends_with(r#"OWNER TO "app";"#));
    assert_eq!(plan.definitions[1].sql, "MAKE 2;\n");
    assert_eq!(names(&plan.finishing), ["it3"]);
}

#[test]
fn public_is_there_already_and_is_made_only_where_somebody_dropped_it() {
    let public = Entry {
        tag: "public".into(),
        namespace: None,
        definition: "CREATE SCHEMA public;".into(),
        ..entry(1, "SCHEMA", Section::PreData, &[])
    };
    let entries = [public, entry(2, "TABLE", Section::PreData, &[])];
    let mut plan = Plan::new(&entries, &manifest(&[]), |_| true).expect("it fits");
    assert_eq!(names(&plan.definitions), ["it2"]);
    plan.make_public();
    assert_eq!(names(&plan.definitions), ["public", "it2"]);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let table = entry(1, "TABLE", Section::PreData, &[]);
    let whole = [table.clone(), rows(2, &table)];
    let refusal = |entries: &[Entry], manifest: &Manifest| {
        let plan = Plan::new(entries, manifest, |_| true);
        plan.err()
            .map_or_else(String::new, |error| error.to_string())
    };
    assert_eq!(refusal(&whole, &manifest(&["it1"])), "");
    let newer = Manifest {
        format: FORMAT + 1,
        ..manifest(&["it1"])
    };
    let no_file = Manifest {
        files: Vec::new(),
        ..manifest(&["it1"])
    };
    let twice = [table.clone(), rows(2, &table), rows(3, &table)];
    let two_ones = [table.clone(), table.clone()];
    let archive_only = "in the archive's table of contents and none in the manifest";
    let manifest_only = "in the manifest and none in the archive's";
    for (entries, manifest, says) in [
        (&whole[..], newer, "manifest has format"),
        (&whole[..], no_file, "lists no file it1.gz"),
        (&whole[..], manifest(&[]), archive_only),
        (&whole[..1], manifest(&["it1"]), manifest_only),
        (&whole[1..], manifest(&["it1"]), "no definition of it"),
        (
            &whole[..],
            manifest(&["it1", "it1"]),
            "more than once in the manifest",
        ),
        (
            &twice[..],
            manifest(&["it1"]),
            "more than once in the archive's",
        ),
        (&two_ones[..], manifest(&[]), "two entries 1"),
    ] {
        let refusal = refusal(entries, &manifest);
        assert!(refusal.contains(says), "{says}: {refusal}");
    }
}
