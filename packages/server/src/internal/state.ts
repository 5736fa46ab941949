import type { LocalApi } from "@effect-kinesis/local"
import type * as Fiber from "effect/Fiber"
import type * as Runtime from "effect/Runtime"

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
  /** The calls under way. */
  readonly running: Set<Fiber.RuntimeFiber<unknown, unknown>>
  readonly counts: Counts
  /** The most bytes of a body. */
  readonly mostBytes: number
}

export const noCounts = (): Counts => ({ requests: 0, refused: 0, recordsWritten: 0, recordsRead: 0 })
