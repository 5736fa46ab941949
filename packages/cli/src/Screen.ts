import type { KinesisEvent } from "effect-kinesis"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ReadView from "./ReadView.js"
import type { Summary } from "./Summary.js"
import * as Terminal from "./Terminal.js"

/** Where the progress and the summary go. */
export interface Screen {
  readonly onEvent: (event: KinesisEvent.KinesisEvent) => Effect.Effect<void>
  readonly say: (line: string) => Effect.Effect<void>
  readonly finish: (summary: Summary) => Effect.Effect<void>
}

export interface Options {
  readonly title: string
  readonly totalMillis: number
  /** The summary as one JSON line on standard output; everything else on standard error. */
  readonly json: boolean
}

/** Shows what is read as {@link Terminal.make} does. */
export const make = ({ json, title, totalMillis }: Options): Effect.Effect<Screen, never, Scope.Scope> =>
  Effect.gen(function*() {
    const startedAt = yield* Clock.currentTimeMillis
    let view = ReadView.begin(title)
    const history = [0]

    const pace = (interval: number) =>
      Effect.map(Clock.currentTimeMillis, (now): ReadView.Pace => {
        const window = Math.ceil(2000 / interval)
        history.push(view.records)
        if (history.length > window + 1) history.shift()
        const spanMillis = (history.length - 1) * interval
        return {
          elapsedMillis: now - startedAt,
          totalMillis,
          recordsPerSecond: spanMillis === 0 ? 0 : ((view.records - history[0]!) / spanMillis) * 1000
        }
      })
    const terminal = yield* Terminal.make({
      json,
      screen: (interval) => Effect.map(pace(interval), (pace) => ReadView.screen(view, pace)),
      progress: (interval) => Effect.map(pace(interval), (pace) => [ReadView.progress(view, pace)])
    })
    const say = (line: string) =>
      Effect.suspend(() => {
        view = ReadView.said(view, line)
        return terminal.say(line)
      })
    return {
      say,
      onEvent: (event) =>
        Effect.suspend(() => {
          view = ReadView.happened(view, event)
          const line = ReadView.describe(event)
          return line === undefined ? Effect.void : say(line)
        }),
      finish: (summary) => Effect.suspend(() => terminal.finish(ReadView.summary(summary), summary))
    }
  })
