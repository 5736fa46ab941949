/**
 * Runs the tests of the wire with other versions of the AWS SDK, in copies of the repository: the oldest that the packages' ranges allow,
 * the newest that is published, and both mixed. `npm run sdk-versions -- 3.1000.0` tries that version of the SDK's clients instead.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pnpm, readJson, run } from "./packages/run.mjs"
import { newest, oldest } from "./sdk/releases.mjs"

const kinesis = "@aws-sdk/client-kinesis"
const dynamodb = "@aws-sdk/client-dynamodb"

const tests = [
  "packages/kinesis/test/sdkHooks.test.ts",
  "packages/kinesis/test/repeatedCalls.test.ts",
  "packages/kinesis/test/internal/recordsJson.test.ts",
  "packages/kinesis/test/internal/recordsCbor.test.ts",
  "packages/kinesis/test/internal/entries.test.ts",
  "packages/kinesis/test/internal/eventStream.test.ts",
  "packages/kinesis/test/internal/results.test.ts",
  "packages/kinesis/test/answers.test.ts",
  "packages/kinesis/test/clock.test.ts",
  "packages/kinesis/test/credentials.test.ts",
  "packages/kinesis/test/transport.test.ts",
  "packages/kinesis/test/dryRun.test.ts",
  "packages/kinesis/test/firstContact.test.ts",
  "packages/kinesis/test/wireSubscriptions.test.ts",
  "packages/kinesis/test/KinesisClient.test.ts",
  "packages/dynamodb/test/answers.test.ts",
  "packages/dynamodb/test/rows.test.ts",
  "packages/dynamodb/test/contract.test.ts"
]

/** The ranges of the published packages. */
const permitted = () =>
  Object.fromEntries(
    ["kinesis", "dynamodb"].flatMap((name) => Object.entries(readJson(`packages/${name}/package.json`).dependencies))
  )

const lowest = (range) => range.replace("^", "")

/** Each name and what it means for pnpm: the versions of some packages, or of those that one of ours imports. */
const variants = async (versions) => {
  if (versions.length > 0) {
    return await Promise.all(
      versions.map(async (version) => [version, await oldest({ [kinesis]: version, [dynamodb]: version })])
    )
  }
  const ranges = permitted()
  const latest = { [kinesis]: await newest(kinesis), [dynamodb]: await newest(dynamodb) }
  const ours = Object.entries(ranges).filter(([name]) => name.startsWith("@smithy/"))
  const mixed = Object.fromEntries(ours.map(([name, range]) => [`effect-kinesis>${name}`, lowest(range)]))
  return [["oldest", await oldest(ranges)], ["newest", latest], ["newest, beside our oldest", { ...latest, ...mixed }]]
}

/** Copies what git has or would take. */
const copyTo = async (folder) => {
  const files = (await run("git", ["ls-files", "--cached", "--others", "--exclude-standard"])).split("\n").filter((
    file
  ) => file !== "")
  for (const file of files) cpSync(file, join(folder, file), { recursive: true })
}

/** The bounds of the ranges are no matter here: each dependency is what the overrides say. */
const override = (folder, overrides) => {
  const workspace = join(folder, "pnpm-workspace.yaml")
  const lines = Object.entries(overrides).map(([name, version]) => `  ${JSON.stringify(name)}: ${version}\n`).join("")
  writeFileSync(workspace, readFileSync(workspace, "utf8").replace(/^overrides:\n/m, (line) => line + lines))
  rmSync(join(folder, "pnpm-lock.yaml"))
}

/** How one step went: what it printed, and whether it ended well. */
const outcome = async (command, args, cwd) => {
  try {
    return { isGood: true, said: await run(command, args, { cwd }) }
  } catch (error) {
    return { isGood: false, said: error.message }
  }
}

/** The versions of a package that are installed. */
const installedOf = (folder, name) => {
  const prefix = `${name.replace("/", "+")}@`
  const found = readdirSync(join(folder, "node_modules/.pnpm")).filter((entry) => entry.startsWith(prefix))
  return [...new Set(found.map((entry) => entry.slice(prefix.length).split("_")[0]))].join(", ")
}

const attempt = async (overrides) => {
  const folder = mkdtempSync(join(tmpdir(), "sdk-"))
  try {
    await copyTo(folder)
    override(folder, overrides)
    await run("npx", ["--yes", pnpm(), "--silent", "install", "--no-frozen-lockfile", "--prefer-offline"], {
      cwd: folder
    })
    return {
      cores: installedOf(folder, "@smithy/core"),
      types: await outcome("npx", ["tsc", "-p", "tsconfig.json"], folder),
      wire: await outcome("npx", ["vitest", "run", ...tests], folder)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const passed = (said) => /^(\d+ passed, \d+ failed)/m.exec(said)?.[1] ?? "no result"

const row = (cells) => process.stdout.write(`| ${cells.join(" | ")} |\n`)

row(["SDK", kinesis, dynamodb, "@smithy/core", "types", "tests of the wire"])
row(Array.from({ length: 6 }, () => "---"))
for (const [name, overrides] of await variants(process.argv.slice(2))) {
  const { cores, types, wire } = await attempt(overrides)
  row([name, overrides[kinesis], overrides[dynamodb], cores, types.isGood ? "fit" : "DO NOT FIT", passed(wire.said)])
  for (const { said } of [types, wire].filter(({ isGood }) => !isGood)) {
    process.exitCode = 1
    process.stderr.write(`${said.split("\n").filter((line) => / FAIL |Error: |error TS/.test(line)).join("\n")}\n`)
  }
}
