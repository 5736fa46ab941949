import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { WriteStream } from "node:tty"
import type * as Layout from "./Layout.js"

/** Where progress and results go. */
export interface Terminal {
  /** Prints an event as a line; on a terminal, the view shows it. */
  readonly say: (line: string) => Effect.Effect<void>
  /** Prints the last lines and, with `json`, the result. */
  readonly finish: (lines: ReadonlyArray<string>, result: unknown) => Effect.Effect<void>
}

export interface Options {
  /** The result as one JSON line on standard output. */
  readonly json: boolean
  /** Standard output is used for something else: the view and the lines go to standard error. Default: `json`. */
  readonly isOutputTaken?: boolean
  /** No view and no progress, only the lines. Default: false. */
  readonly isQuiet?: boolean
  /** The whole view, drawn ten times per second on a terminal. */
  readonly screen: (size: Layout.Size, intervalMillis: number) => Effect.Effect<ReadonlyArray<string>>
  /** The lines that are printed elsewhere, once per second. */
  readonly progress: (intervalMillis: number) => Effect.Effect<ReadonlyArray<string>>
}

/** The properties of the output. */
export interface Output {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  readonly term: string | undefined
}

/** The size of a terminal that can be drawn on; undefined for one that takes only lines: a pipe, a dumb terminal, one without a size. */
export const sizeOf = ({ columns = 0, isTTY = false, rows = 0, term }: Output): Layout.Size | undefined =>
  isTTY && term !== "dumb" && columns > 0 && rows > 0 ? { columns, rows } : undefined

const sizeNow = (out: WriteStream): Layout.Size | undefined =>
  sizeOf({ isTTY: out.isTTY, columns: out.columns, rows: out.rows, term: process.env["TERM"] })

/** The alternate screen, without a cursor and without wrapping, so that no frame is left behind, however the window changes. */
const enter = "\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J"
const leave = "\u001b[?7h\u001b[?25h\u001b[?1049l"

/** A whole frame: a terminal that supports it (mode 2026) shows it at once. */
const frame = (lines: ReadonlyArray<string>): string =>
  `\u001b[?2026h\u001b[H${lines.map((line) => `${line}\u001b[K`).join("\r\n")}\u001b[J\u001b[?2026l`

interface Canvas {
  /** The lines on the screen; undefined if unknown. */
  shown: string | undefined
  isEntered: boolean
  readonly out: WriteStream
}

const draw = (self: Canvas, lines: ReadonlyArray<string>, { columns, rows }: Layout.Size): void => {
  const text = frame(lines)
  const shown = `${columns}x${rows} ${text}`
  if (shown === self.shown) return
  self.out.write(self.isEntered ? text : enter + text)
  self.isEntered = true
  self.shown = shown
}

const close = (self: Canvas): void => {
  if (self.isEntered) self.out.write(leave)
  self.isEntered = false
  self.shown = undefined
}

/**
 * A canvas that restores the terminal when the scope closes, when the process ends in any way that it can detect, and while it is stopped
 * by Ctrl-Z. The next frame enters the alternate screen again.
 */
const canvas = (out: WriteStream): Effect.Effect<Canvas, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const self: Canvas = { out, isEntered: false, shown: undefined }
      const restore = () => close(self)
      const stop = () => {
        restore()
        process.kill(process.pid, "SIGSTOP")
      }
      process.on("exit", restore)
      if (process.platform !== "win32") process.on("SIGTSTP", stop)
      return { self, restore, stop }
    }),
    ({ restore, stop }) =>
      Effect.sync(() => {
        restore()
        process.off("exit", restore).off("SIGTSTP", stop)
      })
  ).pipe(Effect.map(({ self }) => self))

/** On a terminal, a view that is redrawn ten times per second; elsewhere lines, one for each event and some once per second. */
export const make = (options: Options): Effect.Effect<Terminal, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { isOutputTaken = options.json, isQuiet = false, json, progress, screen } = options
    const out = isOutputTaken ? process.stderr : process.stdout
    const isLive = !isQuiet && sizeNow(out) !== undefined
    const interval = isLive ? 100 : 1000
    const self: Canvas = isLive ? yield* canvas(out) : { out, isEntered: false, shown: undefined }
    const print = (lines: ReadonlyArray<string>) => Effect.sync(() => void out.write(`${lines.join("\n")}\n`))
    const drawn = Effect.suspend(() => {
      const size = sizeNow(out)
      return size === undefined ? Effect.void : Effect.map(screen(size, interval), (lines) => draw(self, lines, size))
    })
    const shown = isLive ? drawn : isQuiet ? Effect.void : Effect.flatMap(progress(interval), print)
    const drawing = yield* Effect.forkScoped(Effect.schedule(shown, Schedule.fixed(interval)))

    /** The last frame stays above the last lines, as far as both fit. */
    const last = (lines: ReadonlyArray<string>) =>
      Effect.suspend(() => {
        const size = sizeNow(out)
        close(self)
        if (!isLive || size === undefined) return Effect.succeed([])
        return screen({ ...size, rows: Math.max(1, size.rows - lines.length - 2) }, interval)
      })
    return {
      say: (line) => isLive ? Effect.void : print([line]),
      finish: (lines, result) =>
        Effect.gen(function*() {
          yield* Fiber.interrupt(drawing)
          const frame = yield* last(lines)
          yield* print(isQuiet ? lines : [...frame, "", ...lines])
          if (json) process.stdout.write(`${JSON.stringify(result)}\n`)
        })
    }
  })
