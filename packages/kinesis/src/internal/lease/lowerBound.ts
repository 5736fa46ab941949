/** The first index from `from` up to `to` for which the test fails, given that it holds for all before that one. */
export const lowerBound = (from: number, to: number, isBefore: (index: number) => boolean): number => {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(middle)) low = middle + 1
    else high = middle
  }
  return low
}
