/** Everything reachable by `next` from the given shards: parents' parents, children's children. */
export const reachable = (
  from: Iterable<string>,
  next: (shardId: string) => Iterable<string>
): ReadonlySet<string> => {
  const reached = new Set<string>()
  const pending = [...from]
  for (let shardId = pending.pop(); shardId !== undefined; shardId = pending.pop()) {
    for (const neighbour of next(shardId)) {
      if (!reached.has(neighbour)) {
        reached.add(neighbour)
        pending.push(neighbour)
      }
    }
  }
  return reached
}
