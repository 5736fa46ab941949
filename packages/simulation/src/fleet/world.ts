import type * as LocalKinesis from "@effect-kinesis/local/LocalKinesis"
import type * as LocalLeaseStore from "@effect-kinesis/local/LocalLeaseStore"
import type { VirtualClock } from "@effect-kinesis/local/VirtualTime"
import type * as KinesisClient from "effect-kinesis/KinesisClient"
import type { Lease, Service } from "effect-kinesis/LeaseStore"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { LogLine } from "../history.js"
import type { Random } from "../random.js"
import type { StreamWorld } from "../stream.js"
import type { Handling, Life, Moment, Ownership, Read, RowVersion, Span, Subscribing } from "./history.js"
import type { Process } from "./process.js"
import type { Cut, Scenario } from "./scenario.js"

/** The name of the group. */
export const application = "fleet"

export type Noted<A> = { -readonly [Key in keyof A]: A[Key] }

/** A process of the fleet. */
export interface Member {
  readonly process: Process
  readonly life: Noted<Life> & { readonly pauses: Array<Span>; readonly steps: Array<number> }
  /** The leases that it believes it has, by shard. */
  readonly held: Map<string, Noted<Ownership>>
  /** Its subscriptions, as the service has them. */
  readonly connections: Set<Scope.CloseableScope>
  /** How the lease store is out of its reach. */
  cut: Cut | undefined
  /** Whether it has opened the lease table: before that it owes nothing. */
  hasTable: boolean
  fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined
  /** Asks its worker to leave, with this much time for its handlers; undefined before it listens. */
  shutdown: ((drainMillis: number | undefined) => Effect.Effect<unknown>) | undefined
}

export const isUp = ({ life, process }: Member): boolean => life.end === undefined && !process.isDead()

/** Whether somebody is there to read a shard. */
export const isStaffed = ({ members }: Pick<World, "members">): boolean =>
  members.some((member) => isUp(member) && member.hasTable)

/** What is noted while a history happens. */
export const makeNotes = (base: VirtualClock, verbose: boolean) => {
  const log: Array<LogLine> = []
  const met = new Map<string, number>()
  const now = () => base.unsafeCurrentTimeMillis()
  let ticks = 0
  const write = (text: () => string): void => {
    if (verbose) log.push({ at: now(), text: text() })
  }
  return {
    log,
    met,
    parents: new Map<string, ReadonlyArray<string>>(),
    handlings: [] as Array<Noted<Handling>>,
    ownerships: [] as Array<Noted<Ownership>>,
    rows: [] as Array<RowVersion>,
    /** The table's rows as they were seen last, by their keys. */
    seen: new Map<string, Lease>(),
    /** The table's rows as they are, by their shards. */
    table: new Map<string, Lease>(),
    troubles: [] as Array<Span & { readonly process: number }>,
    /** Calls of the lease store that have no answer yet. */
    asking: new Set<{ readonly process: number; readonly sentAt: number }>(),
    orphans: [] as Array<Span & { readonly leaseKey: string }>,
    subscriptions: [] as Array<Noted<Subscribing>>,
    reads: [] as Array<Read>,
    deregistrations: [] as Array<{ readonly process: number; readonly moment: Moment }>,
    lastDisturbance: 0,
    pieces: 0,
    isHealed: false,
    now,
    moment: (): Moment => ({ at: now(), tick: ticks++ }),
    count: (fault: string, times = 1) => void met.set(fault, (met.get(fault) ?? 0) + times),
    write,
    say: (text: () => string): Effect.Effect<void> => verbose ? Effect.sync(() => write(text)) : Effect.void
  }
}

export type Notes = ReturnType<typeof makeNotes>

/** Streams, a lease table, and the processes that share them. */
export interface World {
  /** The streams, each with notes of its own. */
  readonly places: ReadonlyArray<StreamWorld>
  readonly client: KinesisClient.Service
  readonly local: LocalKinesis.Service
  readonly scenario: Scenario
  readonly notes: Notes
  readonly base: VirtualClock
  readonly random: Random
  /** What is drawn for pushed shards only. */
  readonly pushRandom: Random
  readonly store: Service
  readonly table: LocalLeaseStore.Service
  readonly members: Array<Member>
}

/** Notes a disturbance that the fleet has to recover from. */
export const disturb = ({ notes }: Pick<World, "notes">): void => {
  notes.lastDisturbance = notes.now()
}
