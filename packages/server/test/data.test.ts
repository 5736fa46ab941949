/** Streams and records that survive the process. */
import { LocalApi } from "@effect-kinesis/local"
import { KinesisServer } from "@effect-kinesis/server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Schedule } from "effect"
import { spawn } from "node:child_process"
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as JournalFile from "../src/internal/data/journalFile.js"
import * as Raw from "./support/raw.js"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "kinesis-data-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const journalOf = (data: string, region = "us-east-1") => join(data, `${region}.journal`)

const put = (endpoint: string, key: string) =>
  Raw.call(endpoint, "PutRecord", { StreamName: "orders", PartitionKey: key, Data: "YQ==" })

const keysOf = ({ local }: KinesisServer.Service) =>
  Effect.map(local.records("orders"), (records) => records.map(({ partitionKey }) => partitionKey))

const withServer = <A, E>(
  options: KinesisServer.Options,
  use: (server: KinesisServer.Service) => Effect.Effect<A, E>
) => Effect.scoped(Effect.flatMap(KinesisServer.make(options), use))

/** Until the file has grown to what it should. */
const untilWritten = (path: string, bytes: number) =>
  Effect.repeat(Effect.sync(() => existsSync(path) && statSync(path).size >= bytes), {
    until: (isWritten) => isWritten,
    schedule: Schedule.spaced("10 millis")
  })

