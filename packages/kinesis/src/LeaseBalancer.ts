/**
 * Who should have which lease: decided by each worker for itself, from what it sees in the table, as data to data.
 *
 * @since 0.1.0
 */
/**
 * A lease of a shard that can be read now, as the worker that plans sees it.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlannedLease {
  readonly leaseKey: string
  readonly shardId: string
  readonly streamIdentifier: string | undefined
  /** The worker that has it, or that is to have it when a hand-off is complete; undefined when anybody may take it. */
  readonly owner: string | undefined
  /** The worker that is handing it off. */
  readonly handedOffBy: string | undefined
  /** How long anybody could have taken it, in milliseconds. */
  readonly freeForMillis: number
  /** Its owner did not answer when it was asked to hand a lease off: to ask it again is of no use. */
  readonly isSilent?: boolean | undefined
}

/**
 * All that a plan goes by: the leases of shards that can be read now. Those of closed shards that were read to their ends are not among them.
 *
 * @since 0.1.0
 * @category models
 */
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

/**
 * What the worker is to do: the keys of the leases to take, of those to ask their owners for, and of those to let go. Leases that are not
 * as the plan believes are left alone: every write is conditional.
 *
 * @since 0.1.0
 * @category models
 */
export interface Plan {
  readonly claim: ReadonlyArray<string>
  readonly request: ReadonlyArray<string>
  readonly release: ReadonlyArray<string>
}

/**
 * Makes a plan, anew at each balancing. One that throws, or returns something else, fails the consumer with `InvalidArgument`.
 *
 * @since 0.1.0
 * @category models
 */
export type LeaseBalancer = (view: View) => Plan

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
  readonly ofWorkers: ReadonlyMap<string, number>
  readonly mine: number
  /** How many more leases this worker can have; it still has those that it is handing over. */
  readonly room: number
}

/** Whoever owns a lease or hands one off is there, and so is this worker. */
const loadsOf = ({ leases, maxLeases, worker }: View): Loads => {
  const ofWorkers = new Map([[worker, 0]])
  let leaving = 0
  for (const { handedOffBy, owner } of leases) {
    if (owner === undefined) continue
    ofWorkers.set(owner, (ofWorkers.get(owner) ?? 0) + 1)
    if (handedOffBy === worker) leaving++
    else if (handedOffBy !== undefined && !ofWorkers.has(handedOffBy)) ofWorkers.set(handedOffBy, 0)
  }
  const mine = ofWorkers.get(worker)!
  return { ofWorkers, mine, room: Math.max(0, maxLeases - mine - leaving) }
}

/** The share of each worker: so many at least, and so many at most. */
export const share = (leases: number, workers: number): { readonly least: number; readonly most: number } => ({
  least: Math.floor(leases / workers),
  most: Math.ceil(leases / workers)
})

/** A lease that nobody has taken for so many times as long as a lease lasts is taken beyond the share: others may be full. */
const overdueAfter = 2

/** How many leases too many each worker has: the larger shares are of those that have most, so that least is moved. */
const surplusOf = (loads: ReadonlyMap<string, number>, least: number, larger: number): Map<string, number> =>
  new Map(
    [...loads]
      .sort(([a, has], [b, hasToo]) => hasToo - has || (a < b ? -1 : 1))
      .map(([worker, load], index) => [worker, load - least - (index < larger ? 1 : 0)])
  )

/**
 * The leases to ask for. Whoever sees the same leases finds the same ones to be too many, so that all who ask at once leave each worker its
 * share. Those that own nothing are not seen by one another: they choose among all that anybody has above the lesser share.
 */
const requests = (
  { leases, maxMoves, worker }: View,
  { mine, ofWorkers, room }: Loads
): ReadonlyArray<PlannedLease> => {
  const { least } = share(leases.length, ofWorkers.size)
  const surplus = surplusOf(ofWorkers, least, mine === 0 ? 0 : leases.length - least * ofWorkers.size)
  const wanted = Math.min(-surplus.get(worker)!, room, maxMoves)
  if (wanted <= 0) return []
  const movable = leases.filter((each) =>
    each.handedOffBy === undefined && each.isSilent !== true && surplus.get(each.owner!)! > 0
  )
  const tooMany = inOrderOf("", movable).filter(({ owner }) => {
    const left = surplus.get(owner!)!
    surplus.set(owner!, left - 1)
    return left > 0
  })
  return inOrderOf(worker, tooMany).slice(0, wanted)
}

/**
 * Shares the leases evenly: shares differ by at most one, a worker keeps what it has, takes its whole share of what is free at once, and
 * asks others for at most `maxMoves` at a time. A lease that nobody takes for twice as long as a lease lasts is taken beyond the share.
 *
 * @example
 * ```ts
 * import { LeaseBalancer } from "effect-kinesis"
 *
 * // Half of what is even: for a worker on a smaller machine.
 * const half: LeaseBalancer.LeaseBalancer = (view) => {
 *   const plan = LeaseBalancer.balanced(view)
 *   return { ...plan, claim: plan.claim.slice(0, Math.ceil(plan.claim.length / 2)), request: [] }
 * }
 * ```
 *
 * @since 0.1.0
 * @category plans
 */
export const balanced: LeaseBalancer = (view) => {
  const { leaseMillis, leases, worker } = view
  const loads = loadsOf(view)
  const { mine, ofWorkers, room } = loads
  const free = inOrderOf(worker, leases.filter((lease) => lease.owner === undefined))
  const { most } = share(leases.length, ofWorkers.size)
  const inShare = Math.max(0, Math.min(most - mine, room))
  const overdue = free.slice(inShare).filter((lease) => lease.freeForMillis >= overdueAfter * leaseMillis)
  // Whoever has not its share after so long is full: the others take the rest among them.
  const takers = [...ofWorkers].filter(([other, load]) => other === worker || load >= most).length
  const beyond = Math.min(Math.ceil(overdue.length / takers), Math.max(0, room - inShare))
  return {
    claim: [...free.slice(0, inShare), ...overdue.slice(0, beyond)].map((lease) => lease.leaseKey),
    request: free.length > 0 ? [] : requests(view, loads).map((lease) => lease.leaseKey),
    release: []
  }
}

/**
 * This worker is to have the leases that are wanted and no others: it takes those that are free, asks for those that others have, and lets
 * go of the rest. Who sees to it that each lease is wanted somewhere is the caller.
 *
 * @example
 * ```ts
 * import { LeaseBalancer } from "effect-kinesis"
 *
 * const firstTen = LeaseBalancer.only(({ shardId }) => Number(shardId.slice(-12)) < 10)
 * ```
 *
 * @since 0.1.0
 * @category plans
 */
export const only = (isWanted: (lease: PlannedLease) => boolean): LeaseBalancer => (view) => {
  const { leases, maxMoves, worker } = view
  const { room } = loadsOf(view)
  const keys = (chosen: ReadonlyArray<PlannedLease>) => chosen.map((lease) => lease.leaseKey)
  const mine = leases.filter((lease) => lease.owner === worker)
  const wanted = leases.filter((lease) => lease.owner !== worker && isWanted(lease))
  const free = wanted.filter((lease) => lease.owner === undefined).slice(0, room)
  const others = wanted.filter((lease) =>
    lease.owner !== undefined && lease.handedOffBy === undefined && lease.isSilent !== true
  )
  return {
    claim: keys(free),
    request: keys(others.slice(0, Math.min(maxMoves, room - free.length))),
    release: keys(mine.filter((lease) => lease.handedOffBy === undefined && !isWanted(lease)))
  }
}
