import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { createLogUpdate } from "log-update"

/** Where progress and results go. */
export interface Terminal {
  /** A line of what happened; on a terminal it is the view that shows it. */
  readonly say: (line: string) => Effect.Effect<void>
  /** The last lines, and with `json` the result. */
  readonly finish: (lines: ReadonlyArray<string>, result: unknown) => Effect.Effect<void>
}

export interface Options {
  /** The result as one JSON line on standard output; everything else on standard error. */
  readonly json: boolean
  /** The whole view, drawn anew ten times a second on a terminal. */
  readonly screen: (intervalMillis: number) => Effect.Effect<ReadonlyArray<string>>
  /** The lines that are printed elsewhere, once a second. */
  readonly progress: (intervalMillis: number) => Effect.Effect<ReadonlyArray<string>>
}

/** On a terminal a view that is drawn anew ten times a second; elsewhere lines, one for each event and some once a second. */
export const make = ({ json, progress, screen }: Options): Effect.Effect<Terminal, never, Scope.Scope> =>
  Effect.gen(function*() {
    const out = json ? process.stderr : process.stdout
    const live = out.isTTY ? createLogUpdate(out) : undefined
    const interval = live === undefined ? 1000 : 100
    const print = (lines: ReadonlyArray<string>) => Effect.sync(() => void out.write(`${lines.join("\n")}\n`))
    const draw = live === undefined
      ? Effect.flatMap(progress(interval), print)
      : Effect.map(screen(interval), (lines) => live(lines.join("\n")))

    yield* Effect.addFinalizer(() => Effect.sync(() => live?.done()))
    const drawing = yield* Effect.forkScoped(Effect.schedule(draw, Schedule.fixed(interval)))
    return {
      say: (line) => live === undefined ? print([line]) : Effect.void,
      finish: (lines, result) =>
        Effect.gen(function*() {
          yield* Fiber.interrupt(drawing)
          if (live !== undefined) yield* draw
          live?.done()
          yield* print(["", ...lines])
          if (json) process.stdout.write(`${JSON.stringify(result)}\n`)
        })
    }
  })
