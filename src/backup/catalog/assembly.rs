//! Items into entries: their dependencies, order and numbers.

use std::collections::{HashMap, HashSet};

use super::Table;
use super::columns::Columns;
use super::graph::{Bond, Graph};
use super::item::{FIRST_USER_OID, Item, Object};
use super::locks::LockedTable;
use super::needs::{Holders, holders, lacking, needs, reachable};
use super::order::{Order, order};
use super::sql::psql_might_run;
use pgarchive::{Entry, Kind, Section};

/// An entry that follows an object: a comment, a grant.
pub(super) struct Follower {
    pub(super) of: Object,
    pub(super) entry: Entry,
}

pub(super) struct Assembly {
    items: Vec<Item>,
    /// For each item, the positions of the items that it needs.
    needs: Vec<Vec<usize>>,
    followers: Vec<Vec<Entry>>,
    /// Followers of objects that every database has.
    strays: Vec<Entry>,
    holders: Holders,
    findings: Vec<String>,
}

impl Assembly {
    /// Orders the database's own items. In a loop of items that need each other, one is created in two
    /// steps. Without such an item, or if an item needs an object without an entry, the item is left out,
    /// and the census reports it. A view that a table needs is created in two steps if it needs a key.
    pub(super) fn new(mut items: Vec<Item>, graph: &Graph) -> Assembly {
        items.retain(|item| !is_elsewhere(item, graph));
        loop {
            let holders = holders(&items, graph);
            let mut left_out = lacking(&items, &holders, graph);
            let needs = needs(&items, &holders, graph);
            let keys: Vec<_> = items.iter().map(key).collect();
            let order = order(&keys, &needs);
            let in_two = in_two_steps(&items, &needs, &order.too_early)
                .or_else(|| late_view(&items, &needs, &order));
            if let Some((place, steps)) = in_two {
                items.remove(place);
                items.extend(steps);
                continue;
            }
            let breaks_a_loop = |place: &usize| items[*place].entry.kind != Kind::Table;
            left_out.extend(order.too_early.iter().copied().filter(breaks_a_loop));
            if left_out.is_empty() {
                return Assembly::ordered(&items, &needs, &holders, &order);
            }
            let mut place = 0..;
            items.retain(|_| !place.next().is_some_and(|place| left_out.contains(&place)));
        }
    }

    fn ordered(items: &[Item], needs: &[Vec<usize>], holders: &Holders, order: &Order) -> Assembly {
        let findings = order
            .too_early
            .iter()
            .map(|place| title(&items[*place].entry));
        let findings = findings
            .map(|title| format!("{title} needs something that needs it: restoring it may fail"))
            .collect();
        let mut place_now = vec![0; items.len()];
        for (now, place) in order.places.iter().enumerate() {
            place_now[*place] = now;
        }
        let moved = |places: &Vec<usize>| places.iter().map(|place| place_now[*place]).collect();
        let mut assembly = Assembly {
            needs: order.places.iter().map(|it| moved(&needs[*it])).collect(),
            items: order.places.iter().map(|it| items[*it].clone()).collect(),
            followers: vec![Vec::new(); items.len()],
            strays: Vec::new(),
            holders: holders
                .iter()
                .map(|(object, place)| (*object, place_now[*place]))
                .collect(),
            findings,
        };
        assembly.postpone();
        assembly
    }

    /// A view that needs a key comes after the data, as the key does.
    fn postpone(&mut self) {
        for place in 0..self.items.len() {
            let needs_late = self.needs[place]
                .iter()
                .any(|it| self.items[*it].entry.section == Section::PostData);
            let item = &mut self.items[place];
            if !needs_late || item.entry.section == Section::PostData {
                continue;
            }
            if item.entry.kind == Kind::Table {
                let title = title(&item.entry);
                self.findings.push(format!(
                    "{title} needs something that comes after its rows: restoring it may fail"
                ));
            } else {
                item.entry.section = Section::PostData;
            }
        }
    }

