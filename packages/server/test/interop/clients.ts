/**
 * Clients in other languages on their defaults, against a server of this package: Amazon's SDKs for Python, Java, Go and Rust, and the AWS CLI. What
 * they are told is what the command prints. What a client needs (Python 3; a JVM 17 and Maven; Go; Cargo) may be missing: then it is left out, and
 * told.
 * Their packages stay in the folder of temporary files for the next run.
 */
import { KinesisServer } from "@effect-kinesis/server"
import { Effect } from "effect"
import { deepStrictEqual } from "node:assert/strict"
import { spawn, spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Texts from "../../src/internal/command/texts.js"

const here = dirname(fileURLToPath(import.meta.url))
const home = join(tmpdir(), "effect-kinesis-interop")
const pythonPackages = ["boto3==1.40.0", "awscli==1.42.0"]

type Variables = Readonly<Record<string, string>>

const run = (
  command: string,
  args: ReadonlyArray<string>,
  { cwd = here, env = {} }: { readonly cwd?: string; readonly env?: Variables } = {}
): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] })
    let out = ""
    child.stdout.on("data", (piece) => out += piece)
    child.on("error", reject)
    child.on(
      "close",
      (code) => code === 0 ? resolve(out) : reject(new Error(`${command} ${args.join(" ")} ended with ${code}: ${out}`))
    )
  })

const isThere = (command: string, ...args: ReadonlyArray<string>): boolean =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0

/** A folder that is filled once, and anew when that was cut off or is of another time. */
const filled = async (name: string, mark: string, fill: (folder: string) => Promise<unknown>): Promise<string> => {
  const folder = join(home, name)
  const whole = join(folder, "whole")
  if (!existsSync(whole) || readFileSync(whole, "utf8") !== mark) {
    process.stdout.write(`installing ${name} in ${folder}\n`)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    await fill(folder)
    writeFileSync(whole, mark)
  }
  return folder
}

const python = () =>
  filled("python-clients", pythonPackages.join(), async (folder) => {
    await run("python3", ["-m", "venv", folder])
    await run(join(folder, "bin/pip"), ["install", "--quiet", "--disable-pip-version-check", ...pythonPackages])
  })

const inPython = async (env: Variables): Promise<string> =>
  run(join(await python(), "bin/python"), ["python/client.py"], { env })

const inCli = async (env: Variables): Promise<string> => {
  const aws = join(await python(), "bin/aws")
  const kinesis = async (...args: ReadonlyArray<string>) => {
    const out = await run(aws, ["kinesis", ...args, "--output", "json"], { env })
    return out.trim() === "" ? undefined : JSON.parse(out)
  }
  const stream = ["--stream-name", "cli"]
  await kinesis("create-stream", ...stream, "--shard-count", "1")
  await kinesis("wait", "stream-exists", ...stream)
  const data = Buffer.from("kettle").toString("base64")
  const put = await kinesis("put-record", ...stream, "--partition-key", "a", "--data", "kettle")
  const { ShardIterator } = await kinesis(
    "get-shard-iterator",
    ...stream,
    "--shard-id",
    put.ShardId,
    "--shard-iterator-type",
    "TRIM_HORIZON"
  )
  const { Records } = await kinesis("get-records", "--shard-iterator", ShardIterator)
  const [record] = Records
  deepStrictEqual([record.PartitionKey, record.SequenceNumber, record.Data], ["a", put.SequenceNumber, data])
  deepStrictEqual((await kinesis("list-streams")).StreamNames.includes("cli"), true)
  await kinesis("delete-stream", ...stream)
  return "ok create, wait, put, read, list, delete\n"
}

const inJava = async (env: Variables): Promise<string> => {
  const mark = readFileSync(join(here, "java/pom.xml"), "utf8")
  const folder = await filled(
    "java-clients",
    mark,
    (folder) =>
      run("mvn", ["-q", "-B", "dependency:build-classpath", `-Dmdep.outputFile=${join(folder, "classpath")}`], {
        cwd: join(here, "java")
      })
  )
  const jars = readFileSync(join(folder, "classpath"), "utf8").trim()
  await run("javac", ["-proc:none", "-encoding", "UTF-8", "-d", folder, "-cp", jars, "java/Client.java"])
  return run("java", ["-Dfile.encoding=UTF-8", "-cp", `${folder}:${jars}`, "Client"], { env })
}

const inGo = async (env: Variables): Promise<string> => {
  const mark = readFileSync(join(here, "go/go.mod"), "utf8") + readFileSync(join(here, "go/main.go"), "utf8")
  const folder = await filled("go-clients", mark, async (folder) => {
    cpSync(join(here, "go"), folder, { recursive: true })
    await run("go", ["mod", "tidy"], { cwd: folder })
    await run("go", ["build", "-o", "client", "."], { cwd: folder })
  })
  return run(join(folder, "client"), [], { env })
}

const inRust = async (env: Variables): Promise<string> => {
  const mark = readFileSync(join(here, "rust/Cargo.toml"), "utf8") +
    readFileSync(join(here, "rust/src/main.rs"), "utf8")
  const folder = await filled("rust-clients", mark, async (folder) => {
    cpSync(join(here, "rust"), folder, { recursive: true })
    await run("cargo", ["build", "--quiet", "--target-dir", `${folder}-target`], { cwd: folder })
  })
  return run(join(`${folder}-target`, "debug/client"), [], { env })
}

/** A client, whether what it needs is there, and its run. */
interface Client {
  readonly name: string
  readonly needs: string
  readonly isPossible: () => boolean
  readonly run: (env: Variables) => Promise<string>
}

const hasPython = () => isThere("python3", "--version")

const clients: ReadonlyArray<Client> = [
  { name: "python", needs: "Python 3", isPossible: hasPython, run: inPython },
  { name: "cli", needs: "Python 3", isPossible: hasPython, run: inCli },
  {
    name: "java",
    needs: "a JVM 17 and Maven",
    isPossible: () => isThere("java", "-version") && isThere("mvn", "-v"),
    run: inJava
  },
  { name: "go", needs: "Go", isPossible: () => isThere("go", "version"), run: inGo },
  { name: "rust", needs: "Cargo", isPossible: () => isThere("cargo", "--version"), run: inRust }
]

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !clients.some((client) => client.name === name))
if (unknown !== undefined) {
  process.stderr.write(`there is no ${unknown}: name some of ${clients.map(({ name }) => name).join(", ")}\n`)
  process.exit(2)
}

const program = Effect.scoped(Effect.gen(function*() {
  const server = yield* KinesisServer.make()
  const env = Object.fromEntries(Texts.variables({ server, streams: [], certificateFile: undefined }))
  let failed = 0
  let passed = 0
  for (const { isPossible, name, needs, run } of clients) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    if (!isPossible()) {
      process.stdout.write(`left out: ${name}, which needs ${needs}\n`)
      continue
    }
    const outcome = yield* Effect.either(Effect.tryPromise(() => run(env)))
    if (outcome._tag === "Right") passed++
    else failed++
    const said = outcome._tag === "Right" ? outcome.right.trimEnd() : `FAILED ${String(outcome.left.error)}`
    process.stdout.write(`${said.split("\n").map((line) => `${name}: ${line}`).join("\n")}\n`)
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
  if (failed > 0) process.exitCode = 1
}))

await Effect.runPromise(program)
