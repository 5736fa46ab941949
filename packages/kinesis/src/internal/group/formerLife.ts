import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { InvalidArgument, type KinesisError } from "../../KinesisError.js"
import { KinesisEvent } from "../../KinesisEvent.js"
import type { Lease, NewLease } from "../../LeaseStore.js"
import type { LeaseStoreError } from "../../LeaseStoreError.js"
import * as Position from "../../Position.js"
import * as Contradictions from "../lease/contradictions.js"
import { parentsOf } from "../shard/shardGraph.js"
import type { Moment } from "./clocks.js"
import type { Group } from "./group.js"
import type { GroupStream } from "./streams.js"

/** What is known about the leases of one stream that contradict it. */
interface Looked {
  readonly at: Moment
  readonly found: ReadonlyArray<Contradictions.Contradiction>
}

/** Detects leases that belong to an earlier life of their stream. */
export interface FormerLife {
  /**
   * Lists the shards when a stream is checked for the first time, when there is something to confirm, or when a hole persists; resets
   * leases that contradict the listing twice, or fails. A contradiction that may be transient must be seen at two scans; any other is
   * confirmed by a second listing at once, since otherwise a lease from another life would be taken and the evidence lost. Returns whether
   * anything changed.
   */
  readonly repaired: (
    stream: GroupStream,
    leases: ReadonlyArray<Lease>,
    hasHole: boolean
  ) => Effect.Effect<boolean, KinesisError | LeaseStoreError>
}

/** Something was read of the shard, so the stored position can belong to another one. */
const hasBegun = ({ checkpoint }: Lease): boolean =>
  checkpoint !== undefined && ("sequenceNumber" in checkpoint || checkpoint._tag === "ShardEnd")

interface State {
  readonly group: Group
  readonly startedAt: Moment
  readonly looked: WeakMap<GroupStream, Looked>
  /** When a new table is first checked, so that of many workers that start at once only a few list the shards at the same time. */
  firstMillis: number | undefined
}

export const make = (group: Group): FormerLife => {
  const self: State = { group, startedAt: group.clocks.now(), looked: new WeakMap(), firstMillis: undefined }
  return { repaired: (stream, leases, hasHole) => repaired(self, stream, leases, hasHole) }
}

const isDue = (
  { firstMillis = 0, group: { clocks, settings }, looked, startedAt }: State,
  stream: GroupStream,
  leases: ReadonlyArray<Lease>,
  hasHole: boolean
): boolean => {
  const last = looked.get(stream)
  if (last === undefined) return leases.some(hasBegun) || clocks.since(startedAt) >= firstMillis
  return (hasHole || last.found.length > 0) && clocks.since(last.at) >= settings.listMillis
}

const repaired = (
  self: State,
  stream: GroupStream,
  leases: ReadonlyArray<Lease>,
  hasHole: boolean
): Effect.Effect<boolean, KinesisError | LeaseStoreError> =>
  Effect.gen(function*() {
    const { group, looked } = self
    const { clocks, settings } = group
    self.firstMillis ??= (yield* Random.next) * settings.listMillis
    if (!isDue(self, stream, leases, hasHole)) return false
    const { confirmed, found } = leases.length === 0
      ? { confirmed: [], found: [] }
      : yield* contradictions(stream, leases, looked.get(stream)?.found ?? [])
    looked.set(stream, { at: clocks.now(), found })
    if (confirmed.length === 0) return false
    if (settings.onFormerStream === "fail") return yield* refusal(group, stream, confirmed)
    const resets = yield* Effect.forEach(confirmed, (each) => beginAnew(group, stream, each))
    return resets.includes(true)
  })

/** The contradictions found now, and those of them confirmed by an earlier check or by a second one at once. */
const contradictions = (
  stream: GroupStream,
  leases: ReadonlyArray<Lease>,
  before: ReadonlyArray<Contradictions.Contradiction>
) =>
  Effect.gen(function*() {
    const look = Effect.map(
      stream.listShards("trim-horizon"),
      (shards) => Contradictions.find(leases, shards, before)
    )
    const first = yield* look
    const lasting = first.filter(({ isLasting }) => isLasting)
    const found = lasting.length === 0 ? first : yield* look
    return { found, confirmed: Contradictions.confirmed([...before, ...lasting], found) }
  })

const anewOf = ({ lease, shard }: Contradictions.Contradiction): NewLease => ({
  leaseKey: lease.leaseKey,
  shardId: shard.shardId,
  streamIdentifier: lease.streamIdentifier,
  checkpoint: Position.trimHorizon,
  parentShardIds: parentsOf(shard),
  hashKeyRange: shard.hashKeyRange
})

/** Reads the shard from its oldest record: duplicates are better than a loss. Does nothing if another worker was faster. */
const beginAnew = ({ leases }: Group, stream: GroupStream, contradiction: Contradictions.Contradiction) =>
  Effect.gen(function*() {
    const { lease, reason } = contradiction
    const { shardId } = lease
    if (Option.isNone(yield* leases.reset(lease, anewOf(contradiction)))) return false
    yield* Effect.logWarning(`${stream.name}/${shardId}: ${reason}; reading the shard from its oldest record`)
    yield* stream.emit(
      KinesisEvent.DataLossPossible({ shardId, position: lease.checkpoint ?? Position.trimHorizon, reason })
    )
    return true
  })

const refusal = (
  { settings: { application } }: Group,
  { name }: GroupStream,
  contradictions: ReadonlyArray<Contradictions.Contradiction>
) => {
  const [{ lease: { leaseKey }, reason }] = contradictions as readonly [Contradictions.Contradiction]
  return Effect.fail(
    new InvalidArgument({
      operation: "Consumer",
      stream: name,
      field: "application",
      description:
        `the leases of ${application} are not of this stream, but of an earlier one of its name: in ${leaseKey} ${reason}` +
        `${contradictions.length === 1 ? "" : ` (and ${contradictions.length - 1} more)`}. ` +
        "Give another application, delete the leases, or set onFormerStream to \"repair\" to read such shards from their oldest records"
    })
  )
}
