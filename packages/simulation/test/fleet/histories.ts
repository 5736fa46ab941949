import type { Lease } from "effect-kinesis/LeaseStore"
import * as Position from "effect-kinesis/Position"
import type { Handling, History, Life, Moment, Ownership, RowVersion } from "../../src/fleet/history.js"
import * as Invariants from "../../src/fleet/invariants.js"
import * as Scenario from "../../src/fleet/scenario.js"
import type { Written } from "../../src/history.js"

export const epoch = 1_000_000

/** The place in the order of all that happened tells the time too: a tenth of a second each. */
export const moment = (tick: number): Moment => ({ at: epoch + tick * 100, tick })

export const a = "shardId-000000000001"
export const b = "shardId-000000000002"

/** Of shard a: records 1 to 3 of key k; of its child b: record 4. */
export const written: ReadonlyArray<Written> = [1, 2, 3, 4].map((number) => ({
  shardId: number < 4 ? a : b,
  sequenceNumber: String(number),
  key: "k",
  number,
  arrival: epoch,
  trimmedAt: undefined
}))

export const handling = (number: number, began: number, more: Partial<Handling> = {}): Handling => ({
  process: 0,
  token: number < 4 ? 1 : 11,
  shardId: number < 4 ? a : b,
  sequenceNumber: String(number),
  key: "k",
  piece: began,
  began: moment(began),
  ended: moment(began + 1),
  told: moment(began + 1),
  failed: undefined,
  cut: undefined,
  ...more
})

export const ownership = (
  shardId: string,
  token: number,
  acquired: number,
  more: Partial<Ownership> = {}
): Ownership => ({
  process: 0,
  shardId,
  token,
  acquired: moment(acquired),
  because: "free",
  over: undefined,
  failures: [],
  readings: [moment(acquired)],
  ...more
})

export const life = (index: number, more: Partial<Life> = {}): Life => ({
  index,
  started: moment(0),
  asked: undefined,
  end: undefined,
  pauses: [],
  steps: [],
  isPushed: false,
  ...more
})

export const row = (shardId: string, tick: number, more: Partial<Lease>): RowVersion => ({
  moment: moment(tick),
  leaseKey: shardId,
  lease: {
    leaseKey: shardId,
    shardId,
    streamIdentifier: undefined,
    leaseOwner: "w0-x",
    leaseCounter: 1,
    checkpoint: Position.trimHorizon,
    ownerSwitchesSinceCheckpoint: 0,
    checkpointOwner: undefined,
    parentShardIds: shardId === b ? [a] : [],
    childShardIds: [],
    hashKeyRange: undefined,
    throughputKBps: undefined,
    ...more
  }
})

export const after = (number: number) => Position.afterSequenceNumber(String(number))

/** A history in which all is well: w0 reads a, then b. */
export const good: History = {
  scenario: {
    ...Scenario.make(1),
    intake: "records",
    leaseMillis: 3_000,
    balanceMillis: 1_000,
    discoveryMillis: 500,
    checkpointMillis: undefined,
    drainMillis: 1_000,
    latencyMillis: 0,
    isCalm: true,
    pushing: undefined,
    storeLatencyMillis: 0,
    storeDeadlineMillis: 1_000
  },
  epoch,
  written,
  handlings: [handling(1, 10), handling(2, 12), handling(3, 14), handling(4, 30)],
  ownerships: [ownership(a, 1, 2), ownership(b, 11, 25)],
  lives: [life(0), life(1)],
  rows: [
    row(a, 1, {}),
    row(a, 17, { checkpoint: after(3), leaseCounter: 2 }),
    row(a, 20, { checkpoint: Position.shardEnd, leaseCounter: 3 }),
    row(b, 24, { leaseCounter: 11 })
  ],
  troubles: [],
  subscriptions: [],
  reads: [],
  deregistrations: [],
  unpushed: [],
  parents: new Map([[a, []], [b, [a]]]),
  lastDisturbance: epoch + 2_000,
  orphans: [],
  shares: [1, 0],
  settledAt: epoch + 20_000,
  unowned: [],
  unfinished: undefined,
  met: new Map(),
  wakeUps: 0,
  log: []
}

/** What is wrong with a history that is good but for this. */
export const violated = (more: Partial<History>): ReadonlyArray<Invariants.Invariant> => [
  ...new Set(Invariants.violations({ ...good, ...more }).map(({ invariant }) => invariant))
]
