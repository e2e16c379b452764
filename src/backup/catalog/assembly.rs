//! Items into entries: what needs what, in which order, under which number.

use std::collections::{HashMap, HashSet};

use super::Table;
use super::columns::Columns;
use super::graph::Graph;
use super::item::{FIRST_USER_OID, Item, Object};
use super::locks::LockedTable;
use super::needs::{Holders, holders, lacking, needs, reachable};
use super::order::{Order, order};
use super::sql::psql_might_run;
use pgarchive::{Entry, Kind, Section};

/// An entry that hangs on an object: a comment, a grant.
pub(super) struct Follower {
    pub(super) of: Object,
    pub(super) entry: Entry,
}

/// All items, in order.
pub(super) struct Assembly {
    items: Vec<Item>,
    /// For each item the places of those that it needs.
    needs: Vec<Vec<usize>>,
    followers: Vec<Vec<Entry>>,
    /// Followers of what every database has.
    strays: Vec<Entry>,
    holders: Holders,
    /// Findings about the order.
    amiss: Vec<String>,
}

impl Assembly {
    /// Of those items that this database has of its own and that an archive can hold whole. Of items that
    /// need each other, one is made in two steps. Where none can be, and where an item needs what is not
    /// carried, it is left to the census.
    pub(super) fn new(mut items: Vec<Item>, graph: &Graph) -> Assembly {
        items.retain(|item| !is_elsewhere(item, graph));
        loop {
            let holders = holders(&items, graph);
            let mut left_out = lacking(&items, &holders, graph);
            let needs = needs(&items, &holders, graph);
            let order = order(&keys(&items), &needs);
            let in_two = in_two_steps(&items, &needs, &order.too_early);
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
        let amiss = order
            .too_early
            .iter()
            .map(|place| title(&items[*place].entry));
        let amiss = amiss
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
            amiss,
        };
        assembly.postpone();
        assembly
    }

    /// A view can need a key, which comes after the data; then so does the view.
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
                self.amiss.push(format!(
                    "{title} needs something that comes after its rows: restoring it may fail"
                ));
            } else {
                item.entry.section = Section::PostData;
            }
        }
    }

    /// Adds what hangs on carried objects, or on what every database has.
    pub(super) fn attach(&mut self, followers: Vec<Follower>) {
        for Follower { of, entry } in followers {
            match self.holders.get(&of) {
                Some(place) => self.followers[*place].push(entry),
                None if of.oid < FIRST_USER_OID => self.strays.push(entry),
                // The census names the object.
                None => {}
            }
        }
    }

    /// Whether an entry makes it, or makes the server make it.
    pub(super) fn carries(&self, object: Object) -> bool {
        self.holders.contains_key(&object)
    }

    /// What is amiss with the entries themselves.
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
        suspicious.chain(self.amiss.iter().cloned()).collect()
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
            // Once all that they may name is there.
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
        let tables = in_foreign_key_order(&locked);
        let tables = tables.into_iter().filter_map(|table| {
            let place = self.holders.get(&Object::relation(table.relation.oid))?;
            Some(copied(table, ids[*place], columns))
        });
        (entries, tables.collect())
    }
}

/// What decides where needs leave a choice.
fn keys(items: &[Item]) -> Vec<(Kind, &Option<String>, &String, u32)> {
    items
        .iter()
        .map(|it| {
            (
                it.entry.kind,
                &it.entry.namespace,
                &it.entry.tag,
                it.entry.oid,
            )
        })
        .collect()
}

fn push(entries: &mut Vec<Entry>, mut entry: Entry) -> i32 {
    entry.id = i32::try_from(entries.len() + 1).expect("fewer than 2^31 objects");
    entries.push(entry);
    entries.len().try_into().expect("fewer than 2^31 objects")
}

fn index(id: i32) -> usize {
    usize::try_from(id - 1).expect("ids are from 1")
}

/// An item that one of these needs and that needs itself, and the steps that it can be made in.
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

fn title(entry: &Entry) -> String {
    let schema = entry.namespace.as_deref().unwrap_or_default();
    let dot = if schema.is_empty() { "" } else { "." };
    let tag = entry.tag.escape_debug();
    format!("{} {schema}{dot}{tag}", entry.kind.words().to_lowercase())
}

/// Whether it comes with an extension or goes with a session, or lies in a schema of the server. A user
/// can give an extension's table more indexes.
fn is_elsewhere(item: &Item, graph: &Graph) -> bool {
    let of_system = |schema: &str| schema.starts_with("pg_") || schema == "information_schema";
    let of_extension = |object: Object| match item.entry.kind {
        Kind::Extension => false,
        Kind::Index => graph.extension(object).is_some(),
        _ => graph.extension_beyond(object).is_some(),
    };
    item.entry.namespace.as_deref().is_some_and(of_system)
        || item
            .objects
            .first()
            .or(item.after.first())
            .is_some_and(|object| of_extension(*object) || graph.is_temporary(*object))
}

/// The referenced one first, so that rows can also be loaded under the constraints.
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

fn copied(table: &LockedTable, entry: i32, columns: &Columns) -> Table {
    let columns = columns
        .get(&table.relation.oid)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let copied = columns.iter().filter(|column| column.is_copied());
    Table {
        entry,
        schema: table.relation.schema.clone(),
        name: table.relation.name.clone(),
        owner: table.relation.owner.clone(),
        columns: copied.map(|column| column.name.clone()).collect(),
        pages: table.pages,
    }
}
