import type { LocalApi as Api } from "@effect-kinesis/local"
import * as LocalApi from "@effect-kinesis/local/LocalApi"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { Options } from "../KinesisServer.js"
import * as Verification from "./http/verification.js"
import type { State } from "./state.js"
import { noCounts } from "./state.js"

const mebibyte = 1024 * 1024

/** A request of PutRecords in JSON takes a third more than its records. */
const mostBytes = 20 * mebibyte
const mostBytesUnlimited = 512 * mebibyte

const engineOptions = (options: Options) => ({
  accountId: options.accountId,
  latency: options.latency,
  limits: options.limits,
  serverClockSkew: options.serverClockSkew,
  shuffleEntries: options.shuffleEntries,
  transition: options.transition,
  continuation: options.continuation,
  endWithContinuation: options.endWithContinuation
})

/** A server before it listens: its engines, one for each region that is asked for. */
export const make = (options: Options, home: string): Effect.Effect<State, never, Scope.Scope> =>
  Effect.gen(function*() {
    const runtime = yield* Effect.runtime<never>()
    const regions = new Map<string, Api.Service>()
    const make = (region: string) =>
      LocalApi.make({
        ...engineOptions(options),
        region,
        streams: region === home ? options.streams : undefined
      })
    regions.set(home, yield* make(home))
    const regionOf = (region: string): Api.Service => {
      const known = regions.get(region) ?? Runtime.runSync(runtime)(make(region))
      regions.set(region, known)
      return known
    }
    const { verify } = options
    const running = new Set<Fiber.RuntimeFiber<unknown, unknown>>()
    yield* Effect.addFinalizer(() => Fiber.interruptAll(running))
    return {
      runtime,
      regionOf,
      home,
      regions: () => [...regions.keys()],
      running,
      counts: noCounts(),
      mostBytes: options.limits?.sizes === false ? mostBytesUnlimited : mostBytes,
      verify: verify === undefined ? undefined : yield* Effect.promise(() => Verification.make(verify)),
      faults: []
    }
  })
