import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Ledger from "./ledger.js"
import { type Child, until } from "./processes.js"

/** What a worker is told; both programs take the same. */
export interface WorkerOptions {
  readonly kinesis: string
  readonly dynamodb: string
  readonly application: string
  readonly stream: string
  readonly from: "TRIM_HORIZON" | "LATEST"
  readonly reading: "polling" | "fan-out"
  readonly leaseMillis: number
  /** How long each record takes. */
  readonly pauseMillis: number
  /** After so many records of a shard it stores that, and handles no more. -1: never. */
  readonly stopAfter: number
  /** How long its stop may take in its own eyes. */
  readonly stopMillis: number
}

export interface Worker {
  readonly name: string
  readonly startedAt: number
  readonly pid: number
  readonly entries: () => ReadonlyArray<Ledger.Entry>
  readonly records: () => ReadonlyArray<Ledger.Handled>
  /** Its entries of one kind. */
  readonly told: (what: string) => ReadonlyArray<Ledger.Entry>
  readonly log: () => string
  readonly isOver: () => boolean
  /** Waits for what it has told, and fails at once when it has ended. */
  readonly until: <A>(what: string, seconds: number, test: (worker: Worker) => A | undefined | false) => Promise<A>
  /** Whether it stopped in order. */
  readonly stop: () => Promise<boolean>
  readonly kill: () => Promise<void>
}

export const toArguments = (options: Readonly<Record<string, string | number>>): ReadonlyArray<string> =>
  Object.entries(options).map(([name, value]) => `${name}=${value}`)

/** A process with its ledger and its log in the folder. */
export const make = (name: string, folder: string, start: (ledger: string, log: string) => Child): Worker => {
  const ledger = join(folder, `${name}.ledger`)
  const log = join(folder, `${name}.log`)
  const startedAt = Date.now()
  const child = start(ledger, log)
  const entries = () =>
    existsSync(ledger)
      ? readFileSync(ledger, "utf8").split("\n").slice(0, -1).map((line) => Ledger.entry(name, line))
      : []
  const readLog = () => readFileSync(log, "utf8")
  const told = (what: string) => entries().filter((it) => it.what === what)
  const worker: Worker = {
    name,
    startedAt,
    pid: child.pid,
    entries,
    records: () => Ledger.handled(entries()),
    told,
    log: readLog,
    isOver: child.isOver,
    until: (what, seconds, test) =>
      until(`${what} by ${name}`, seconds, () => {
        const value = test(worker)
        if ((value === undefined || value === false) && child.isOver()) {
          throw new Error(`${name} ended before ${what}: ${told("failed")[0]?.details[0] ?? readLog().slice(-500)}`)
        }
        return value
      }),
    stop: async () => (await child.stop(60)) && told("stopped")[0]?.details[0] === "true",
    kill: child.kill
  }
  return worker
}
