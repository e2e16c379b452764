//! A topological order. Things that do not depend on each other are ordered by their keys.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// An order of positions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// Every position once.
    pub(super) places: Vec<usize>,
    /// Those that come before something that they need, because of a loop.
    pub(super) too_early: Vec<usize>,
}

/// Orders the positions of `keys`. `needs` has, for each, the positions that must come before it.
pub(super) fn order<K: Ord>(keys: &[K], needs: &[Vec<usize>]) -> Order {
    let mut waiting_for: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut needed_by = vec![Vec::new(); keys.len()];
    for (place, needs) in needs.iter().enumerate() {
        for needed in needs {
            needed_by[*needed].push(place);
        }
    }
    // Ranks stand for keys, which can be expensive to copy.
    let mut by_key: Vec<usize> = (0..keys.len()).collect();
    by_key.sort_by(|one, other| keys[*one].cmp(&keys[*other]));
    let mut rank = vec![0; keys.len()];
    for (its_rank, place) in by_key.iter().enumerate() {
        rank[*place] = its_rank;
    }
    let mut free: BinaryHeap<Reverse<usize>> = (0..keys.len())
        .filter(|place| waiting_for[*place] == 0)
        .map(|place| Reverse(rank[place]))
        .collect();
    let mut done = vec![false; keys.len()];
    let mut order = Order {
        places: Vec::with_capacity(keys.len()),
        too_early: Vec::new(),
    };
    let mut next_stuck = 0;
    while order.places.len() < keys.len() {
        let place = if let Some(Reverse(rank)) = free.pop() {
            by_key[rank]
        } else {
            // Only loops remain, and things that need them: the smallest key goes first.
            while done[by_key[next_stuck]] {
                next_stuck += 1;
            }
            order.too_early.push(by_key[next_stuck]);
            by_key[next_stuck]
        };
        if done[place] {
            continue;
        }
        done[place] = true;
        order.places.push(place);
        for dependent in &needed_by[place] {
            waiting_for[*dependent] -= 1;
            if waiting_for[*dependent] == 0 && !done[*dependent] {
                free.push(Reverse(rank[*dependent]));
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needed_things_come_first_and_others_by_key() {
        let order = order(&["c", "a", "b"], &[vec![], vec![0], vec![]]);
        assert_eq!(order.places, [2, 0, 1]);
        assert_eq!(order.too_early, [0; 0]);
    }

    #[test]
    fn a_loop_is_broken_at_the_smallest_key_and_reported() {
        let needs = [vec![1], vec![0], vec![1], vec![]];
        let order = order(&["b", "a", "c", "d"], &needs);
        assert_eq!(order.places, [3, 1, 0, 2]);
        assert_eq!(order.too_early, [1]);
    }
}
