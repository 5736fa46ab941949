import type { KinesisEvent } from "effect-kinesis"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as EventText from "./EventText.js"
import * as Outages from "./Outages.js"
import * as ReadView from "./ReadView.js"
import * as Terminal from "./Terminal.js"

/** Where the progress and the summary go. */
export interface Screen {
  readonly onEvent: (event: KinesisEvent.KinesisEvent) => Effect.Effect<void>
  /** A shard's latest record, in a few words. */
  readonly came: (shardId: string, latest: string) => void
  readonly say: (line: string) => Effect.Effect<void>
  readonly finish: (lines: ReadonlyArray<string>, result: unknown) => Effect.Effect<void>
}

export interface Options extends Pick<Terminal.Options, "json" | "isOutputTaken" | "isQuiet"> {
  readonly title: string
  /** The name of the latest records. Default: record. */
  readonly thing?: string
  readonly totalMillis: number
}

/** Shows the reading, as {@link Terminal.make} does. */
export const make = (options: Options): Effect.Effect<Screen, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { thing, title, totalMillis } = options
    const startedAt = yield* Clock.currentTimeMillis
    let view = ReadView.begin(title, thing)
    let outages = Outages.none
    const history = [0]

    const pace = (interval: number) =>
      Effect.map(Clock.currentTimeMillis, (now): ReadView.Pace => {
        const window = Math.ceil(2000 / interval)
        history.push(view.records)
        if (history.length > window + 1) history.shift()
        const spanMillis = (history.length - 1) * interval
        return {
          now,
          elapsedMillis: now - startedAt,
          totalMillis,
          recordsPerSecond: spanMillis === 0 ? 0 : ((view.records - history[0]!) / spanMillis) * 1000
        }
      })
    const terminal = yield* Terminal.make({
      ...options,
      screen: (size, interval) => Effect.map(pace(interval), (pace) => ReadView.screen(view, pace, size)),
      progress: (interval) => Effect.map(pace(interval), (pace) => [ReadView.progress(view, pace)])
    })
    const say = (line: string) =>
      Effect.suspend(() => {
        view = ReadView.said(view, line)
        return terminal.say(line)
      })
    return {
      say,
      came: (shardId, latest) => {
        view = ReadView.came(view, shardId, latest)
      },
      onEvent: (event) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          view = ReadView.happened(view, event, now)
          const line = Outages.isRepetition(outages, event) ? undefined : EventText.describe(event)
          outages = Outages.happened(outages, event)
          return line === undefined ? Effect.void : say(line)
        }),
      finish: terminal.finish
    }
  })
