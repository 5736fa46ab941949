import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { KinesisEvent } from "../../KinesisEvent.js"
import * as KinesisMetrics from "../../KinesisMetrics.js"
import * as Effects from "../options/effects.js"
import { loggable } from "../text/causes.js"
import type { ReadOptions } from "./settings.js"

/** Tells of an event: to the metrics, then to the user. */
export type Emit = (event: KinesisEvent) => Effect.Effect<void>

export const emitter = ({ onEvent, stream }: Pick<ReadOptions, "onEvent" | "stream">): Emit => {
  const count = KinesisMetrics.recorder(stream)
  return (event) => {
    count(event)
    return onEvent === undefined ? Effect.void : Effects.called("onEvent", () => onEvent(event, stream)).pipe(
      Effect.catchAllCause((cause) => Effect.logWarning("onEvent failed", loggable(cause)))
    )
  }
}

type OnEvent<Args extends ReadonlyArray<unknown>, R> = (...args: Args) => Effect.Effect<void, never, R>

const provided = <Args extends ReadonlyArray<unknown>, R>(
  onEvent: OnEvent<Args, R>,
  context: Context.Context<R>
): OnEvent<Args, never> =>
(...args) => Effect.provide(Effects.called("onEvent", () => onEvent(...args)), context)

/** The same options, whose `onEvent` has what it needs: the fibers that read know nothing of that. */
export const withContext = <Options extends object, Args extends ReadonlyArray<unknown>, R>(
  options: Options & { readonly onEvent?: OnEvent<Args, R> | undefined }
): Effect.Effect<Omit<Options, "onEvent"> & { readonly onEvent: OnEvent<Args, never> | undefined }, never, R> =>
  Effect.contextWith((context) => ({
    ...options,
    onEvent: options.onEvent === undefined ? undefined : provided(options.onEvent, context)
  }))
