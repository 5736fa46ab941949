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
    return onEvent === undefined ? Effect.void : Effects.called("onEvent", () => onEvent(event)).pipe(
      Effect.catchAllCause((cause) => Effect.logWarning("onEvent failed", loggable(cause)))
    )
  }
}
