/** A lease as a worker sees it when it plans. */
export interface PlannedLease {
  readonly leaseKey: string
  readonly shardId: string
  readonly streamIdentifier: string | undefined
  /** The worker that has it, or that is to have it when a hand-over is complete; undefined when anybody may take it. */
  readonly owner: string | undefined
  /** The worker that is handing it over. */
  readonly handedOverBy: string | undefined
  /** How long anybody could have taken it, in milliseconds. */
  readonly freeForMillis: number
}

/** All that a plan goes by: the leases of shards that can be read now, those of closed shards that were read apart. */
export interface View {
  readonly worker: string
  readonly leases: ReadonlyArray<PlannedLease>
  /** The most leases this worker is to have. */
  readonly maxLeases: number
  /** The most leases this worker is to ask others for at once. */
  readonly maxMoves: number
  /** How long a lease lasts. */
  readonly leaseMillis: number
}

/** Lease keys: those to take, those to ask their owners for, those to let go. */
export interface Plan {
  readonly claim: ReadonlyArray<string>
  readonly request: ReadonlyArray<string>
  readonly release: ReadonlyArray<string>
}

/** FNV-1a, finished as MurmurHash3 is: neighbouring names come out far apart. */
const scatter = (text: string): number => {
  let bits = 0x811c9dc5
  for (let index = 0; index < text.length; index++) bits = Math.imul(bits ^ text.charCodeAt(index), 0x01000193)
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

/** Each worker in an order of its own, so that few reach for the same lease. */
const inOrderOf = (worker: string, leases: ReadonlyArray<PlannedLease>): ReadonlyArray<PlannedLease> =>
  leases
    .map((lease) => [scatter(`${worker}/${lease.leaseKey}`), lease] as const)
    .sort(([a], [b]) => a - b)
    .map(([, lease]) => lease)

interface Loads {
  readonly ofWorkers: Map<string, number>
  readonly mine: number
}

/** Whoever owns a lease or hands one over is there, and so is this worker. */
const loadsOf = ({ leases, worker }: View): Loads => {
  const ofWorkers = new Map([[worker, 0]])
  for (const { handedOverBy, owner } of leases) {
    if (owner === undefined) continue
    ofWorkers.set(owner, (ofWorkers.get(owner) ?? 0) + 1)
    if (handedOverBy !== undefined && !ofWorkers.has(handedOverBy)) ofWorkers.set(handedOverBy, 0)
  }
  return { ofWorkers, mine: ofWorkers.get(worker)! }
}

/** The share of each worker: so many at least, and so many at most. */
export const share = (leases: number, workers: number): { readonly least: number; readonly most: number } => ({
  least: Math.floor(leases / workers),
  most: Math.ceil(leases / workers)
})

/** A lease that nobody has taken for so many times as long as a lease lasts is taken beyond the share: others may be full. */
const overdueAfter = 2

/** The leases to ask for: those of the most loaded worker, while that makes the two more equal. */
const requests = (view: View, { mine, ofWorkers }: Loads): ReadonlyArray<PlannedLease> => {
  const { leases, maxLeases, maxMoves, worker } = view
  const loads = new Map(ofWorkers)
  const given = new Map<string, Array<PlannedLease>>()
  const { least } = share(leases.length, loads.size)
  const chosen: Array<PlannedLease> = []
  while (chosen.length < Math.min(maxMoves, maxLeases - mine)) {
    const have = mine + chosen.length
    const [victim, load] = [...loads].reduce((most, other) => other[1] > most[1] ? other : most, ["", 0] as const)
    if (victim === worker || load < have + 2 || load <= least) break
    const theirs = given.get(victim) ??
      [...inOrderOf(worker, leases.filter((each) => each.owner === victim && each.handedOverBy === undefined))]
    given.set(victim, theirs)
    const lease = theirs.shift()
    if (lease === undefined) loads.delete(victim)
    else {
      chosen.push(lease)
      loads.set(victim, load - 1)
    }
  }
  return chosen
}

/**
 * Shares the leases evenly. A worker keeps what it has, takes its whole share of what is free at once, and asks for more only when nothing
 * is free and another has at least two more than it has; so a fleet whose shares differ by one makes no move.
 */
export const balanced = (view: View): Plan => {
  const { leaseMillis, leases, maxLeases, worker } = view
  const loads = loadsOf(view)
  const free = inOrderOf(worker, leases.filter((lease) => lease.owner === undefined))
  const room = maxLeases - loads.mine
  const { most } = share(leases.length, loads.ofWorkers.size)
  const inShare = Math.max(0, Math.min(most - loads.mine, room, free.length))
  const overdue = free.slice(inShare).filter((lease) => lease.freeForMillis >= overdueAfter * leaseMillis)
  const beyond = Math.max(0, Math.min(Math.ceil(overdue.length / loads.ofWorkers.size), room - inShare))
  return {
    claim: [...free.slice(0, inShare), ...overdue.slice(0, beyond)].map((lease) => lease.leaseKey),
    request: free.length > 0 ? [] : requests(view, loads).map((lease) => lease.leaseKey),
    release: []
  }
}

/** This worker is to have just the leases that are wanted. */
export const only =
  (isWanted: (lease: PlannedLease) => boolean) => ({ leases, maxLeases, maxMoves, worker }: View): Plan => {
    const keys = (chosen: ReadonlyArray<PlannedLease>) => chosen.map((lease) => lease.leaseKey)
    const mine = leases.filter((lease) => lease.owner === worker)
    const wanted = leases.filter((lease) => lease.owner !== worker && isWanted(lease)).slice(0, maxLeases - mine.length)
    return {
      claim: keys(wanted.filter((lease) => lease.owner === undefined)),
      request: keys(wanted.filter((lease) => lease.owner !== undefined && lease.handedOverBy === undefined))
        .slice(0, maxMoves),
      release: keys(mine.filter((lease) => lease.handedOverBy === undefined && !isWanted(lease)))
    }
  }

/** Who is to have the leases of a worker that leaves: the others, the least loaded first; nobody when there is no other. */
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
