import type { KinesisEvent } from "effect-kinesis"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { createLogUpdate } from "log-update"
import type { Summary } from "./Summary.js"
import * as View from "./View.js"

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

/** On a terminal a view that is drawn anew ten times a second; elsewhere lines, one for each event and one a second. */
export const make = ({ json, title, totalMillis }: Options): Effect.Effect<Screen, never, Scope.Scope> =>
  Effect.gen(function*() {
    const out = json ? process.stderr : process.stdout
    const live = out.isTTY ? createLogUpdate(out) : undefined
    const startedAt = yield* Clock.currentTimeMillis
    const interval = live === undefined ? 1000 : 100
    let view = View.begin(title)
    const history = [0]

    const pace = Effect.map(Clock.currentTimeMillis, (now): View.Pace => {
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
    const print = (lines: ReadonlyArray<string>) => Effect.sync(() => void out.write(`${lines.join("\n")}\n`))
    const draw = Effect.flatMap(pace, (pace) =>
      live === undefined
        ? print([View.progress(view, pace)])
        : Effect.sync(() => live(View.screen(view, pace).join("\n"))))

    yield* Effect.addFinalizer(() => Effect.sync(() => live?.done()))
    yield* Effect.forkScoped(Effect.schedule(draw, Schedule.fixed(interval)))
    const say = (line: string) =>
      Effect.suspend(() => {
        view = View.said(view, line)
        return live === undefined ? print([line]) : Effect.void
      })
    return {
      say,
      onEvent: (event) =>
        Effect.suspend(() => {
          view = View.happened(view, event)
          const line = View.describe(event)
          return line === undefined ? Effect.void : say(line)
        }),
      finish: (summary) =>
        Effect.gen(function*() {
          if (live !== undefined) yield* draw
          live?.done()
          yield* print(["", ...View.summary(summary)])
          if (json) process.stdout.write(`${JSON.stringify(summary)}\n`)
        })
    }
  })
