import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { dirname } from "node:path"
import { createInterface } from "node:readline"

/** A child process. */
export interface Child {
  readonly pid: number
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** How it ended, with its output on standard error. */
  readonly ended: Effect.Effect<Ended>
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly complaint: string
}

export interface Options {
  /** The program and its arguments. It runs in the program's folder. */
  readonly program: string
  readonly args?: ReadonlyArray<string>
  /** All of its environment. */
  readonly env: Record<string, string>
  /** Called with each line of its standard output, as soon as it arrives. */
  readonly onLine?: (line: string) => void
  /** It ends by itself when this process is gone, however that ended. Otherwise the first line that nobody reads must end it. */
  readonly isTethered?: boolean
  /** How long it may take to end after SIGTERM, when the scope is closed; none for a process that has nothing to save. */
  readonly graceMillis?: number
}

const living = new Set<ChildProcess>()

/** The last lines of standard error are enough to say what was wrong. */
const mostComplaint = 4_000

/** Standard input is closed when the process at its other end is gone. */
const tether = `data:text/javascript,${
  encodeURIComponent("process.stdin.on('end', () => process.exit()).on('error', () => process.exit()).resume()")
}`

/**
 * Runs a program of Node as a process of its own, until the scope is closed. It has a process group of its own, so that a Ctrl-C reaches
 * this process alone, which then ends the others in its order.
 */
export const run = (options: Options): Effect.Effect<Child, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.flatMap(Deferred.make<Ended>(), (ended) => Effect.sync(() => start(options, ended))),
    ({ ended, kill }) =>
      Effect.gen(function*() {
        const { graceMillis = 0 } = options
        if (graceMillis > 0) {
          yield* kill("SIGTERM")
          yield* Effect.timeoutOption(Effect.interruptible(ended), graceMillis)
        }
        yield* kill("SIGKILL")
        yield* ended
      })
  )

const start = (
  { args = [], env, isTethered = false, onLine, program }: Options,
  ended: Deferred.Deferred<Ended>
): Child => {
  const loaders = [...(program.endsWith(".ts") ? ["tsx"] : []), ...(isTethered ? [tether] : [])]
  const child = spawn(
    process.execPath,
    [...loaders.flatMap((loader) => ["--import", loader]), program, ...args],
    { cwd: dirname(program), detached: true, env, stdio: ["pipe", onLine === undefined ? "ignore" : "pipe", "pipe"] }
  )
  let complaint = ""
  living.add(child)
  child.stderr!.on("data", (chunk) => {
    complaint = `${complaint}${chunk}`.slice(-mostComplaint)
  })
  if (child.stdout !== null && onLine !== undefined) createInterface(child.stdout).on("line", onLine)
  const done = (code: number | null, signal: NodeJS.Signals | null) => {
    living.delete(child)
    Deferred.unsafeDone(ended, Effect.succeed({ code, signal, complaint: complaint.trim() }))
  }
  child.once("error", (error) => {
    complaint += String(error)
    if (child.pid === undefined) done(null, null)
  })
  child.once("close", done)
  return {
    pid: child.pid ?? -1,
    kill: (signal) => Effect.sync(() => void child.kill(signal)),
    ended: Deferred.await(ended)
  }
}

/**
 * No child outlives this process: a second Ctrl-C, a closed terminal and an uncaught error end them, too. The first SIGINT or SIGTERM is
 * left to the runtime, which closes the scopes.
 */
export const guard: Effect.Effect<void, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    let interruptions = 0
    const killAll = () => {
      for (const child of living) child.kill("SIGKILL")
    }
    const interrupted = () => {
      if (++interruptions > 1) process.exit(130)
    }
    const hungUp = () => process.exit(129)
    process.on("exit", killAll).on("SIGINT", interrupted).on("SIGTERM", interrupted).on("SIGHUP", hungUp)
    return () =>
      process.off("exit", killAll).off("SIGINT", interrupted).off("SIGTERM", interrupted).off("SIGHUP", hungUp)
  }),
  (remove) => Effect.sync(remove)
)
