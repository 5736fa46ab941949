import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as KclWorker from "./kclWorker.js"
import * as Ledger from "./ledger.js"
import * as OurWorker from "./ourWorker.js"
import { run, sleep, until } from "./processes.js"
import * as Servers from "./servers.js"
import { here, type Kcl, type Tools } from "./setup.js"
import * as Table from "./table.js"
import type { Worker, WorkerOptions } from "./worker.js"

export type Kind = Kcl | "ours"

const application = "billing"
const stream = "orders"
const keys = 40

export const shardId = (number: number): string => `shardId-${String(number).padStart(12, "0")}`

/** Both emulators, a stream, and the workers on it. */
export interface Testbed {
  readonly folder: string
  readonly table: Table.Table
  readonly application: string
  readonly urls: { readonly kinesis: string; readonly dynamodb: string }
  readonly python: (program: string, args: ReadonlyArray<string>, input?: string) => Promise<string>
  readonly createStream: (shards: number) => Promise<void>
  readonly put: (count: number) => Promise<void>
  /** So many aggregates of so many records of one key each. */
  readonly putAggregates: (count: number, size: number) => Promise<void>
  /** Writes ten records every quarter of a second, while `during` goes on. */
  readonly putting: <A>(during: () => Promise<A>) => Promise<A>
  readonly split: (number: number) => Promise<void>
  readonly merge: (number: number, adjacent: number) => Promise<void>
  readonly start: (kind: Kind, name: string, options?: Partial<WorkerOptions>) => Worker
  readonly written: () => number
  readonly audit: () => Ledger.Audit
  /** Waits until each record from a number on was handled. */
  readonly untilHandled: (seconds: number, from?: number) => Promise<void>
  readonly note: (line: string) => void
  /** Keeps the rows, as they are now, beside the ledgers. */
  readonly dump: (name: string) => Promise<ReadonlyArray<Awaited<ReturnType<Table.Table["rows"]>>[number]>>
  readonly end: (keep: boolean) => Promise<void>
}

export const make = async (scenario: string, tools: Tools): Promise<Testbed> => {
  const folder = mkdtempSync(join(tmpdir(), `kcl-interop-${scenario}-`))
  mkdirSync(join(folder, "tables"))
  const kinesis = await Servers.startKinesis(folder)
  const dynamodb = await Servers.startTables(folder, tools.python)
  const urls = { kinesis: kinesis.url, dynamodb: dynamodb.url }
  const table = Table.make(dynamodb.url, application)
  const all: Array<Ledger.Written> = []
  const workers: Array<Worker> = []
  const notes: Array<string> = []
  const call = (operation: string, body: object) => Servers.kinesisCall(kinesis.url, operation, body)
  const active = () =>
    until(
      "an active stream",
      30,
      async () =>
        (await call("DescribeStreamSummary", { StreamName: stream })).StreamDescriptionSummary.StreamStatus === "ACTIVE"
    )
  const audit = () => Ledger.audit(all, workers.flatMap((worker) => worker.entries()))
  const python = (program: string, args: ReadonlyArray<string>, input = "") =>
    run(tools.python, [join(here, program), ...args], input, 120)
  const note = (line: string) => {
    notes.push(`${new Date().toISOString()} ${line}`)
    writeFileSync(join(folder, "notes.txt"), `${notes.join("\n")}\n`)
  }

  const write = async (count: number) => {
    const records = Array.from({ length: count }, (_, index) => {
      const number = all.length + index
      return { key: `key-${number % keys}`, text: `${number}|of ${scenario}` }
    })
    for (let at = 0; at < count; at += 500) {
      const batch = records.slice(at, at + 500)
      const { FailedRecordCount } = await call("PutRecords", {
        StreamName: stream,
        Records: batch.map(({ key, text }) => ({ PartitionKey: key, Data: Buffer.from(text).toString("base64") }))
      })
      if (FailedRecordCount > 0) throw new Error(`${FailedRecordCount} records were not written`)
      all.push(...batch)
    }
  }
  /** One after the other: the number of a record is its place among all. */
  let turn = Promise.resolve()
  const put = (count: number) => {
    turn = turn.then(() => write(count))
    return turn
  }

  return {
    folder,
    table,
    application,
    urls,
    python,
    createStream: async (ShardCount) => {
      await call("CreateStream", { StreamName: stream, ShardCount })
      await active()
    },
    put,
    putAggregates: async (count, size) => {
      const aggregates = Array.from({ length: count }, (_, aggregate) =>
        Array.from({ length: size }, (_, index) => ({
          key: `key-${aggregate % keys}`,
          text: `${all.length + aggregate * size + index}|aggregated`
        })))
      const made: ReadonlyArray<{ readonly key: string; readonly data: string }> = JSON.parse(
        await python("aggregate.py", [], JSON.stringify(aggregates))
      )
      for (const { data, key } of made) await call("PutRecord", { StreamName: stream, PartitionKey: key, Data: data })
      all.push(...aggregates.flat())
    },
    putting: async (during) => {
      const over = new AbortController()
      const writing = (async () => {
        while (!over.signal.aborted) {
          await put(10)
          await sleep(250)
        }
      })()
      try {
        return await during()
      } finally {
        over.abort()
        await writing
      }
    },
    split: async (number) => {
      const { Shards } = await call("ListShards", { StreamName: stream })
      const { EndingHashKey, StartingHashKey } = Shards.find((it: any) => it.ShardId === shardId(number)).HashKeyRange
      await call("SplitShard", {
        StreamName: stream,
        ShardToSplit: shardId(number),
        NewStartingHashKey: String((BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n)
      })
      await active()
      note(`split ${shardId(number)}`)
    },
    merge: async (number, adjacent) => {
      await call("MergeShards", {
        StreamName: stream,
        ShardToMerge: shardId(number),
        AdjacentShardToMerge: shardId(adjacent)
      })
      await active()
      note(`merged ${shardId(number)} and ${shardId(adjacent)}`)
    },
    start: (kind, name, options = {}) => {
      const complete: WorkerOptions = {
        ...urls,
        application,
        stream,
        from: "TRIM_HORIZON",
        leaseMillis: 10_000,
        pauseMillis: 5,
        stopAfter: -1,
        stopMillis: 15_000,
        ...options
      }
      const worker = kind === "ours"
        ? OurWorker.start(name, folder, complete)
        : KclWorker.start(name, folder, complete, tools.classPaths[kind])
      note(`started ${name}, process ${worker.pid}`)
      workers.push(worker)
      return worker
    },
    written: () => all.length,
    audit,
    untilHandled: async (seconds, from = 0) => {
      await until(`every record to be handled`, seconds, () => audit().lost.every((number) => number < from))
    },
    note,
    dump: async (name) => {
      const rows = await table.rows()
      writeFileSync(join(folder, "tables", name), `${rows.map(Table.describe).join("\n")}\n`)
      return rows
    },
    end: async (keep) => {
      table.close()
      await Promise.all([...workers, kinesis.child, dynamodb.child].map((it) => it.kill()))
      if (!keep) rmSync(folder, { recursive: true, force: true })
    }
  }
}
