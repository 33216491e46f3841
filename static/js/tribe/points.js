// How points move between the sliders of a tribe. Knows no page.

/**
 * Returns the sum of some points.
 * @param {number[]} points
 */
export const sum = (points) => points.reduce((total, some) => total + some, 0);

/**
 * Returns the points when one slider is set to a value. What is not left over is taken, point by point, from
 * the other slider that has most then; so that never more than `total` are spent.
 * @param {number[]} points
 * @param {number} index of the slider
 * @param {number} wanted
 * @param {number} total
 */
export function spend(points, index, wanted, total) {
  const next = points.with(index, wanted);
  for (let over = sum(next) - total; over > 0; over -= 1) {
    let donor = -1;
    next.forEach((some, n) => {
      if (n !== index && (donor < 0 || some > next[donor])) donor = n;
    });
    next[donor] -= 1;
  }
  return next;
}

/**
 * Returns an amount raised by sliders, rounded half up to decimals, as tribes.bonuses has it. A point is a
 * twentieth: whole twentieths are exact, where sums of 0.05 are not.
 * @param {number} base
 * @param {number[]} spent the points of each slider that raises it
 * @param {number} decimals
 */
export function raised(base, spent, decimals) {
  const exact = spent.reduce((amount, points) => amount * (20 + points), base * 10 ** decimals);
  return Math.round(exact / 20 ** spent.length) / 10 ** decimals;
}