    /// Adds the followers of objects with an entry, and of objects that every database has. The check of a
    /// partition can come with its parent's.
    pub(super) fn attach(&mut self, followers: Vec<Follower>, graph: &Graph) {
        for Follower { of, entry } in followers {
            let holder = |it: Object| self.holders.get(&it).copied();
            match graph.search(of, &[Bond::Follows], holder) {
                Some(place) => self.followers[place].push(entry),
                None if of.oid < FIRST_USER_OID => self.strays.push(entry),
                // The census reports the object.
                None => {}
            }
        }
    }

    /// Whether an entry creates it, itself or through the server.
    pub(super) fn carries(&self, object: Object) -> bool {
        self.holders.contains_key(&object)
    }

    /// Findings about the entries themselves.
    pub(super) fn findings(&self) -> Vec<String> {
        let followers = self.followers.iter().flatten();
        let entries = self.items.iter().map(|item| &item.entry);
        let entries = entries.chain(followers).chain(&self.strays);
        let suspicious = entries.filter(|entry| {
            let texts = [&entry.definition, &entry.drop];
            texts.into_iter().any(|text| psql_might_run(text))
        });
        let suspicious = suspicious.map(|entry| {
            format!(
                "{} has text that psql would take for a command: do not run schema.sql with it",
                title(entry)
            )
        });
        suspicious.chain(self.findings.iter().cloned()).collect()
    }

    /// Numbers everything from 1: `head` first, then by section.
    pub(super) fn finish(
        self,
        head: Vec<Entry>,
        locked: &[LockedTable],
        columns: &Columns,
    ) -> (Vec<Entry>, Vec<Table>) {
        let mut entries = Vec::new();
        let mut ids = vec![0; self.items.len()];
        for entry in head {
            push(&mut entries, entry);
        }
        let mut strays = self.strays;
        for section in [Section::PreData, Section::Data, Section::PostData] {
            for (place, item) in self.items.iter().enumerate() {
                if item.entry.section != section {
                    continue;
                }
                ids[place] = push(&mut entries, item.entry.clone());
                for follower in &self.followers[place] {
                    let mut follower = follower.clone();
                    follower.dependencies = vec![ids[place]];
                    push(&mut entries, follower);
                }
            }
            // Everything that they can name exists now.
            for entry in strays.drain(..) {
                push(&mut entries, entry);
            }
        }
        for (place, needs) in self.needs.iter().enumerate() {
            let mut needs: Vec<i32> = needs.iter().map(|place| ids[*place]).collect();
            needs.sort_unstable();
            entries[index(ids[place])].dependencies = needs;
        }
        let locked: Vec<&LockedTable> = locked.iter().filter(|it| it.has_rows()).collect();
        let tables = in_foreign_key_order(&locked).into_iter();
        let tables = tables.filter_map(|table| {
            let place = self.holders.get(&Object::relation(table.relation.oid))?;
            Some((table, ids[*place]))
        });
        let tables = tables.zip(next_id(&entries)..);
        let tables = tables.map(|((table, entry), data)| copied(table, entry, data, columns));
        (entries, tables.collect())
    }
}

/// The order of items that do not depend on each other: by name, and by age where `pg_depend` does not have all. A
/// foreign key that references a partitioned table takes free names for the references to its partitions. A
/// materialized view can read another one through a function.
fn key(item: &Item) -> (Kind, Option<&str>, &str, u32) {
    let entry = &item.entry;
    match entry.kind {
        Kind::ForeignKey | Kind::Refresh => {
            let object = item.objects.first().or(item.after.first());
            (entry.kind, None, "", object.map_or(0, |it| it.oid))
        }
        kind => (kind, entry.namespace.as_deref(), &entry.tag, entry.oid),
    }
}

fn push(entries: &mut Vec<Entry>, mut entry: Entry) -> i32 {
    let id = next_id(entries);
    entry.id = id;
    entries.push(entry);
    id
}

fn next_id(entries: &[Entry]) -> i32 {
    i32::try_from(entries.len() + 1).expect("fewer than 2^31 objects")
}

fn index(id: i32) -> usize {
    usize::try_from(id - 1).expect("ids are from 1")
}

