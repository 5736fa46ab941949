// Compares compiled schemas with Effect's own parser on more inputs than the tests have time for: 100,000 of each, both ways at once.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url))
const file = "packages/kinesis/test/schema/SchemaCompiler.test.ts"
const env = { SCHEMA_CASES: "100000", ...process.env }

const ended = async (way) => {
  const child = spawn(
    process.execPath,
    [vitest, "run", "--project", "kinesis", file, "--testNamePattern", `${way} as Effect does`],
    { cwd: root, stdio: "inherit", env }
  )
  const [code] = await once(child, "exit")
  return code
}

const codes = await Promise.all(["decodes", "encodes"].map(ended))
process.exitCode = codes.every((code) => code === 0) ? 0 : 1
