import { KinesisServer } from "@effect-kinesis/server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { KinesisClient } from "effect-kinesis"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import * as Usage from "../src/Usage.js"
import * as Bundle from "./support/bundle.js"

const credentials = { AWS_ACCESS_KEY_ID: "000000000000", AWS_SECRET_ACCESS_KEY: "secret", NO_COLOR: "1" }

let bundle: Bundle.Bundle
let command: ReadonlyArray<string>

beforeAll(async () => {
  bundle = await Bundle.make("bin")
  command = [process.execPath, bundle.program]
})

afterAll(() => bundle.remove())

interface Setting {
  readonly cwd?: string
  readonly env?: Record<string, string | undefined>
  /** Told what is on standard output so far, with the process. */
  readonly onOutput?: (stdout: string, child: ChildProcess) => void
}

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program, and gives what it said once it has ended by itself. */
const run = ([program, ...args]: ReadonlyArray<string>, { cwd, env, onOutput }: Setting = {}) =>
  Effect.async<Ended>((resume) => {
    const child = spawn(program!, args, {
      stdio: ["ignore", "pipe", "pipe"],
      cwd,
      env: { ...process.env, ...credentials, ...env }
    })
    let stdout = ""
    let stderr = ""
    child.stdout.on("data", (chunk) => {
      stdout += chunk
      onOutput?.(stdout, child)
    })
    child.stderr.on("data", (chunk) => stderr += chunk)
    child.on("close", (code) => resume(Effect.succeed({ code, stdout, stderr })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** Runs the command as a person would. */
const kinesis = (...args: ReadonlyArray<string>) => run([...command, ...args])

const times = ["2s", "6s", "18s", "54s"] as const

/** What takes a second or two must do so in one of these times; a machine that has other things to do needs the longer ones. */
const inTime = (
  attempt: (time: string) => ReturnType<typeof run>,
  isEnough: (ended: Ended) => boolean,
  code = 0
): ReturnType<typeof run> =>
  Effect.gen(function*() {
    const [first, ...longer] = times
    let ended = yield* attempt(first)
    for (const time of longer) {
      if (ended.code === code && isEnough(ended)) break
      ended = yield* attempt(time)
    }
    return ended
  })

const summaryOf = (stdout: string) => JSON.parse(stdout.trimEnd().split("\n").at(-1)!)

/** Runs the demo on a terminal. */
const onTerminal = (size: string, term: string, time: string) => {
  const typed = [...command, "demo", "--for", time].map((word) => `'${word}'`).join(" ")
  return run(["script", "-qec", `stty ${size}; exec ${typed}`, "/dev/null"], { env: { TERM: term } })
}

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

describe.concurrent("kinesis", () => {
  it.live("demo reads all that was written, through a throttle, an expired iterator and a split", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* inTime(
        (time) => kinesis("demo", "--for", time, "--json"),
        ({ stdout }) => summaryOf(stdout).records > 1000
      )
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
      const { clientOptions: options } = yield* KinesisServer.make()
      const client = yield* KinesisClient.make(options)
      yield* fill(client, "filled")
      const args = [
        "--stream",
        "filled",
        "--endpoint",
        options.endpoint,
        "--region",
        "us-east-1",
        "--json"
      ]
      for (const command of ["read", "demo"]) {
        const { code, stderr, stdout } = yield* inTime(
          (time) => kinesis(command, ...args, "--for", time),
          ({ stdout }) => summaryOf(stdout).records === 400
        )
        assert.strictEqual(code, 0, stderr)
        assert.deepInclude(summaryOf(stdout), { records: 400, lost: 0, duplicates: 0, reordered: 0, splits: 1 })
      }
    }))

  it.live("what cannot be reached is an error, not an empty stream", () =>
    Effect.gen(function*() {
      const args = ["read", "--stream", "orders", "--endpoint", "http://127.0.0.1:1", "--region", "us-east-1", "--json"]
      const message = "kinesis: ListShards on orders: the service is unavailable: connect ECONNREFUSED 127.0.0.1:1"
      const { code, stderr, stdout } = yield* inTime(
        (time) => kinesis(...args, "--for", time),
        ({ stderr }) => stderr.includes(message),
        1
      )
      assert.strictEqual(code, 1)
      assert.strictEqual(stdout, "")
      assert.include(stderr, message)
      const told = stderr.split("\n").filter((line) => line.includes("ECONNREFUSED"))
      assert.match(told[0]!, /^Kinesis cannot be used: connect ECONNREFUSED 127\.0\.0\.1:1; nothing listens there/)
      assert.strictEqual(told.length, 2, `once when it begins, once at the end:\n${stderr}`)
    }))

  for (
    const [args, message] of [
      [
        ["demo", "--for", "soon"],
        "--for must be a time such as 500ms, 10s, 2m or 1h30m, from 1ms to 24h, was \"soon\""
      ],
      [["demo", "--for", "1h30m"], "since the embedded Kinesis is in memory, was \"1h30m\""],
      [
        ["read", "--stream", "s", "--from", "yesterday"],
        "or -2h (ago), was \"yesterday\""
      ],
      [["read", "--stream", "no/stream", "--region", "us-east-1"], "invalid --stream: must be a stream's name"],
      [["read"], "--stream"],
      [["read", "--stream", "s", "-o", "xml"], "--output must be one of json, raw, none, was \"xml\""],
      [["read", "--stream", "s", "--resume", "p1.x"], "or a file that holds a place, was \"p1.x\""],
      [["demo", "--jsno"], "did you mean --json?"],
      [["demo", "--from", "latest"], "--from needs a stream: kinesis demo --stream STREAM --from latest"],
      [["fleet", "--for", "5s"], "--for must be a time such as 45s or 2m, from 30s to 10m, was \"5s\""]
    ] as const
  ) {
    it.live(`refuses ${args.join(" ")}`, () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* kinesis(...args)
        assert.strictEqual(code, 2)
        assert.strictEqual(stdout, "")
        assert.include(stderr, message)
      }))
  }

  it.live("without a region or credentials, tells what to type", () =>
    Effect.gen(function*() {
      const env = {
        AWS_CONFIG_FILE: "/dev/null",
        AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
        AWS_EC2_METADATA_DISABLED: "true",
        AWS_REGION: undefined,
        AWS_ACCESS_KEY_ID: undefined,
        AWS_SECRET_ACCESS_KEY: undefined
      }
      const read = [...command, "read", "--stream", "orders"]
      const noRegion = yield* run(read, { env })
      assert.strictEqual(noRegion.code, 2)
      assert.include(noRegion.stderr, "kinesis: there is no region: type --region eu-west-1 or the like")
      const noCredentials = yield* run([...read, "--region", "eu-west-1"], { env })
      assert.strictEqual(noCredentials.code, 1)
      assert.include(noCredentials.stderr, "kinesis: there are no credentials: set AWS_PROFILE, or")
    }))

  it.live("--help tells what each option takes, without a stream and without colours", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* kinesis("demo", "--help")
      assert.strictEqual(code, 0)
      for (const option of ["--for", "--json", "--stream", "--region", "--endpoint", "--from"]) {
        assert.include(stdout, option)
      }
      assert.notInclude(stdout, "\u001b")
    }))

  it.live("alone, and as help, names its commands", () =>
    Effect.gen(function*() {
      const [alone, help] = yield* Effect.all([kinesis(), kinesis("help")])
      assert.strictEqual(alone.code, 0)
      assert.strictEqual(alone.stdout, help.stdout)
      for (const name of Usage.names) assert.include(alone.stdout, `\nkinesis ${name}`)
    }))

  it.live("Ctrl-C ends the demo with its summary and code 130", () =>
    Effect.gen(function*() {
      let isInterrupted = false
      const { code, stderr, stdout } = yield* run([...command, "demo", "--for", "4m"], {
        onOutput: (stdout, child) => {
          if (!isInterrupted && stdout.includes("latest order: customer-")) isInterrupted = child.kill("SIGINT")
        }
      })
      assert.strictEqual(code, 130, stderr)
      assert.match(stdout, /\d records read, [\d,]+ not yet\n0 lost, 0 duplicated, 0 reordered within a key\n/)
      assert.strictEqual(stderr, "", "the SDK's warning too is silenced")
    }))

  it.live("whoever takes the output may stop taking it", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run([
        "bash",
        "-c",
        `set -o pipefail; ${command.map((word) => `'${word}'`).join(" ")} demo --for 5s | head -n 1`
      ])
      assert.strictEqual(stderr, "")
      assert.strictEqual(stdout.split("\n").length, 2)
      assert.strictEqual(code, 0)
    }))

  it.live("what npm kept for itself is told", () =>
    Effect.gen(function*() {
      const env = { npm_lifecycle_event: "start", npm_config_for: "true" }
      const { code, stderr, stdout } = yield* run([...command, "demo", "5s"], { env })
      assert.strictEqual(code, 2)
      assert.strictEqual(stdout, "")
      assert.include(stderr, "type: npm start -- --for 5s")
    }))

  for (const [columns, rows] of [[80, 24], [60, 15]] as const) {
    it.live.skipIf(process.platform !== "linux")(
      `the demo fits a terminal of ${columns} × ${rows}, and gives it back`,
      () =>
        Effect.gen(function*() {
          const framesOf = ({ stdout }: Ended) =>
            stdout.split("\u001b[H").slice(1).map((frame) => frame.split("\u001b[J")[0]!.split("\r\n"))
          const ended = yield* inTime(
            (time) => onTerminal(`cols ${columns} rows ${rows}`, "xterm", time),
            (ended) => framesOf(ended).length > 10
          )
          assert.strictEqual(ended.code, 0)
          const { stdout } = ended
          const frames = framesOf(ended)
          assert.isAbove(frames.length, 10)
          for (const frame of frames) {
            assert.isAtMost(frame.length, rows)
            // oxlint-disable-next-line no-control-regex
            for (const line of frame) assert.isAtMost(line.replace(/\u001b\[K|\r/g, "").length, columns, line)
          }
          const shown = frames.at(-1)!.join("\n")
          assert.match(shown, /customer-\d+ +\w+ +\$\d+\.\d\d/)
          assert.match(frames.flat().join("\n"), /fault 1 of 3/)
          const [, after = ""] = stdout.split("\u001b[?1049l")
          assert.include(after, "0 lost, 0 duplicated, 0 reordered within a key")
          assert.notInclude(after, "\u001b")
        })
    )
  }

  it.live.skipIf(process.platform !== "linux")(
    "a dumb terminal and one of no size get lines",
    () =>
      Effect.gen(function*() {
        for (const [term, size] of [["dumb", "cols 80 rows 24"], ["xterm", "cols 0 rows 0"]] as const) {
          const { code, stdout } = yield* inTime(
            (time) => onTerminal(size, term, time),
            ({ stdout }) => stdout.includes("latest order: customer-")
          )
          assert.strictEqual(code, 0)
          assert.notInclude(stdout, "\u001b")
          assert.include(stdout, "latest order: customer-")
        }
      })
  )
})

