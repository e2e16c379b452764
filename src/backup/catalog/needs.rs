//! Which item carries an object, and so which items need which.

use std::collections::{HashMap, HashSet};

use super::graph::{Bond, Graph};
use super::item::{FIRST_USER_OID, Item, Object};
use pgarchive::Kind;

/// Of each object the place of the item that carries it.
pub(super) type Holders = HashMap<Object, usize>;

/// Who carries what: what the items name, what the server makes by itself for that, and what the
/// extensions among them bring.
pub(super) fn holders(items: &[Item], graph: &Graph) -> Holders {
    let mut holders = Holders::new();
    for (place, item) in items.iter().enumerate() {
        holders.extend(item.objects.iter().map(|object| (*object, place)));
    }
    let named = holders.clone();
    for object in graph.objects() {
        if named.contains_key(&object) {
            continue;
        }
        let holder = |it: Object| {
            let extension = graph.extension(it);
            named.get(&it).or_else(|| named.get(&extension?))
        };
        if let Some(found) = graph.find(object, holder) {
            holders.insert(object, *found);
        }
    }
    holders
}

/// Each item that needs another: its place, and the object needed.
fn needed<'a>(
    items: &'a [Item],
    holders: &'a Holders,
    graph: &'a Graph,
) -> impl Iterator<Item = (usize, Object, Bond)> + 'a {
    let told = holders.iter().flat_map(|(object, place)| {
        let bonds = graph.bonds(*object).iter();
        // CREATE EXTENSION makes the members of an extension, with everything that they need.
        let bonds = bonds.filter(|_| graph.extension(*object).is_none());
        bonds.map(|(needed, bond)| (*place, *needed, *bond))
    });
    let added = items.iter().enumerate().flat_map(|(place, item)| {
        let after = item.after.iter();
        after.map(move |needed| (place, *needed, Bond::Needs))
    });
    told.chain(added)
}

/// Items that need what nobody carries could not be restored. A table is kept nevertheless, for
/// its rows: what it lacks is named, and can be made by hand.
pub(super) fn lacking(items: &[Item], holders: &Holders, graph: &Graph) -> HashSet<usize> {
    needed(items, holders, graph)
        .filter(|(place, needed, bond)| {
            items[*place].entry.kind != Kind::Table
                && *bond != Bond::Follows
                && needed.oid >= FIRST_USER_OID
                && !holders.contains_key(needed)
        })
        .map(|(place, ..)| place)
        .collect()
}

/// For each item the places of those that it needs.
pub(super) fn needs(items: &[Item], holders: &Holders, graph: &Graph) -> Vec<Vec<usize>> {
    let mut needs = vec![HashSet::new(); items.len()];
    for (place, object, _) in needed(items, holders, graph) {
        let needed = holders.get(&object);
        needs[place].extend(needed.filter(|needed| **needed != place));
    }
    order_refreshes(items, holders, &mut needs);
    needs
        .into_iter()
        .map(|it| it.into_iter().collect())
        .collect()
}

/// A materialized view that reads another one is filled after it, however many views lie between.
fn order_refreshes(items: &[Item], holders: &Holders, needs: &mut [HashSet<usize>]) {
    let mut refresh_of = HashMap::new();
    for (place, item) in items.iter().enumerate() {
        if item.entry.kind == Kind::Refresh {
            let view = item.after.first().and_then(|view| holders.get(view));
            refresh_of.extend(view.map(|view| (*view, place)));
        }
    }
    for (view, refresh) in &refresh_of {
        for read in reachable(*view, needs) {
            needs[*refresh].extend(refresh_of.get(&read).filter(|other| *other != refresh));
        }
    }
}

/// Everything that it needs, directly or through others.
pub(super) fn reachable<'a, N>(from: usize, needs: &'a [N]) -> HashSet<usize>
where
    &'a N: IntoIterator<Item = &'a usize>,
{
    let mut seen = HashSet::new();
    let mut open = vec![from];
    while let Some(place) = open.pop() {
        open.extend(needs[place].into_iter().filter(|it| seen.insert(**it)));
    }
    seen
}
