// Distributes points between the sliders of a tribe. Independent of the page.

/**
 * Returns the sum of all points.
 * @param {number[]} points
 */
export const sum = (points) => points.reduce((total, count) => total + count, 0);

/**
 * Returns the points after one slider is set to a value. Points beyond `total` are taken, one by one, from the
 * other slider that has the most.
 * @param {number[]} points
 * @param {number} index of the slider
 * @param {number} wanted
 * @param {number} total
 */
export function spend(points, index, wanted, total) {
  const next = points.with(index, wanted);
  for (let over = sum(next) - total; over > 0; over -= 1) {
    let donor = -1;
    next.forEach((count, n) => {
      if (n !== index && (donor < 0 || count > next[donor])) donor = n;
    });
    next[donor] -= 1;
  }
  return next;
}

/**
 * Returns an amount raised by sliders, rounded half up, like tribes.bonuses. It counts in whole twentieths,
 * because sums of 0.05 are not exact.
 * @param {number} base
 * @param {number[]} spent the points of each slider that raises it
 * @param {number} decimals
 */
export function raised(base, spent, decimals) {
  const exact = spent.reduce((amount, points) => amount * (20 + points), base * 10 ** decimals);
  return Math.round(exact / 20 ** spent.length) / 10 ** decimals;
}
