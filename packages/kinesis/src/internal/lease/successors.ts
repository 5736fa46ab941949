import type { View } from "../../LeaseBalancer.js"

/** Which workers get the leases of one that leaves: the others, the least loaded first; none if there is no other. */
export const successors = (
  { leases, worker }: Pick<View, "leases" | "worker">,
  leaving: ReadonlyArray<string>
): ReadonlyMap<string, string | undefined> => {
  const loads = new Map<string, number>()
  for (const { owner } of leases) {
    if (owner !== undefined && owner !== worker) loads.set(owner, (loads.get(owner) ?? 0) + 1)
  }
  const all = new Map<string, string | undefined>()
  for (const leaseKey of leaving) {
    const [next] = [...loads].sort(([a, has], [b, hasToo]) => has - hasToo || (a < b ? -1 : 1))
    if (next !== undefined) loads.set(next[0], next[1] + 1)
    all.set(leaseKey, next?.[0])
  }
  return all
}
