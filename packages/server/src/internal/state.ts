import type { LocalApi } from "@effect-kinesis/local"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Runtime from "effect/Runtime"
import type { StreamInRegion } from "../KinesisServer.js"
import type { Verify } from "./http/verification.js"
import type { Waiting } from "./http/wireFaults.js"

/** What a server has done so far. */
export interface Counts {
  requests: number
  refused: number
  recordsWritten: number
  recordsRead: number
}

/** What a running server knows. */
export interface State {
  readonly runtime: Runtime.Runtime<never>
  /** The engine of a region, made when it is first asked for. */
  readonly regionOf: (region: string) => LocalApi.Service
  /** The region that has the streams from the start. */
  readonly home: string
  /** Those that were asked for so far. */
  readonly regions: () => ReadonlyArray<string>
  /** The calls under way. */
  readonly running: Set<Fiber.RuntimeFiber<unknown, unknown>>
  readonly counts: Counts
  /** Whether it listens for this machine alone. */
  readonly isLocal: boolean
  /** The most bytes of a body. */
  readonly mostBytes: number
  /** Whether signatures are right; undefined if they are not checked. */
  readonly verify: Verify | undefined
  /** The faults of the wire that wait for their calls. */
  faults: ReadonlyArray<Waiting>
}

/** The streams of every region that was asked for so far. */
export const streams = (self: State): Effect.Effect<ReadonlyArray<StreamInRegion>> =>
  Effect.suspend(() =>
    Effect.map(
      Effect.forEach(self.regions(), (region) =>
        Effect.map(
          self.regionOf(region).streams,
          (streams) =>
            streams.map(({ openShardCount, streamName }) => ({ region, name: streamName, shardCount: openShardCount }))
        )),
      (regions) => regions.flat()
    )
  )

export const noCounts = (): Counts => ({ requests: 0, refused: 0, recordsWritten: 0, recordsRead: 0 })
