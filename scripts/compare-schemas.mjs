// Compares compiled schemas with Effect's own parser on more inputs than the tests have time for: 100,000 of each, both ways.
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url))
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--project", "kinesis", "packages/kinesis/test/schema/SchemaCompiler.test.ts"],
  { cwd: root, stdio: "inherit", env: { SCHEMA_CASES: "100000", ...process.env } }
)
process.exitCode = status ?? 1
