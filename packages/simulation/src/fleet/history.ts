import type { Lease } from "effect-kinesis/LeaseStore"
import type { LogLine, Written } from "../history.js"
import type { Scenario } from "./scenario.js"

/** An instant of the world, and its place in the order of all that happened. */
export interface Moment {
  readonly at: number
  readonly tick: number
}

/** A period in which something was true. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** A record that was given to a handler. */
export interface Handling {
  readonly process: number
  readonly token: number
  readonly shardId: string
  readonly sequenceNumber: string
  readonly key: string
  /** Records that were given to the handler together have the same number. */
  readonly piece: number
  readonly began: Moment
  /** The handler succeeded. */
  readonly ended: Moment | undefined
  /** The library knows by then that it need not be handled again: its handler succeeded, or its failure was dealt with. */
  readonly told: Moment | undefined
  readonly failed: Moment | undefined
  /** The handler was interrupted. */
  readonly cut: Moment | undefined
}

export const isHandled = ({ ended, told }: Handling): boolean => ended !== undefined || told !== undefined

/** A worker's ownership of a lease, as it believes: from when, until when, and what happened meanwhile. */
export interface Ownership {
  readonly process: number
  readonly shardId: string
  readonly token: number
  readonly acquired: Moment
  readonly because: "free" | "expired" | "given"
  readonly over: { readonly moment: Moment; readonly how: "released" | "lost" } | undefined
  /** When handlers failed in it. */
  readonly failures: ReadonlyArray<Moment>
  /** When reading began in it: again after a handler failed. */
  readonly readings: ReadonlyArray<Moment>
}

/** The life of a process. */
export interface Life {
  readonly index: number
  readonly started: Moment
  /** When it was asked to leave. */
  readonly asked: Moment | undefined
  readonly end:
    | { readonly moment: Moment; readonly how: "crashed" | "left" | "failed"; readonly reason: string }
    | undefined
  readonly pauses: ReadonlyArray<Span>
  /** When its wall clock was set. */
  readonly steps: ReadonlyArray<number>
  /** Its shards are pushed. */
  readonly isPushed: boolean
}

/** A call that subscribes to a shard, and what became of it, as far as its process knows. */
export interface Subscribing {
  readonly process: number
  readonly shardId: string
  readonly called: Moment
  readonly accepted: Moment | undefined
  /** Its first event began to come. */
  readonly brought: Moment | undefined
  /** It has failed, has ended, or was let go. */
  readonly over: Moment | undefined
  /** Another took it over, when it had brought an event or had lasted for a second. */
  readonly taken: boolean
}

/** A call that reads records, by a worker whose shards are pushed. */
export interface Read {
  readonly process: number
  readonly shardId: string
  readonly moment: Moment
}

/** A row of the lease table as it was written; undefined when it was deleted. */
export interface RowVersion {
  readonly moment: Moment
  readonly leaseKey: string
  readonly lease: Lease | undefined
}

/** All that happened, by the clock of the world in milliseconds since the epoch. */
export interface History {
  readonly scenario: Scenario
  readonly epoch: number
  /** Shard by shard, in order. */
  readonly written: ReadonlyArray<Written>
  readonly handlings: ReadonlyArray<Handling>
  readonly ownerships: ReadonlyArray<Ownership>
  readonly lives: ReadonlyArray<Life>
  readonly rows: ReadonlyArray<RowVersion>
  /** Calls of the lease store, of each process, that failed or took longer than they should. */
  readonly troubles: ReadonlyArray<Span & { readonly process: number }>
  readonly subscriptions: ReadonlyArray<Subscribing>
  readonly reads: ReadonlyArray<Read>
  /** Workers that deregistered the consumer. */
  readonly deregistrations: ReadonlyArray<{ readonly process: number; readonly moment: Moment }>
  /** Shards that were not pushed at the end, though their owners should have subscribed to them. */
  readonly unpushed: ReadonlyArray<string>
  readonly parents: ReadonlyMap<string, ReadonlyArray<string>>
  /** When the last disturbance happened that the fleet had to recover from. */
  readonly lastDisturbance: number
  /** After all is well: times in which a shard that could be read had no living owner. */
  readonly orphans: ReadonlyArray<Span & { readonly leaseKey: string }>
  /** At the end: how many leases each living worker has. */
  readonly shares: ReadonlyArray<number>
  /** When the shares should have been even; no lease moves from then on. */
  readonly settledAt: number
  /** Shards that can be read and that nobody had at the end. */
  readonly unowned: ReadonlyArray<string>
  readonly unfinished: string | undefined
  readonly met: ReadonlyMap<string, number>
  readonly wakeUps: number
  readonly log: ReadonlyArray<LogLine>
}
