import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { PutRecordsEntry } from "../../KinesisApi.js"
import { KinesisClient } from "../../KinesisClient.js"
import type { KinesisError } from "../../KinesisError.js"
import type { OnEvent, ProducerEvent } from "../../ProducerEvent.js"
import type { Encoded } from "../../RecordEncoder.js"
import * as Encoding from "../encode/encoded.js"
import * as Effects from "../options/effects.js"
import * as Rules from "../options/rules.js"
import * as MonotonicClock from "../reading/clock.js"
import * as Emit from "../reading/emit.js"
import * as Signal from "../reading/signal.js"
import { loggable, printable } from "../text/causes.js"
import { messageOf } from "../text/describe.js"
import { isTraced } from "../wire/spans.js"
import * as Limits from "../write/limits.js"
import * as State from "../write/state.js"
import * as Calls from "./calls.js"
import * as Closing from "./closing.js"
import * as Keeper from "./keeper.js"
import * as Metrics from "./metrics.js"
import * as Pump from "./pump.js"
import * as Settings from "./settings.js"
import type { Writer } from "./writer.js"

const emitter = (onEvent: OnEvent | undefined, stream: string) => (event: ProducerEvent): Effect.Effect<void> =>
  onEvent === undefined ? Effect.void : Effects.called("onEvent", () => onEvent(event, stream)).pipe(
    Effect.catchAllCause((cause) => Effect.logWarning("onEvent failed", loggable(cause)))
  )

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const asItIs = (value: unknown): Encoded =>
  isObject(value) && "data" in value
    ? value as PutRecordsEntry
    : Encoding.failed(
      "data",
      value,
      "a record must be an object with data and partitionKey; other values need an encoder"
    )

/** The encoder of the options, with what it needs, and safe: an encoder of the user's own may throw, or return anything. */
const encoderOf = <R>(
  { encoder }: Settings.ProducerOptions<never, R, unknown>,
  context: Context.Context<R>
): (value: unknown) => Encoded =>
  encoder === undefined ? asItIs : (value) => {
    let encoded: Encoded<R>
    try {
      encoded = encoder.encodeRecord(value as never)
    } catch (thrown) {
      return Encoding.failed("data", value, `the encoder threw: ${messageOf(thrown)}`, printable(thrown))
    }
    if (!isObject(encoded)) {
      return Encoding.failed("data", value, "the encoder returned no record")
    }
    if (!Encoding.isPending(encoded)) return encoded
    return Effect.isEffect(encoded)
      ? Effect.provide(encoded, context)
      : Encoding.failed("data", value, "the encoder returned no record")
  }

const layout = { map: undefined, order: "none", aggregates: "none", pace: undefined } as const

/** A producer before it knows anything of its stream. */
const makeWriter = <R>(
  options: Settings.ProducerOptions<never, R, never>
): Effect.Effect<Writer, never, KinesisClient | R> =>
  Effect.gen(function*() {
    const settings = Settings.make(options)
    const clock = yield* Effect.clock
    return {
      settings,
      clock,
      client: yield* KinesisClient,
      core: State.make(settings.core, { ...layout, order: settings.order }, MonotonicClock.monotonicMillisOf(clock)),
      encode: encoderOf(options, yield* Effect.context<R>()),
      emit: emitter(options.onEvent, settings.stream),
      metrics: Metrics.make(settings.stream),
      scope: yield* Scope.make(),
      isTraced: yield* isTraced,
      knowledge: {
        map: undefined,
        strategy: "unknown",
        isSuspect: false,
        strays: 0,
        maxRecordBytes: Limits.recordBytes,
        listedAt: -Infinity,
        isStale: false,
        doubts: []
      },
      staleness: Signal.make(),
      counts: { accepted: 0, written: 0, failed: 0, withdrawn: 0 },
      requests: new Set(),
      retry: undefined,
      epochs: [Calls.makeEpoch()],
      isClosed: false,
      isEnded: false,
      isAwake: false,
      wakePump: undefined,
      trouble: undefined
    }
  })

/**
 * A producer that is closed with the scope. Its fibers are in a scope of their own: one that is closing interrupts at once what is in it, and
 * nothing could be sent any more.
 */
export const make = <A, R, REvent>(
  options: Settings.ProducerOptions<A, R, REvent>
): Effect.Effect<Writer, KinesisError, KinesisClient | R | REvent | Scope.Scope> =>
  Rules.check("Producer.make", Settings.table, options).pipe(
    Effect.zipRight(Emit.withContext(options)),
    Effect.flatMap((given) => makeWriter(given as Settings.ProducerOptions<never, R, never>)),
    Effect.tap(Keeper.start),
    Effect.flatMap((writer) =>
      Effect.acquireRelease(
        Effect.gen(function*() {
          const pump = Effect.onError(Pump.run(writer), () => Closing.collapse(writer))
          yield* Effect.forkIn(Effect.interruptible(pump), writer.scope)
          yield* Effect.forkIn(Effect.interruptible(Keeper.run(writer)), writer.scope)
          return writer
        }),
        Closing.close
      )
    )
  )
