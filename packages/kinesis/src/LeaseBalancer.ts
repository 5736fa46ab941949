/**
 * Which worker should have which lease. Each worker decides for itself from what it sees in the table, by a pure function.
 *
 * @since 0.1.0
 */
/**
 * A lease of a shard that can be read now, as the planning worker sees it.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlannedLease {
  /** The lease's key, which a {@link Plan} names. */
  readonly leaseKey: string
  /** The shard. */
  readonly shardId: string
  /** The stream, in a table of several. */
  readonly streamIdentifier: string | undefined
  /** The worker that has it, or will have it when a hand-off is complete; undefined when any worker may take it. */
  readonly owner: string | undefined
  /** The worker that is handing it off. */
  readonly handedOffBy: string | undefined
  /** For how long it has been free to take, in milliseconds. */
  readonly freeForMillis: number
  /** Its owner did not respond to a request to hand a lease off: asking again is useless. */
  readonly isSilent?: boolean | undefined
}

/**
 * The input of a plan: the leases of shards that can be read now. Leases of closed shards that were read to their ends are not among them.
 *
 * @since 0.1.0
 * @category models
 */
export interface View {
  /** The worker that plans. */
  readonly worker: string
  /** All leases that can be had. */
  readonly leases: ReadonlyArray<PlannedLease>
  /** The most leases this worker may have. */
  readonly maxLeases: number
  /** The most leases this worker may request from others at once. */
  readonly maxMoves: number
  /** How long a lease lasts. */
  readonly leaseMillis: number
}

/**
 * What the worker should do: the keys of the leases to claim, to request from their owners, and to release. A lease that has changed since
 * is left alone: every write is conditional.
 *
 * @since 0.1.0
 * @category models
 */
export interface Plan {
  /** Free leases to take. */
  readonly claim: ReadonlyArray<string>
  /** Leases to ask their owners for. */
  readonly request: ReadonlyArray<string>
  /** Own leases to give up. */
  readonly release: ReadonlyArray<string>
}

/**
 * Makes a plan at each balancing. If it throws or returns anything else, the consumer fails with `InvalidArgument`.
 *
 * @since 0.1.0
 * @category models
 */
export type LeaseBalancer = (view: View) => Plan

/** FNV-1a with the finalizer of MurmurHash3: similar names get distant values. */
const scatter = (text: string): number => {
  let bits = 0x811c9dc5
  for (let index = 0; index < text.length; index++) bits = Math.imul(bits ^ text.charCodeAt(index), 0x01000193)
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

/** Each worker has an order of its own, so that few try to take the same lease. */
const inOrderOf = (worker: string, leases: ReadonlyArray<PlannedLease>): ReadonlyArray<PlannedLease> =>
  leases
    .map((lease) => [scatter(`${worker}/${lease.leaseKey}`), lease] as const)
    .sort(([a], [b]) => a - b)
    .map(([, lease]) => lease)

interface Loads {
  readonly ofWorkers: ReadonlyMap<string, number>
  readonly mine: number
  /** How many more leases this worker can have; those that it is handing over still count. */
  readonly room: number
}

/** A worker that owns a lease or hands one off is present, and so is this worker. */
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

/** The share of each worker: at least, and at most, this many leases. */
export const share = (leases: number, workers: number): { readonly least: number; readonly most: number } => ({
  least: Math.floor(leases / workers),
  most: Math.ceil(leases / workers)
})

/** A lease that has been free for this many lease durations is taken beyond the share: other workers may be full. */
const overdueAfter = 2

/**
 * How many leases each worker has in excess. The larger shares go to the workers that have most, so that as few leases as possible move.
 */
const surplusOf = (loads: ReadonlyMap<string, number>, least: number, larger: number): Map<string, number> =>
  new Map(
    [...loads]
      .sort(([a, has], [b, hasToo]) => hasToo - has || (a < b ? -1 : 1))
      .map(([worker, load], index) => [worker, load - least - (index < larger ? 1 : 0)])
  )

/**
 * The leases to request. Workers that see the same leases agree on which are in excess, so that simultaneous requests leave each owner its
 * share. Workers that own nothing do not see one another: they choose among all leases above the lesser share.
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
 * Shares the leases evenly: shares differ by at most one, a worker keeps what it has, claims free leases up to its share at once, and
 * requests at most `maxMoves` from others at a time. A lease that stays free for two lease durations is taken beyond the share.
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
  // Workers still below their share after this long are full: the others divide the rest among themselves.
  const takers = [...ofWorkers].filter(([other, load]) => other === worker || load >= most).length
  const beyond = Math.min(Math.ceil(overdue.length / takers), Math.max(0, room - inShare))
  return {
    claim: [...free.slice(0, inShare), ...overdue.slice(0, beyond)].map((lease) => lease.leaseKey),
    request: free.length > 0 ? [] : requests(view, loads).map((lease) => lease.leaseKey),
    release: []
  }
}

/**
 * Gives this worker the wanted leases and no others: it claims those that are free, requests those that others have, and releases the rest.
 * The caller must make sure that every lease is wanted by some worker.
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
