import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as KclWorker from "./kclWorker.js"
import * as Ledger from "./ledger.js"
import * as OurWorker from "./ourWorker.js"
import { run, until } from "./processes.js"
import * as Servers from "./servers.js"
import { here, type Kcl, type Tools } from "./setup.js"
import * as Stream from "./stream.js"
import * as Table from "./table.js"
import type { Worker, WorkerOptions } from "./worker.js"

export type Kind = Kcl | "ours"

/** Both servers, a stream, a lease table, and the workers on it. */
export interface Testbed {
  readonly folder: string
  readonly stream: Stream.Stream
  readonly table: Table.Table
  /** Runs one of the programs in Python, against the emulator of DynamoDB and the lease table's name. */
  readonly onTable: (program: string, ...args: ReadonlyArray<string>) => Promise<string>
  readonly start: (kind: Kind, name: string, options?: Partial<WorkerOptions>) => Worker
  /** What all workers handled against what was written. */
  readonly audit: () => Ledger.Audit
  /** Waits until each record from a number on was handled; whether they were in that time. */
  readonly untilHandled: (seconds: number, from?: number) => Promise<boolean>
  /** A line of the notes beside the ledgers. */
  readonly note: (line: string) => void
  /** Keeps the rows, as they are now, beside the ledgers. */
  readonly dump: (name: string) => Promise<ReadonlyArray<Table.Row>>
  readonly end: (keep: boolean) => Promise<void>
}

const application = "billing"

const defaults = {
  from: "TRIM_HORIZON",
  reading: "polling",
  leaseMillis: 10_000,
  pauseMillis: 5,
  stopAfter: -1,
  stopMillis: 15_000
} as const

export const make = async (scenario: string, tools: Tools): Promise<Testbed> => {
  const folder = mkdtempSync(join(tmpdir(), `kcl-interop-${scenario}-`))
  mkdirSync(join(folder, "tables"))
  const [kinesis, dynamodb] = await Promise.all([
    Servers.startKinesis(folder),
    Servers.startTables(folder, tools.python)
  ])
  const python = (program: string, args: ReadonlyArray<string>, input = "") =>
    run(tools.python, [join(here, program), ...args], input, 120)
  const stream = Stream.make(
    kinesis.url,
    async (records) => JSON.parse(await python("aggregate.py", [], JSON.stringify(records)))
  )
  const table = Table.make(dynamodb.url, application)
  const workers: Array<Worker> = []
  let hasEnded = false
  const notes: Array<string> = []
  const note = (line: string) => {
    notes.push(`${new Date().toISOString()} ${line}\n`)
    writeFileSync(join(folder, "notes.txt"), notes.join(""))
  }
  const audit = () => Ledger.audit(stream.written, workers.flatMap((worker) => worker.entries()))
  return {
    folder,
    stream,
    table,
    onTable: (program, ...args) => python(program, [dynamodb.url, application, ...args]),
    start: (kind, name, options = {}) => {
      if (hasEnded) throw new Error("the scenario is over")
      const urls = { kinesis: kinesis.url, dynamodb: dynamodb.url }
      const complete = { ...defaults, ...urls, application, stream: stream.name, ...options }
      const worker = kind === "ours"
        ? OurWorker.start(name, folder, complete)
        : KclWorker.start(name, folder, complete, tools.classPaths[kind])
      workers.push(worker)
      note(`started ${name}, process ${worker.pid}`)
      return worker
    },
    audit,
    untilHandled: (seconds, from = 0) =>
      until("each record to be handled", seconds, () => audit().lost.every((number) => number < from))
        .catch(() => false),
    note,
    dump: async (name) => {
      const rows = await table.rows()
      writeFileSync(join(folder, "tables", name), rows.map((row) => `${Table.describe(row)}\n`).join(""))
      return rows
    },
    end: async (keep) => {
      hasEnded = true
      table.close()
      await Promise.all([...workers, kinesis.child, dynamodb.child].map((it) => it.kill()))
      if (!keep) rmSync(folder, { recursive: true, force: true })
    }
  }
}