describe.concurrent("kinesis read", () => {
  it.scopedLive("prints the records, tells how to go on, and goes on there", () =>
    Effect.gen(function*() {
      const { clientOptions: options } = yield* KinesisServer.make()
      const client = yield* KinesisClient.make(options)
      yield* fill(client, "records")
      const args = [
        "read",
        "--stream",
        "records",
        "--endpoint",
        options.endpoint,
        "--region",
        "us-east-1"
      ]
      const { code, stderr, stdout } = yield* inTime(
        (time) => kinesis(...args, "--for", time),
        ({ stdout }) => stdout.trimEnd().split("\n").length === 400
      )
      assert.strictEqual(code, 0, stderr)
      const records = stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
      assert.deepStrictEqual(
        new Set(records.map(({ data }) => data.n)),
        new Set(Array.from({ length: 400 }, (_, n) => n))
      )
      assert.deepInclude(records.find(({ data }) => data.n === 7), {
        v: 1,
        stream: "records",
        key: "key-7",
        encoding: "json"
      })
      const last = stderr.trimEnd().split("\n").slice(-2)
      assert.strictEqual(last[0], "all 5 shards read to the tip; to continue:")
      const again = last[1]!.trim().split(" ").slice(1)
      assert.deepStrictEqual(again.slice(0, 3), ["read", "--stream", "records"])
      yield* client.putRecord({ stream: "records", partitionKey: "k", data: new TextEncoder().encode("one more") })
      const resumed = yield* inTime(
        (time) => kinesis(...again, "--for", time, "-o", "raw"),
        ({ stdout }) => stdout !== ""
      )
      assert.strictEqual(resumed.stdout, "one more\n", resumed.stderr)
    }))

  it.scopedLive("the examples of the help work as they are printed, against a server", () =>
    Effect.gen(function*() {
      const { clientOptions: options } = yield* KinesisServer.make()
      const client = yield* KinesisClient.make(options)
      yield* fill(client, "orders")
      const cwd = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "kinesis-"))),
        (cwd) => Effect.sync(() => rmSync(cwd, { recursive: true }))
      )
      const env = { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL_KINESIS: options.endpoint }
      const examples = [...Usage.commands.read.examples, ...Usage.commands.demo.examples]
      const place = join(cwd, "orders.place")
      const hasAllPlaces = () => existsSync(place) && Object.keys(JSON.parse(readFileSync(place, "utf8"))).length === 6
      const isAll = ({ stdout }: Ended) => stdout.trimEnd().split("\n").length === 400
      const isDone = (args: string, ended: Ended) =>
        args.includes("-15m") ? isAll(ended) : !args.includes("orders.place") || hasAllPlaces()
      const tried = ({ args }: Usage.Example) =>
        Effect.gen(function*() {
          const timeless = args.replace(/ --for \w+/, "").split(" ")
          const ended = yield* inTime(
            (time) => run([...command, ...timeless, "--for", time], { cwd, env }),
            (ended) => isDone(args, ended)
          )
          assert.strictEqual(ended.code, 0, `${args}: ${ended.stderr}`)
          assert.isTrue(isDone(args, ended), args)
        })
      yield* Effect.forEach(examples, tried, { concurrency: 4 })
      yield* tried(Usage.commands.read.examples.at(-1)!)
    }))
})

describe("kinesis serve", () => {
  it.live("serves the streams that are named, and ends with its parent", () =>
    Effect.gen(function*() {
      const streams = ["--stream", "a:2", "--stream", "b"]
      const { code, stdout } = yield* kinesis("serve", "--port", "0", ...streams, "--tether", "--json")
      assert.strictEqual(code, 0)
      const [started, summary] = stdout.trim().split("\n").map((line) => JSON.parse(line))
      assert.deepStrictEqual(started.streams, ["a", "b"])
      assert.match(started.endpoint, /^http:\/\/127\.0\.0\.1:\d+$/)
      assert.deepInclude(summary, { requests: 0 })
    }))

  it.live("says what is wrong with its options", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* kinesis("serve", "--port", "70000")
      assert.deepStrictEqual([code, stderr.trim()], [
        2,
        "kinesis: --port must be a port from 0 to 65535, was \"70000\""
      ])
    }))
})