/// An item in a loop with one of these, and the two steps that create it.
fn in_two_steps(
    items: &[Item],
    needs: &[Vec<usize>],
    too_early: &[usize],
) -> Option<(usize, [Item; 2])> {
    too_early.iter().find_map(|early| {
        let mut loops = reachable(*early, needs)
            .into_iter()
            .filter(|it| items[*it].in_two.is_some() && reachable(*it, needs).contains(it))
            .collect::<Vec<_>>();
        loops.sort_by_key(|place| title(&items[*place].entry));
        let place = *loops.first()?;
        let steps = items[place].in_two.clone()?;
        Some((place, *steps))
    })
}

/// The first item that a table needs and that comes after the data, and the two steps that create it.
fn late_view(items: &[Item], needs: &[Vec<usize>], order: &Order) -> Option<(usize, [Item; 2])> {
    let mut late = vec![false; items.len()];
    let mut needed = HashSet::new();
    for place in &order.places {
        let entry = &items[*place].entry;
        let needs_late = needs[*place].iter().any(|it| late[*it]);
        late[*place] = needs_late || entry.section == Section::PostData;
        if needs_late && entry.kind == Kind::Table {
            needed.extend(reachable(*place, needs));
        }
    }
    let mut found = order.places.iter();
    found.find_map(|place| {
        let steps = items[*place].in_two.clone();
        let steps = steps.filter(|_| late[*place] && needed.contains(place))?;
        Some((*place, *steps))
    })
}

fn title(entry: &Entry) -> String {
    let schema = entry.namespace.as_deref().unwrap_or_default();
    let dot = if schema.is_empty() { "" } else { "." };
    let tag = entry.tag.escape_debug();
    format!("{} {schema}{dot}{tag}", entry.kind.words().to_lowercase())
}

/// Whether an extension creates it, it is temporary, or it is in a schema of the server. An index, a policy or
/// statistics of an extension's table can be the extension's or a user's: each has a statement that does nothing
/// if the extension makes it.
fn is_elsewhere(item: &Item, graph: &Graph) -> bool {
    let of_system = |schema: &str| schema.starts_with("pg_") || schema == "information_schema";
    let of_extension = |object: Object| match item.entry.kind {
        Kind::Extension | Kind::Index | Kind::Policy | Kind::RowSecurity | Kind::Statistics => {
            false
        }
        _ => graph.extension_beyond(object).is_some(),
    };
    let of_extension = |it: Object| of_extension(it) || graph.follows_extension(it);
    item.entry.namespace.as_deref().is_some_and(of_system)
        || item
            .objects
            .first()
            .or(item.after.first())
            .is_some_and(|object| of_extension(*object) || graph.is_temporary(*object))
}

/// Referenced tables first, so that rows can be loaded with the constraints in place.
fn in_foreign_key_order<'a>(tables: &[&'a LockedTable]) -> Vec<&'a LockedTable> {
    let places: HashMap<u32, usize> = tables
        .iter()
        .enumerate()
        .map(|(place, table)| (table.relation.oid, place))
        .collect();
    let needs: Vec<Vec<usize>> = tables
        .iter()
        .map(|table| {
            let referenced: HashSet<usize> = table
                .references
                .iter()
                .filter_map(|oid| places.get(oid).copied())
                .collect();
            referenced.into_iter().collect()
        })
        .collect();
    let keys: Vec<_> = tables
        .iter()
        .map(|table| (&table.relation.schema, &table.relation.name))
        .collect();
    let order = order(&keys, &needs);
    order.places.iter().map(|place| tables[*place]).collect()
}

fn copied(table: &LockedTable, entry: i32, data: i32, columns: &Columns) -> Table {
    let columns = columns
        .get(&table.relation.oid)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let copied = columns.iter().filter(|column| column.is_copied());
    Table {
        entry,
        data,
        schema: table.relation.schema.clone(),
        name: table.relation.name.clone(),
        owner: table.relation.owner.clone(),
        columns: copied.map(|column| column.name.clone()).collect(),
        pages: table.pages,
    }
}
