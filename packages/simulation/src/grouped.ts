/** The values of each key, in their order; the keys in the order in which they first come. */
export const grouped = <A, K>(
  values: ReadonlyArray<A>,
  keyOf: (value: A) => K
): ReadonlyMap<K, ReadonlyArray<A>> => {
  const groups = new Map<K, Array<A>>()
  for (const value of values) {
    const key = keyOf(value)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [value])
    else group.push(value)
  }
  return groups
}
