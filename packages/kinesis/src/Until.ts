/**
 * When to stop reading: one value for the library and the command line.
 *
 * A condition is judged only after a page's records were handed on, so no record is dropped by stopping.
 *
 * A page that does not tell how far it is behind is not at its shard's tip. Where no answer of the shard has ever told, five empty pages in
 * a row are taken for the tip.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Checks from "./internal/options/checks.js"

/**
 * When to stop, as data: made by the functions of this module.
 *
 * @since 0.1.0
 * @category models
 */
export type Until =
  | { readonly _tag: "Never" }
  | { readonly _tag: "Elapsed"; readonly millis: number }
  | { readonly _tag: "Instant"; readonly timestamp: number }
  | { readonly _tag: "CaughtUp" }
  | { readonly _tag: "Count"; readonly count: number }
  | { readonly _tag: "Idle"; readonly millis: number }

/**
 * Read for ever.
 *
 * @example
 * ```ts
 * import { KinesisStream, Until } from "effect-kinesis"
 *
 * const orders = KinesisStream.records({ stream: "orders", from: "latest", until: Until.never })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const never: Until = { _tag: "Never" }

/**
 * Read for this long. A call that is under way then is interrupted; a page that was handed on is finished. `Duration.infinity` is
 * {@link never}, as for a time that is set only where reading is to end.
 *
 * @example
 * ```ts
 * import { Config, Duration, Effect, Stream } from "effect"
 * import { KinesisStream, Until } from "effect-kinesis"
 *
 * const orders = KinesisStream.records({ stream: "orders", from: "latest", until: Until.elapsed("30 seconds") })
 *
 * // as long as RUN_FOR says, for ever where it is not set
 * const runFor = Config.withDefault(Config.duration("RUN_FOR"), Duration.infinity)
 * const program = Effect.flatMap(runFor, (duration) =>
 *   Stream.runDrain(KinesisStream.records({ stream: "orders", from: "latest", until: Until.elapsed(duration) }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const elapsed = (duration: Duration.DurationInput): Until => lasting("Elapsed", duration)

/**
 * Read what arrived before this instant. Each shard ends when it has passed the instant, an idle one too: by the arrival of its records,
 * or by how far an empty page says to be behind. The page that passes it is handed on whole.
 *
 * @example
 * ```ts
 * import { KinesisStream, Until } from "effect-kinesis"
 *
 * const orders = KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.instant(new Date()) })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const instant = (instant: Date | number): Until => ({
  _tag: "Instant",
  timestamp: instant instanceof Date ? instant.getTime() : instant
})

/**
 * Read until each shard has been at its tip once, a closed one at its end.
 *
 * @example
 * ```ts
 * import { KinesisStream, Until } from "effect-kinesis"
 *
 * const orders = KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.caughtUp })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const caughtUp: Until = { _tag: "CaughtUp" }

/**
 * Read this many records over all shards, at least 1. `records` gives exactly as many; `pages` hands the last page on whole.
 *
 * @example
 * ```ts
 * import { KinesisStream, Until } from "effect-kinesis"
 *
 * const orders = KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.count(1_000) })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const count = (count: number): Until => ({ _tag: "Count", count })

/**
 * Read until every shard is at its tip and none has brought a record for this long. `Duration.infinity` is {@link never}.
 *
 * @example
 * ```ts
 * import { KinesisStream, Until } from "effect-kinesis"
 *
 * const orders = KinesisStream.records({ stream: "orders", from: "trim-horizon", until: Until.idle("10 seconds") })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const idle = (duration: Duration.DurationInput): Until => lasting("Idle", duration)

// -----------------------------------------------------------------------------
// internal
// -----------------------------------------------------------------------------

const lasting = (_tag: "Elapsed" | "Idle", duration: Duration.DurationInput): Until => {
  const millis = Checks.millisOr(duration)
  return millis === Infinity ? never : { _tag, millis }
}
