/** The command in a process of its own, and what its command line may be. */
import type { KinesisServer } from "@effect-kinesis/server"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Flags from "../src/internal/command/flags.js"
import * as Settings from "../src/internal/command/settings.js"
import * as Texts from "../src/internal/command/texts.js"
import * as Usage from "../src/ServerUsage.js"
import * as Raw from "./support/raw.js"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))

interface Process {
  readonly child: ChildProcess
  readonly firstLine: Effect.Effect<string>
  readonly ended: Effect.Effect<{ readonly code: number | null; readonly out: string; readonly err: string }>
}

const start = (...args: ReadonlyArray<string>) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, ["--import", "tsx", bin, ...args], { stdio: ["pipe", "pipe", "pipe"] })
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    ),
    (child): Process => {
      let out = ""
      let err = ""
      child.stdout.on("data", (piece) => out += piece)
      child.stderr.on("data", (piece) => err += piece)
      const code = new Promise<number | null>((resolve) => child.on("close", resolve))
      const line = new Promise<string>((resolve) =>
        child.stdout.on("data", () => out.includes("\n") && resolve(out.split("\n")[0]!))
      )
      return {
        child,
        firstLine: Effect.promise(() => Promise.race([line, code.then(() => `ended: ${err}`)])),
        ended: Effect.map(Effect.promise(() => code), (code) => ({ code, out, err }))
      }
    }
  )

describe("the command", () => {
  it.scopedLive("prints where it listens, answers, and ends with a summary on Ctrl-C", () =>
    Effect.gen(function*() {
      const { child, ended, firstLine } = yield* start("--port", "0", "--stream", "orders:4", "--stream=visits")
      const [endpoint] = /http:\/\/127\.0\.0\.1:\d+/.exec(yield* firstLine)!
      const { body } = yield* Raw.call(endpoint, "ListShards", { StreamName: "orders" })
      assert.strictEqual(body.Shards.length, 4)
      yield* Raw.call(endpoint, "PutRecord", { StreamName: "visits", PartitionKey: "a", Data: "YQ==" })
      yield* Raw.call(endpoint, "PutRecord", { StreamName: "gone", PartitionKey: "a", Data: "YQ==" })
      child.kill("SIGINT")
      const { code, err, out } = yield* ended
      assert.strictEqual(code, 130)
      assert.include(out, `export AWS_ENDPOINT_URL_KINESIS=${endpoint}\n`)
      assert.include(out, "orders (4 shards), visits (1 shard)")
      assert.match(err, /3 requests in \d+ s, 1 refused; 1 record written, 0 read/)
    }))

  it.scopedLive("ends with its parent when it is tethered, and speaks JSON to it", () =>
    Effect.gen(function*() {
      const { child, ended, firstLine } = yield* start("--port", "0", "--tether", "--json", "--tls-port", "0")
      const started = JSON.parse(yield* firstLine)
      assert.deepInclude(started, { region: "us-east-1", streams: [] })
      assert.include(readFileSync(started.certificateFile, "utf8"), "BEGIN CERTIFICATE")
      assert.match(started.tlsEndpoint, /^https:/)
      assert.strictEqual(started.variables.AWS_ENDPOINT_URL_KINESIS, started.endpoint)
      child.stdin!.end()
      const { code, out } = yield* ended
      assert.strictEqual(code, 0)
      assert.deepInclude(JSON.parse(out.trim().split("\n").at(-1)!), { requests: 0 })
    }))

  it.scopedLive("tells which streams are there, and which were there otherwise", () =>
    Effect.gen(function*() {
      const data = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "kinesis-command-"))),
        (data) => Effect.sync(() => rmSync(data, { recursive: true, force: true }))
      )
      const there = { authorization: Raw.authorization.replace("us-east-1", "eu-west-1") }
      const first = yield* start("--port", "0", "--data", data, "--stream", "orders:2", "--tether")
      const [endpoint] = /http:\/\/127\.0\.0\.1:\d+/.exec(yield* first.firstLine)!
      yield* Raw.call(endpoint, "CreateStream", { StreamName: "visits", ShardCount: 3 }, there)
      first.child.stdin!.end()
      yield* first.ended
      appendFileSync(join(data, "us-east-1.journal"), "torn")
      const second = yield* start("--port", "0", "--data", data, "--stream", "orders:4", "--stream", "b", "--tether")
      yield* second.firstLine
      second.child.stdin!.end()
      const { err, out } = yield* second.ended
      assert.include(out, "# in us-east-1: b (1 shard), orders (2 shards)\n# in eu-west-1: visits (3 shards)\n")
      assert.include(err, "orders is in the data, with 2 shards: --stream orders:4 changes nothing")
      assert.notInclude(out, "torn")
      assert.include(err, "the last 4 bytes of")
    }))

  it.scopedLive("says what is wrong with a command line, with code 2, and with a port, with code 1", () =>
    Effect.gen(function*() {
      const wrong = yield* (yield* start("--prot", "5")).ended
      assert.deepStrictEqual([wrong.code, wrong.err.trim()], [
        2,
        "kinesis-server: there is no option --prot; did you mean --port?"
      ])
      const first = yield* start("--port", "0")
      const [, port] = /:(\d+)/.exec((yield* first.firstLine).replace("http:", ""))!
      const second = yield* (yield* start("--port", port!)).ended
      assert.strictEqual(second.code, 1)
      assert.include(second.err, `port ${port} of 127.0.0.1 is taken: choose another, or 0`)
    }))
})