describe("a folder of data", () => {
  it.scopedLive("brings back what was there at the end, region by region", () =>
    Effect.gen(function*() {
      const data = yield* folder
      const streams = [{ name: "orders", shardCount: 2 }]
      const there = { authorization: Raw.authorization.replace("us-east-1", "eu-west-1") }
      yield* withServer({ data, streams }, ({ endpoint }) =>
        Effect.gen(function*() {
          for (const key of ["a", "b", "c"]) yield* put(endpoint, key)
          yield* Raw.call(endpoint, "CreateStream", { StreamName: "visits", ShardCount: 3 }, there)
        }))
      assert.isFalse(existsSync(join(data, "lock")))
      yield* withServer({ data, streams }, (server) =>
        Effect.gen(function*() {
          assert.sameMembers([...yield* keysOf(server)], ["a", "b", "c"])
          const { body } = yield* Raw.call(server.endpoint, "DescribeStream", { StreamName: "visits" }, there)
          assert.strictEqual(body.StreamDescription.Shards.length, 3)
          yield* put(server.endpoint, "d")
        }))
      yield* withServer({ data }, (server) =>
        Effect.map(keysOf(server), (keys) => assert.sameMembers([...keys], ["a", "b", "c", "d"])))
    }))

  it.scopedLive("cuts a torn tail off, and goes on from there", () =>
    Effect.gen(function*() {
      const data = yield* folder
      const streams = [{ name: "orders" }]
      yield* withServer({ data, streams }, ({ endpoint }) => Effect.forEach(["a", "b"], (key) => put(endpoint, key)))
      const whole = statSync(journalOf(data)).size
      truncateSync(journalOf(data), whole - 1)
      yield* withServer({ data }, (server) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* keysOf(server), ["a"])
          yield* put(server.endpoint, "c")
        }))
      appendFileSync(journalOf(data), Buffer.from([5, 0, 0, 0, 1, 2, 3, 4, 3, 0, 0, 0, 0, 0]))
      yield* withServer({ data }, (server) =>
        Effect.map(keysOf(server), (keys) => assert.deepStrictEqual(keys, ["a", "c"])))
    }))

  it.scopedLive("keeps a file that it cannot read, and says so", () =>
    Effect.gen(function*() {
      const data = yield* folder
      const told: Array<string> = []
      const listening = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ logLevel, message }) => void told.push(`${logLevel.label} ${String(message)}`))
      )
      yield* withServer({ data, streams: [{ name: "orders" }] }, () => Effect.void)
      appendFileSync(journalOf(data), "somebody else's notes")
      const damaged = readFileSync(journalOf(data))
      yield* Effect.provide(withServer({ data }, () => Effect.void), listening)
      assert.isTrue(readFileSync(`${journalOf(data)}.torn`).equals(damaged))
      assert.strictEqual(told.length, 1)
      assert.include(told[0], `WARN the last 21 bytes of ${journalOf(data)} cannot be read`)
      yield* Effect.provide(withServer({ data }, () => Effect.void), listening)
      assert.strictEqual(told.length, 1)
    }))

  it.scopedLive("that cannot be used is told of, with what to do", () =>
    Effect.gen(function*() {
      const data = yield* folder
      const failure = (data: string) =>
        Effect.map(
          Effect.flip(Effect.scoped(KinesisServer.make({ data }))),
          ({ _tag, message }) => `${_tag}: ${message}`
        )
      const file = join(data, "file")
      writeFileSync(file, "")
      assert.strictEqual(
        yield* failure(file),
        `DataError: the folder ${file} cannot be used: ${file} is a file; name a folder`
      )
      mkdirSync(journalOf(data, "eu-west-1"))
      assert.include(yield* failure(data), `DataError: the folder ${data} `)
      rmSync(journalOf(data, "eu-west-1"), { recursive: true })
      writeFileSync(journalOf(data, "my notes"), "mine")
      yield* withServer({ data }, () => Effect.void)
      assert.strictEqual(readFileSync(journalOf(data, "my notes"), "utf8"), "mine")
    }))

  it.scopedLive("is appended to behind what is whole of it", () =>
    Effect.gen(function*() {
      const path = journalOf(yield* folder)
      const write = Effect.fnUntraced(function*(key: string) {
        const engine = yield* LocalApi.make({ streams: [{ name: "orders" }], journal: JournalFile.pieces(path) })
        const file = JournalFile.open(path, engine)
        yield* engine.operations.putRecord({ stream: "orders", partitionKey: key, data: new Uint8Array(3) })
        yield* JournalFile.append(file)
        yield* JournalFile.close(file)
      })
      yield* write("a")
      yield* write("b")
      truncateSync(path, statSync(path).size - 1)
      yield* write("c")
      yield* write("d")
      const { local } = yield* LocalApi.make({ journal: JournalFile.pieces(path) })
      const keys = (yield* local.records("orders")).map(({ partitionKey }) => partitionKey)
      assert.deepStrictEqual(keys, ["a", "c", "d"])
    }))

  it.scopedLive("is used by one server at a time; a lock of the dead is none", () =>
    Effect.gen(function*() {
      const data = yield* folder
      writeFileSync(join(data, "lock"), String(process.ppid))
      const error = yield* Effect.flip(Effect.scoped(KinesisServer.make({ data })))
      assert.include(error.message, `in use by the server of process ${process.ppid}`)
      for (const dead of ["999999999", ...existsSync("/proc/self/stat") ? [`${process.ppid} 1`] : []]) {
        writeFileSync(join(data, "lock"), dead)
        yield* Effect.scoped(KinesisServer.make({ data }))
      }
      const file = join(data, "file")
      writeFileSync(file, "")
      assert.include((yield* Effect.flip(Effect.scoped(KinesisServer.make({ data: file })))).message, file)
    }))

  it.scopedLive("is used by one server of a process at a time, whatever path names it", () =>
    Effect.gen(function*() {
      const data = yield* folder
      yield* withServer({ data }, () =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(Effect.scoped(KinesisServer.make({ data: `${data}/../${basename(data)}` })))
          assert.include(error.message, `in use by the server of process ${process.pid}`)
          assert.isTrue(existsSync(join(data, "lock")))
        }))
      yield* withServer({ data }, () => Effect.void)
    }))

  it.scopedLive("is used by one server at a time while that one runs", () =>
    Effect.gen(function*() {
      const data = yield* folder
      const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))
      const child = yield* Effect.acquireRelease(
        Effect.sync(() => spawn(process.execPath, ["--import", "tsx", bin, "--port", "0", "--data", data])),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      yield* Effect.promise(() => new Promise((resolve) => child.stdout.once("data", resolve)))
      const error = yield* Effect.flip(Effect.scoped(KinesisServer.make({ data })))
      assert.include(error.message, `in use by the server of process ${child.pid}`)
    }))

  it.scopedLive("that has a file of somebody else is left alone", () =>
    Effect.gen(function*() {
      const data = yield* folder
      const path = journalOf(data, "notes")
      for (const text of ["Dear diary", "Dear"]) {
        writeFileSync(path, text)
        const error = yield* Effect.flip(Effect.scoped(KinesisServer.make({ data })))
        assert.include(error.message, "notes.journal, which no server has written")
        assert.strictEqual(readFileSync(path, "utf8"), text)
        assert.isFalse(existsSync(join(data, "lock")))
      }
    }))

  it.scopedLive("on a full disk is told of on standard error, and has no half of a file at the end", () =>
    Effect.gen(function*() {
      const data = yield* folder
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn("sh", [
            "-c",
            "ulimit -f 2048; exec \"$@\"",
            "sh",
            process.execPath,
            "--import",
            "tsx",
            fileURLToPath(new URL("../src/bin.ts", import.meta.url)),
            ..."--port 0 --stream orders --without all --json --data".split(" "),
            data
          ])
        ),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      let out = ""
      let err = ""
      child.stdout.on("data", (piece) => out += piece)
      child.stderr.on("data", (piece) => err += piece)
      const until = (is: () => boolean) =>
        Effect.repeat(Effect.sync(is), { until: (done) => done, schedule: Schedule.spaced("10 millis") })
      yield* until(() => out.includes("\n"))
      const { endpoint } = JSON.parse(out)
      const Data = Buffer.alloc(3_000_000).toString("base64")
      yield* Raw.call(endpoint, "PutRecord", { StreamName: "orders", PartitionKey: "a", Data })
      yield* until(() => `${out}${err}`.includes("us-east-1.journal cannot be written"))
      const ended = Effect.promise(() => new Promise((resolve) => child.once("close", resolve)))
      child.kill("SIGINT")
      yield* ended
      assert.include(err, "us-east-1.journal cannot be written")
      assert.deepStrictEqual(out.trim().split("\n").map((line) => typeof JSON.parse(line)), ["object", "object"])
      assert.deepStrictEqual(readdirSync(data), ["us-east-1.journal"])
    }))

  it.scopedLive("of a process that is killed has what was answered before the last moment", () =>
    Effect.gen(function*() {
      const data = yield* folder
      const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, [
            "--import",
            "tsx",
            bin,
            "--port",
            "0",
            "--stream",
            "orders",
            "--data",
            data,
            "--json"
          ], {
            stdio: ["pipe", "pipe", "inherit"]
          })
        ),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      const started = yield* Effect.promise<string>(() =>
        new Promise((resolve) => child.stdout.once("data", (piece) => resolve(String(piece))))
      )
      const { endpoint } = JSON.parse(started)
      yield* untilWritten(journalOf(data), 1)
      const before = statSync(journalOf(data)).size
      for (const key of ["a", "b", "c"]) yield* put(endpoint, key)
      yield* untilWritten(journalOf(data), before + 3)
      yield* put(endpoint, "d")
      const ended = Effect.promise(() => new Promise((resolve) => child.once("exit", resolve)))
      child.kill("SIGKILL")
      yield* ended
      yield* withServer({ data }, (server) =>
        Effect.map(keysOf(server), (keys) => {
          assert.isAtLeast(keys.length, 1)
          assert.deepStrictEqual(keys, ["a", "b", "c", "d"].slice(0, keys.length))
        }))
      assert.isAbove(readFileSync(journalOf(data)).length, 0)
    }))
})
