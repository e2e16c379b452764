use super::*;
use pgarchive::Section;

fn entry(id: i32, kind: Kind, section: Section, dependencies: &[i32]) -> Entry {
    Entry {
        id,
        section,
        definition: format!("MAKE {id};\n"),
        namespace: Some("public".into()),
        dependencies: dependencies.to_vec(),
        ..Entry::new(kind, format!("it{id}"))
    }
}

/// Without roles that may own objects or create in schema public.
fn plan(entries: &[Entry], has_public: bool) -> Plan {
    let creators = has_public.then(BTreeSet::new);
    Plan::new(entries, creators.as_ref(), &BTreeSet::new())
}

/// The names of what the steps make, without the kind and schema.
fn names(steps: &[Step]) -> Vec<&str> {
    let names = steps
        .iter()
        .map(|step| step.object.rsplit([' ', '.']).next());
    names.map(Option::unwrap_or_default).collect()
}

#[test]
fn phases_follow_each_other_and_keep_the_archives_order() {
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
        entry(2, Kind::Table, Section::PreData, &[]),
        entry(3, Kind::Comment, Section::None, &[2]),
        entry(4, Kind::Acl, Section::None, &[2]),
        entry(5, Kind::TableData, Section::Data, &[2]),
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
    let plan = plan(&entries, true);
    assert_eq!(names(plan.steps(Phase::Settings)), ["it1"]);
    assert_eq!(names(plan.steps(Phase::Definitions)), ["it2", "it3"]);
    assert_eq!(names(plan.steps(Phase::States)), ["it6"]);
    assert_eq!(names(plan.steps(Phase::RowCounts)), ["it15"]);
    assert_eq!(names(plan.steps(Phase::Indexes)), ["it8", "it12"]);
    assert_eq!(
        names(plan.steps(Phase::Finishing)),
        ["it9", "it10", "it11", "it13"]
    );
    let closing: Vec<Step> = plan.closing().cloned().collect();
    assert_eq!(names(&closing), ["it4", "it14", "it7"]);
    assert_eq!(
        plan.notices,
        ["these materialized views were refreshed: it7"]
    );
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
    let with_public = plan(&entries, true);
    assert_eq!(names(with_public.steps(Phase::Definitions)), ["it2"]);
    let without = plan(&entries, false);
    assert_eq!(names(without.steps(Phase::Definitions)), ["public", "it2"]);
}
