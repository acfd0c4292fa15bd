//! From the areas of the finest level to all areas.

use metering::disclosure::Nesting;

/// What every area comes to, in the nesting's order, `add` adding a part to the whole that it lies in. Without any
/// `leaves`, every area comes to nothing.
pub(super) fn summed_up<T: Clone + Default>(
    leaves: &[T],
    nesting: &Nesting,
    add: impl Fn(&mut T, &T),
) -> Vec<T> {
    let mut areas = vec![T::default(); nesting.len() - leaves.len()];
    areas.extend_from_slice(leaves);
    with_parts(areas, nesting, add)
}

/// The same, of what is each area's own, that of the areas within it not included.
pub(super) fn with_parts<T>(mut areas: Vec<T>, nesting: &Nesting, add: impl Fn(&mut T, &T)) -> Vec<T> {
    // Larger areas stand before those within them.
    for area in (1..areas.len()).rev() {
        if let Some(parent) = nesting.parent(area) {
            let (larger, rest) = areas.split_at_mut(area);
            add(&mut larger[parent], &rest[0]);
        }
    }
    areas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_summed_up_level_by_level() {
        let nesting = Nesting::new(vec![vec![None], vec![Some(0), Some(0)], vec![Some(1), Some(1), Some(2)]]);
        let sums = |leaves: &[u32]| summed_up(leaves, &nesting, |whole, part| *whole += part);
        assert_eq!(sums(&[1, 2, 4]), [7, 3, 4, 1, 2, 4]);
        assert_eq!(sums(&[]), [0; 6]);
    }
}
