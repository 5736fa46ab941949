import { type ChildProcess, spawn } from "node:child_process"
import { Agent, type IncomingMessage, request } from "node:http"
import { fileURLToPath } from "node:url"
import { spread } from "../measure.js"
import type { Server } from "../processes.js"
import { figure, type Row, table } from "../table.js"

const bin = fileURLToPath(new URL("../../../server/dist/bin.js", import.meta.url))

const starts = 7
const millis = 3_000
const connections = 8
const entries = 500
const million = 1_000_000

const agent = new Agent({ keepAlive: true, maxSockets: connections })

const headersOf = (operation: string) => ({
  "content-type": "application/x-amz-json-1.1",
  "x-amz-target": `Kinesis_20131202.${operation}`,
  "x-amz-date": "20261126T000000Z",
  authorization:
    "AWS4-HMAC-SHA256 Credential=a/20261126/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=b"
})

/** A call as bytes: what a client costs is not what is measured. */
const call = (port: number, operation: string, body: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const headers = { ...headersOf(operation), "content-length": body.length }
    const sent = request({ port, host: "127.0.0.1", method: "POST", agent, headers }, (response: IncomingMessage) => {
      const pieces: Array<Buffer> = []
      response.on("data", (piece: Buffer) => pieces.push(piece))
      response.on("end", () =>
        response.statusCode === 200
          ? resolve(Buffer.concat(pieces))
          : reject(new Error(`${operation}: ${Buffer.concat(pieces)}`)))
    })
    sent.on("error", reject).end(body)
  })

const asked = async (port: number, operation: string, body: object): Promise<any> =>
  JSON.parse((await call(port, operation, Buffer.from(JSON.stringify(body)))).toString())

interface Started {
  readonly child: ChildProcess
  readonly port: number
  /** From the start of the process to its first answer. */
  readonly startMillis: number
}

/** The published command, with one stream, and no limit of throughput. */
const start = async (): Promise<Started> => {
  const from = performance.now()
  const child = spawn(
    process.execPath,
    [bin, "--port", "0", "--stream", "orders:16", "--without", "throughput,calls"],
    {
      stdio: ["ignore", "pipe", "ignore"]
    }
  )
  const port = await new Promise<number>((resolve) => {
    let out = ""
    child.stdout.on("data", (piece) => {
      out += piece
      const found = /127\.0\.0\.1:(\d+)/.exec(out)
      if (found !== null) resolve(Number(found[1]))
    })
  })
  await asked(port, "ListStreams", {})
  return { child, port, startMillis: performance.now() - from }
}

const costs = async (port: number): Promise<{ readonly cpuMillis: number; readonly rssBytes: number }> => {
  const response = await fetch(`http://127.0.0.1:${port}/_admin`)
  return (await response.json() as { readonly process: { readonly cpuMillis: number; readonly rssBytes: number } })
    .process
}

interface Rate {
  readonly perSecond: number
  /** In microseconds of the server's CPU. */
  readonly cpuMicros: number
}

/** Calls from all connections for a while; a call does so many units. */
const rate = async (port: number, units: number, act: () => Promise<unknown>): Promise<Rate> => {
  const warmUntil = performance.now() + millis / 3
  while (performance.now() < warmUntil) await act()
  const before = await costs(port)
  const from = performance.now()
  let calls = 0
  await Promise.all(Array.from({ length: connections }, async () => {
    while (performance.now() < from + millis) {
      await act()
      calls++
    }
  }))
  const seconds = (performance.now() - from) / 1000
  const { cpuMillis } = await costs(port)
  return { perSecond: calls * units / seconds, cpuMicros: (cpuMillis - before.cpuMillis) * 1000 / (calls * units) }
}

const recordOf = (bytes: number, key: number) => ({
  Data: Buffer.alloc(bytes, "x").toString("base64"),
  PartitionKey: `key-${key}`
})

const batch = (bytes: number): Buffer =>
  Buffer.from(
    JSON.stringify({ StreamName: "orders", Records: Array.from({ length: entries }, (_, key) => recordOf(bytes, key)) })
  )

const single = Buffer.from(JSON.stringify({ StreamName: "orders", ...recordOf(100, 1) }))

/** A page of 100 records from the start of a shard. */
const page = async (port: number): Promise<() => Promise<unknown>> => {
  const { ShardIterator } = await asked(port, "GetShardIterator", {
    StreamName: "orders",
    ShardId: "shardId-000000000000",
    ShardIteratorType: "TRIM_HORIZON"
  })
  const body = Buffer.from(JSON.stringify({ ShardIterator, Limit: 100 }))
  return () => call(port, "GetRecords", body)
}

/** Writes so many records, and returns how much memory the server took for them, in MiB. */
const fill = async (port: number, records: number): Promise<number> => {
  const body = batch(100)
  const { rssBytes } = await costs(port)
  for (let written = 0; written < records; written += entries) await call(port, "PutRecords", body)
  return ((await costs(port)).rssBytes - rssBytes) / 2 ** 20
}

const measureStarts = async (print: (text: string) => void): Promise<Record<string, number>> => {
  const found: Array<Started & { readonly rss: number }> = []
  for (let i = 0; i < starts; i++) {
    const started = await start()
    const { rssBytes } = await costs(started.port)
    found.push({ ...started, rss: rssBytes / 2 ** 20 })
    started.child.kill("SIGKILL")
  }
  const startMillis = spread(found.map((each) => each.startMillis))
  const rss = spread(found.map((each) => each.rss))
  print(table("start to the first answer", ["", "median", "least"], [
    ["milliseconds", figure(startMillis.median), figure(startMillis.min)],
    ["MiB", figure(rss.median), figure(rss.min)]
  ]))
  return { startMillis: startMillis.median, startMebibytes: rss.median }
}

const measureRates = async (print: (text: string) => void): Promise<Record<string, number>> => {
  const { child, port } = await start()
  const write = batch(100)
  const rows: Array<Row> = []
  const figures: Record<string, number> = {}
  const note = (name: string, title: string, { cpuMicros, perSecond }: Rate) => {
    rows.push([title, figure(perSecond), figure(cpuMicros), figure(1e6 / cpuMicros)])
    figures[name] = 1e6 / cpuMicros
  }
  await fill(port, 8 * entries)
  note("putRecord", "PutRecord, 100 bytes", await rate(port, 1, () => call(port, "PutRecord", single)))
  note("getRecords", "GetRecords, 100 records of 100 bytes", await rate(port, 100, await page(port)))
  note("putRecords", "PutRecords, 500 of 100 bytes", await rate(port, entries, () => call(port, "PutRecords", write)))
  const mebibytes = await fill(port, million)
  note(
    "putRecordAtMillion",
    "PutRecord after a million more",
    await rate(port, 1, () => call(port, "PutRecord", single))
  )
  note("getRecordsAtMillion", "GetRecords after a million more", await rate(port, 100, await page(port)))
  child.kill("SIGKILL")
  print(
    table("what the server takes, 8 connections, HTTP/1.1, JSON", [
      "",
      "per second",
      "µs of its CPU",
      "per second of its CPU"
    ], rows)
  )
  print(`A million records of 100 bytes took ${figure(mebibytes)} MiB.\n`)
  return { ...figures, mebibytesOfMillion: mebibytes }
}

/** The server as a program: how fast it starts, and what calls cost it, with few records and with many. */
export const server = async (_: Server, print: (text: string) => void): Promise<Record<string, number>> => ({
  ...await measureStarts(print),
  ...await measureRates(print)
})
