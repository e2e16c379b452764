//! Work that several sessions share.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::try_join_all;

/// Does all pieces of work, each on the next of these workers that is free. Returns the results in the order
/// of the work.
pub(super) async fn run<'a, W, T, R, E, F>(
    workers: &'a [W],
    work: &'a [T],
    one: impl Fn(&'a W, &'a T) -> F,
) -> Result<Vec<R>, E>
where
    F: Future<Output = Result<R, E>>,
{
    let (next, one) = (&AtomicUsize::new(0), &one);
    let working = workers.iter().map(|worker| async move {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = work.get(index) else {
                return Ok(done);
            };
            done.push((index, one(worker, piece).await?));
        }
    });
    let mut done: Vec<(usize, R)> = try_join_all(working).await?.into_iter().flatten().collect();
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}
