import type { LocalApi as Api } from "@effect-kinesis/local"
import * as LocalApi from "@effect-kinesis/local/LocalApi"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { Options } from "../KinesisServer.js"
import type { DataError } from "./data/folder.js"
import * as Folder from "./data/folder.js"
import * as Keeping from "./data/keeping.js"
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

const forgetMillis = 1_000

/** Records that have left retention are let go of, or a server would grow for as long as it runs. */
const forgetting = (regions: ReadonlyMap<string, Api.Service>): Effect.Effect<never> =>
  Effect.forever(
    Effect.delay(
      Effect.suspend(() => Effect.forEach(regions.values(), (engine) => engine.forgetTrimmed, { discard: true })),
      forgetMillis
    )
  )

/** A file that cannot be opened is the folder's fault; all else is no failure. */
const unusable = (folder: string | undefined) => (defect: unknown): Effect.Effect<never, DataError> =>
  folder !== undefined && (defect as NodeJS.ErrnoException).syscall !== undefined
    ? Effect.fail(Folder.dataError(folder, defect))
    : Effect.die(defect)

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.")

/** A server before it listens: its engines, one for each region that is asked for. */
export const make = (options: Options, home: string): Effect.Effect<State, DataError, Scope.Scope> =>
  Effect.gen(function*() {
    const runtime = yield* Effect.runtime<never>()
    const regions = new Map<string, Api.Service>()
    const keeping = options.data === undefined ? undefined : yield* Keeping.make(options.data)
    const make = (region: string) =>
      Effect.tap(
        LocalApi.make({
          ...engineOptions(options),
          region,
          streams: region === home ? options.streams : undefined,
          journal: keeping?.journalOf(region)
        }),
        (engine) => keeping?.keep(region, engine) ?? Effect.void
      )
    for (const region of new Set([home, ...keeping?.regions ?? []])) {
      regions.set(region, yield* Effect.catchAllDefect(make(region), unusable(options.data)))
    }
    yield* Effect.forkScoped(forgetting(regions))
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
      isLocal: isLoopback(options.host ?? "127.0.0.1"),
      mostBytes: options.limits?.sizes === false ? mostBytesUnlimited : mostBytes,
      verify: verify === undefined ? undefined : yield* Effect.promise(() => Verification.make(verify)),
      faults: []
    }
  })
