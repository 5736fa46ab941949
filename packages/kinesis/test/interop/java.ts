/**
 * Amazon's Java SDK v2 on the other side of the wire in CBOR: it writes and reads through a server whose answers our codec writes and whose
 * requests it reads; Amazon's codec writes answers, which our client reads; and Amazon's Kinesis Client Library takes apart what our producer
 * aggregates. Needs a JVM (17) and Maven. With `--record` what Java wrote is kept for the ordinary suite.
 */
import { deepStrictEqual, ok } from "node:assert/strict"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { answers, type Fixtures, fixturesFile, readRequest, requests } from "./fixtures.js"
import { written } from "./producer.js"
import * as Server from "./server.js"

const here = dirname(fileURLToPath(import.meta.url))

const run = (command: string, args: ReadonlyArray<string>): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: here, stdio: ["ignore", "pipe", "inherit"] })
    const output: Array<Buffer> = []
    child.stdout.on("data", (bytes: Buffer) => output.push(bytes))
    child.on("error", reject)
    child.on("exit", (code) =>
      code === 0
        ? resolve(Buffer.concat(output).toString())
        : reject(new Error(`${command} ended with ${code}: ${Buffer.concat(output)}`)))
  })

/** What Java is to have understood of our answers. */
const understood = {
  putRecord: "shardId-000000000000 1",
  putRecords: "1 2 InternalFailure: not now 3",
  listShards: "T shardId-000000000000 null 0 null",
  getShardIterator: "AAA=",
  getRecords: `AAA= 12 ${
    Server.records.map((
      { ApproximateArrivalTimestamp: arrival, Data: data, PartitionKey: key, SequenceNumber: number }
    ) => `${number} ${key} ${arrival!.getTime()} ${Buffer.from(data!).toString("hex")}`).join(" ")
  }`,
  "getRecords last": "null shardId-000000000001 [shardId-000000000000] 9",
  describeStreamSummary: `arn:aws:kinesis:us-east-1:123456789012:stream/orders ACTIVE ${Server.instant.getTime()} 24`,
  expired: "ExpiredIteratorException: too old",
  throttled: "ProvisionedThroughputExceededException: too fast",
  missing: "ResourceNotFoundException: no such stream"
}

let checks = 0
const check = (what: string, holds: () => void): void => {
  holds()
  checks++
  process.stdout.write(`ok  ${what}\n`)
}

const hex = (value: Uint8Array | string): string => Buffer.from(value as string).toString("hex")

const byData = (a: ReadonlyArray<unknown>, b: ReadonlyArray<unknown>): number => String(a[2]) < String(b[2]) ? -1 : 1

const folder = mkdtempSync(join(tmpdir(), "kinesis-interop-"))
const server = await Server.start()
try {
  const classPath = join(folder, "classpath")
  await run("mvn", [
    "-q",
    "-B",
    "dependency:build-classpath",
    `-Dmdep.outputFile=${classPath}`
  ])
  const jars = (await run("cat", [classPath])).trim()
  await run("javac", ["-proc:none", "-d", folder, "-cp", jars, "Interop.java"])
  const ours = await written()
  const records = join(folder, "records")
  writeFileSync(records, ours.onTheWire.map(({ data, partitionKey }) => `${hex(partitionKey)} ${hex(data)}\n`).join(""))
  const said = await run("java", [
    "-Dfile.encoding=UTF-8",
    "-Dstdout.encoding=UTF-8",
    "-cp",
    `${folder}:${jars}`,
    "Interop",
    server.url,
    records
  ])
  const lines = new Map(said.trim().split("\n").map((line) => line.split("\t") as [string, string]))
  for (const [what, value] of Object.entries(understood)) {
    check(`Java reads our answer: ${what}`, () => deepStrictEqual(lines.get(what), value))
  }
  check(`Amazon's library reads the ${ours.given.length} records of our ${ours.onTheWire.length}`, () => {
    ok(ours.onTheWire.length < ours.given.length / 10)
    const read = lines.get("deaggregated")!.split(" ").map((record) => record.split("/"))
    deepStrictEqual(
      read.map(([key, hashKey, , data]) => [key, hashKey, data]).toSorted(byData),
      ours.given.map((
        { data, explicitHashKey = null, partitionKey }
      ) => [hex(partitionKey), String(explicitHashKey), hex(data)])
        .toSorted(byData)
    )
  })
  const sent = server.recorded.splice(0)
  for (const [operation, value] of Object.entries(requests)) {
    const { body } = sent.find((call) => call.operation === operation)!
    check(`we read Java's request: ${operation}`, () => deepStrictEqual(readRequest(operation, body), value))
  }
  const fixtures: Fixtures = {
    requests: Object.fromEntries(
      Object.keys(requests).map((operation) => [
        operation,
        sent.find((call) => call.operation === operation)!.body.toString("hex")
      ])
    ),
    answers: Object.fromEntries(
      Object.keys(answers).map((operation) => [operation, lines.get(`marshalled ${operation}`)!])
    )
  }
  for (const [operation, read] of Object.entries(answers)) {
    const { expected, value } = await read(Buffer.from(fixtures.answers[operation]!, "hex"))
    check(`we read Java's answer: ${operation}`, () => deepStrictEqual(value, expected))
  }
  if (process.argv.includes("--record")) writeFileSync(fixturesFile, `${JSON.stringify(fixtures, undefined, 2)}\n`)
  process.stdout.write(`${checks} passed, 0 failed\n`)
} finally {
  server.close()
  rmSync(folder, { recursive: true })
}
