import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { KinesisClient } from "effect-kinesis"
import { spawn } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const homeOf = (name: string) => dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))

const page = readFileSync(fileURLToPath(new URL("../../../docs/connecting.md", import.meta.url)), "utf8")

/** The lines that the page says to type. */
const lines = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, code]) => code!.trim().split("\n"))
  .find((lines) => lines.some((line) => line.includes("npx kinesis-local")))

const freePort = Effect.async<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { readonly port: number }
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** A folder in which `npm install` has put a package, and nothing else. */
const installed = (name: string, program: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "connecting-"))
      const modules = join(folder, "node_modules")
      mkdirSync(join(modules, ".bin"), { recursive: true })
      cpSync(homeOf(name), join(modules, name), { recursive: true, dereference: true })
      symlinkSync(`../${name}/${program}`, join(modules, ".bin", name))
      return folder
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )

/** Runs a line as a shell would, in a process group that ends with the scope. */
const typed = (line: string, cwd: string, env: Record<string, string>) =>
  Effect.acquireRelease(
    Effect.sync(() => spawn("bash", ["-c", line], { cwd, detached: true, env: { ...process.env, ...env } })),
    (child) =>
      Effect.async<void>((resume) => {
        child.once("close", () => resume(Effect.void))
        try {
          process.kill(-child.pid!, "SIGKILL")
        } catch {
          resume(Effect.void)
        }
      })
  ).pipe(Effect.map((child) => {
    let said = ""
    for (const out of [child.stdout, child.stderr]) out.on("data", (chunk) => said += chunk)
    return {
      said: () => said,
      ended: Effect.async<void>((resume) => void child.once("close", () => resume(Effect.void)))
    }
  }))

describe("the page about connecting", () => {
  it.scopedLive.skipIf(process.platform === "win32")(
    "starts kinesis-local in an empty folder, on this machine alone",
    () =>
      Effect.gen(function*() {
        assert.isDefined(lines, "the page has its lines")
        const [install, ...rest] = lines!
        assert.strictEqual(install, "npm install kinesis-local")
        const folder = yield* installed("kinesis-local", "main.js")
        const [port, tlsPort] = yield* Effect.all([freePort, freePort])
        const env = { KINESIS_MOCK_PLAIN_PORT: String(port), KINESIS_MOCK_TLS_PORT: String(tlsPort) }
        const { ended, said } = yield* typed(rest.join("\n"), folder, env)
        const client = yield* KinesisClient.make({
          endpoint: `http://127.0.0.1:${port}`,
          region: "us-east-1",
          credentials: { accessKeyId: "000000000000", secretAccessKey: "secret" }
        })
        const shards = client.listShards({ stream: "orders" }).pipe(
          Effect.retry(Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(1_200))),
          Effect.map(({ shards }) => shards.length)
        )
        const early = Effect.map(ended, () => `it has ended: ${said()}`)
        assert.strictEqual(yield* Effect.raceFirst(shards, early), 4)
        const main = readFileSync(join(folder, "node_modules/kinesis-local/main.js"), "utf8")
        assert.notInclude(main, "\"0.0.0.0\"")
      })
  )
})
