//! The item that creates each object, and so the dependencies between items.

use std::collections::{HashMap, HashSet};

use super::graph::{Bond, Graph, PART_OF};
use super::item::{FIRST_USER_OID, Item, Object};
use pgarchive::Kind;

/// For each object, the position of the item that creates it.
pub(super) type Holders = HashMap<Object, usize>;

/// Assigns objects to items: those that an item lists, those that the server creates for them, and those of
/// extensions.
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
        let found = graph.search(object, PART_OF, holder);
        // An extension also creates what is dropped with its members, such as the key of a table.
        let found = found.or_else(|| named.get(&graph.extension_beyond(object)?));
        holders.extend(found.map(|place| (object, *place)));
    }
    holders
}

/// The object that an item needs.
struct Need {
    place: usize,
    object: Object,
    bond: Bond,
}

fn needed<'a>(
    items: &'a [Item],
    holders: &'a Holders,
    graph: &'a Graph,
) -> impl Iterator<Item = Need> + 'a {
    let by_catalog = holders.iter().flat_map(|(object, place)| {
        let bonds = graph.bonds(*object).iter();
        // CREATE EXTENSION creates its members, with everything that they need.
        let is_of_extension = items[*place].entry.kind == Kind::Extension
            && graph.extension_beyond(*object).is_some();
        // A table is created with its own constraints.
        let kind = items[*place].entry.kind;
        let is_table = matches!(kind, Kind::Table | Kind::ForeignTable);
        let bonds = bonds.filter(move |(_, bond)| {
            let is_of_table = is_table && *bond == Bond::Follows;
            !is_of_extension && !is_of_table
        });
        bonds.map(|(object, bond)| Need {
            place: *place,
            object: *object,
            bond: *bond,
        })
    });
    let by_item = items.iter().enumerate().flat_map(|(place, item)| {
        let after = item.after.iter();
        after.map(move |object| Need {
            place,
            object: *object,
            bond: Bond::Needs,
        })
    });
    by_catalog.chain(by_item)
}

/// Items that need an object without an entry could not be restored. A table is kept for its rows: the census
/// reports the object, and an operator can create it by hand.
pub(super) fn lacking(items: &[Item], holders: &Holders, graph: &Graph) -> HashSet<usize> {
    needed(items, holders, graph)
        .filter(|need| {
            items[need.place].entry.kind != Kind::Table
                && need.bond != Bond::Follows
                && need.object.oid >= FIRST_USER_OID
                && !holders.contains_key(&need.object)
        })
        .map(|need| need.place)
        .collect()
}

/// For each item, the positions of the items that it needs.
pub(super) fn needs(items: &[Item], holders: &Holders, graph: &Graph) -> Vec<Vec<usize>> {
    let mut needs = vec![HashSet::new(); items.len()];
    for Need { place, object, .. } in needed(items, holders, graph) {
        // A partition's trigger can follow one without an item, which follows another.
        let needed = graph.search(object, &[Bond::Follows], |it| holders.get(&it).copied());
        needs[place].extend(needed.filter(|needed| *needed != place));
    }
    order_refreshes(items, holders, &mut needs);
    needs
        .into_iter()
        .map(|it| it.into_iter().collect())
        .collect()
}

/// A materialized view that reads another one, directly or through views, is filled after it.
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

/// The positions of everything that it needs, directly or through others.
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
