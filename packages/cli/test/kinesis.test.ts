import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { KinesisClient } from "effect-kinesis"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as Emulator from "../../local/test/support/emulator.js"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))
const credentials = { AWS_ACCESS_KEY_ID: "000000000000", AWS_SECRET_ACCESS_KEY: "secret", NO_COLOR: "1" }

/** Runs the command as a person would, and gives what it said once it has ended by itself. */
const kinesis = (...args: ReadonlyArray<string>) =>
  Effect.async<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>((resume) => {
    const child = spawn(process.execPath, ["--import", "tsx", bin, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...credentials }
    })
    let stdout = ""
    let stderr = ""
    child.stdout.on("data", (chunk) => stdout += chunk)
    child.stderr.on("data", (chunk) => stderr += chunk)
    child.on("close", (code) => resume(Effect.succeed({ code, stdout, stderr })))
    return Effect.sync(() => child.kill("SIGKILL"))
  }).pipe(Effect.timeout("25 seconds"))

const summaryOf = (stdout: string) => JSON.parse(stdout.trimEnd().split("\n").at(-1)!)

/** Fills a stream of four shards, one of them split halfway, as another program would. */
const fill = Effect.fnUntraced(function*(client: KinesisClient.Service, stream: string) {
  const active = client.describeStreamSummary({ stream }).pipe(
    Effect.repeat({ until: (summary) => summary.streamStatus === "ACTIVE", schedule: Schedule.spaced("20 millis") })
  )
  const put = (from: number, to: number) =>
    client.putRecords({
      stream,
      records: Array.from({ length: to - from }, (_, i) => ({
        data: new TextEncoder().encode(`{"n":${from + i}}`),
        partitionKey: `key-${(from + i) % 40}`
      }))
    })
  yield* client.createStream({ stream, shardCount: 4 })
  yield* active
  yield* put(0, 200)
  const { shards: [first] } = yield* client.listShards({ stream })
  yield* client.splitShard({ stream, shardToSplit: first!.shardId, newStartingHashKey: "1000" })
  yield* active
  yield* put(200, 400)
})

describe("kinesis", () => {
  it.live("demo reads all that was written, through a throttle, an expired iterator and a split", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* kinesis("demo", "--for", "4s", "--json")
      assert.strictEqual(code, 0, stderr)
      const summary = summaryOf(stdout)
      assert.deepInclude(summary, {
        lost: 0,
        duplicates: 0,
        reordered: 0,
        throttles: 3,
        expiredIterators: 1,
        splits: 1
      })
      assert.isAbove(summary.records, 1000)
      assert.strictEqual(stdout.trimEnd().split("\n").length, 1, "standard output is the summary alone")
      assert.include(stderr, "split into shardId-000000000004 and shardId-000000000005")
    }))

  it.scopedLive("B64 reads a stream that another program filled, over HTTP, and ends by itself", () =>
    Effect.gen(function*() {
      const options = yield* Emulator.start
      const client = yield* KinesisClient.make(options)
      yield* fill(client, "filled")
      const args = [
        "--stream",
        "filled",
        "--endpoint",
        options.endpoint,
        "--region",
        "us-east-1",
        "--for",
        "3s",
        "--json"
      ]
      for (const command of ["read", "demo"]) {
        const { code, stderr, stdout } = yield* kinesis(command, ...args)
        assert.strictEqual(code, 0, stderr)
        assert.deepInclude(summaryOf(stdout), { records: 400, lost: 0, duplicates: 0, reordered: 0, splits: 1 })
      }
    }))

  it.live("what cannot be reached is an error, not an empty stream", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* kinesis(
        "read",
        "--stream",
        "orders",
        "--endpoint",
        "http://127.0.0.1:1",
        "--region",
        "us-east-1",
        "--for",
        "2s",
        "--json"
      )
      assert.strictEqual(code, 1)
      assert.strictEqual(stdout, "")
      assert.include(
        stderr,
        "kinesis: ListShards on orders: the service is unavailable: connect ECONNREFUSED 127.0.0.1:1"
      )
    }))

  for (
    const [args, message] of [
      [["demo", "--for", "soon"], "--for must be a time such as 500ms, 10s, 2m or 1h, from 1ms to 24h"],
      [["demo", "--for", "1h"], "--for must be at most 10m without --stream"],
      [
        ["read", "--stream", "s", "--from", "yesterday"],
        "--from must be one of trim-horizon, latest, 2026"
      ],
      [["read", "--stream", "no/stream", "--region", "us-east-1"], "invalid stream: must be a stream's name"],
      [["read"], "--stream"],
      [["fleet", "--for", "5s"], "--for must be a time such as 45s or 2m, from 30s to 10m"]
    ] as const
  ) {
    it.live(`refuses ${args.join(" ")}`, () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* kinesis(...args)
        assert.strictEqual(code, 1)
        assert.include(stderr + stdout, message)
      }))
  }

  it.live("--help tells what each option takes", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* kinesis("demo", "--help")
      assert.strictEqual(code, 0)
      for (const option of ["--for", "--json", "--stream", "--region", "--endpoint", "--from"]) {
        assert.include(stdout, option)
      }
    }))
})