describe("a command line", () => {
  const settingsOf = (...args: ReadonlyArray<string>) => {
    const flags = Flags.parse(args)
    return Flags.isProblem(flags) ? flags : Settings.of(flags)
  }

  it("is what the server is told", () => {
    const settings = settingsOf(
      ..."--stream a --stream b:3 --port 1 --tls-port 2 --host 0.0.0.0 --region eu-west-1 --account 123456789012".split(
        " "
      ),
      ..."--latency 1.5s --transition 20ms --without throughput,calls --verify k:s:t --data d --tether --json".split(
        " "
      )
    )
    assert.deepStrictEqual(settings, {
      isJson: true,
      isTethered: true,
      server: {
        host: "0.0.0.0",
        port: 1,
        tls: true,
        tlsPort: 2,
        region: "eu-west-1",
        accountId: "123456789012",
        latency: 1500,
        transition: 20,
        limits: { throughput: false, calls: false },
        streams: [{ name: "a", shardCount: 1 }, { name: "b", shardCount: 3 }],
        verify: { accessKeyId: "k", secretAccessKey: "s:t" },
        data: "d"
      }
    })
  })

  const wrong: ReadonlyArray<readonly [args: string, says: string]> = [
    ["--port 70000", "--port must be a port from 0 to 65535, was \"70000\""],
    ["--port x", "0 to 65535"],
    ["--tls-port -1", "0 to 65535"],
    ["--stream a:0", "from 1 to 10000"],
    ["--stream a:99999", "from 1 to 10000"],
    ["--stream a/b", "a-z A-Z 0-9"],
    ["--stream a --stream a:2", "--stream a is there twice"],
    ["--latency soon", "20ms, 1.5s or 2m"],
    ["--latency 25h", "up to 24h"],
    ["--without reads", "throughput,calls,sizes,scaling,consumers,expiry, or all"],
    ["--verify key", "an access key and its secret"],
    ["--region x!", "such as eu-west-1"],
    ["--account 5", "12 digits"],
    ["--host a/b", "such as 127.0.0.1"],
    ["--port", "--port needs a value: --port PORT"],
    ["--port --tls", "--port needs a value"],
    ["--tls=yes", "--tls takes no value"],
    ["--steam a", "did you mean --stream?"],
    ["--nothing", "--help lists them"],
    ["-p 0", "there is no option -p, names begin with two dashes; did you mean --port?"],
    ["-t", "there is no option -t, names begin with two dashes; --help lists them"],
    ["--data=", "--data must be the path of a folder, such as ./kinesis-data, was \"\""],
    ["help", "--help lists the options"],
    ["orders", "a stream is --stream orders"]
  ]
  for (const [args, says] of wrong) {
    it(`${args}: what is wrong is told, and what is right`, () => {
      const settings = settingsOf(...args.split(" "))
      assert.isTrue(Flags.isProblem(settings))
      assert.include((settings as Flags.Problem).problem, says)
    })
  }

  it("prints lines that a shell reads as they are meant", () => {
    const secret = "it's a $ecret"
    const lines = Texts.started({
      server: {
        endpoint: "http://127.0.0.1:1",
        tlsEndpoint: "https://127.0.0.1:2",
        clientOptions: {
          endpoint: "http://127.0.0.1:1",
          region: "us-east-1",
          credentials: { accessKeyId: "k/+=", secretAccessKey: secret }
        }
      } as KinesisServer.Service,
      streams: [],
      certificateFile: "/tmp/a b/certificate.pem"
    })
    assert.include(lines, "export AWS_ACCESS_KEY_ID=k/+=\n")
    assert.include(lines, "# export AWS_ENDPOINT_URL_KINESIS=https://127.0.0.1:2")
    const shell = spawnSync("sh", ["-c", `${lines}\nprintf '%s|%s' "$AWS_SECRET_ACCESS_KEY" "$AWS_CA_BUNDLE"`])
    assert.strictEqual(String(shell.stdout), `${secret}|/tmp/a b/certificate.pem`)
  })

  it("has each option in its help, in lines of 80 columns", () => {
    const help = Texts.help("kinesis-server")
    for (const name of Object.keys(Usage.options)) assert.include(help, `--${name}`)
    assert.deepStrictEqual(help.split("\n").filter((line) => line.length > 80), [])
  })
})
