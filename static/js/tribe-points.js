// How points move between the sliders of a tribe. Knows no page.

const sum = (points) => points.reduce((all, some) => all + some, 0);

// The points when one slider shall have so many. What is not left over is taken, point by point, from
// the other slider that has most then; so that never more than `total` are spent.
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

// An amount raised by sliders, rounded half up to decimals, as tribes.bonuses has it. A point is a
// twentieth: whole twentieths are exact, where sums of 0.05 are not.
export function raised(base, spent, decimals) {
  const exact = spent.reduce((amount, points) => amount * (20 + points), base * 10 ** decimals);
  return Math.round(exact / 20 ** spent.length) / 10 ** decimals;
}

export { sum };
