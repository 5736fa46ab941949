// Compares readers of learned layouts with JSON.parse and the schema on more texts than the tests have time for: a million of each schema,
// or `--texts N`, half of them in each of two processes. `--seed N` draws others.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const { values } = parseArgs({
  options: { texts: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } }
})
const root = fileURLToPath(new URL("..", import.meta.url))
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url))
const args = [vitest, "run", "--project", "kinesis", "packages/kinesis/test/layout/reader.test.ts"]

const ended = async (seed) => {
  const env = { ...process.env, LAYOUT_TEXTS: String(Math.ceil(Number(values.texts) / 2)), LAYOUT_SEED: String(seed) }
  const [code] = await once(spawn(process.execPath, args, { cwd: root, stdio: "inherit", env }), "exit")
  return code
}

const codes = await Promise.all([0, 1].map((part) => ended(Number(values.seed) * 2 + part)))
process.exitCode = codes.every((code) => code === 0) ? 0 : 1
