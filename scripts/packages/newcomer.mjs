/** A newcomer who copies a README into an empty folder: installs, type-checks and runs what stands there. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { blocks, lines } from "./readmes.mjs"
import { refuse, run } from "./run.mjs"

/**
 * Installs in an empty folder what a README says, after the lines for a new project, which only the repository's README has. A command is
 * installed beside the folder. npm asks the registry.
 */
export const install = async (readme, folder, registry) => {
  mkdirSync(folder, { recursive: true })
  const env = {
    npm_config_registry: registry,
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_prefer_offline: "true"
  }
  const project = lines("README.md", "npm").filter((line) => line.startsWith("npm init "))
  const installing = lines(readme, "npm").filter((line) => line.startsWith("npm install "))
  for (const line of [...project, ...installing]) {
    const prefix = line.includes("--global") ? { npm_config_prefix: globally(folder) } : {}
    for (const [command, ...args] of line.split(" && ").map((command) => command.split(" "))) {
      await run(command, args, { cwd: folder, env: { ...env, ...prefix } })
    }
  }
}

const globally = (folder) => {
  const prefix = join(folder, "global")
  mkdirSync(prefix, { recursive: true })
  return prefix
}

/** How a block is tried: with vitest, by running it, or only by the compiler, if it needs AWS. */
const wayOf = (code) =>
  code.includes("@effect/vitest") ? "tested" : code.includes("@effect-kinesis/local") ? "run" : "type-checked"

/** Writes each block of code of a README into a file of the folder. */
export const writeBlocks = (readme, folder) =>
  blocks(readme, "ts").map((code, index) => {
    const way = wayOf(code)
    const file = `block-${index + 1}${way === "tested" ? ".test" : ""}.ts`
    writeFileSync(join(folder, file), code)
    return { file, way }
  })

const strictly = (module, moduleResolution) => ({
  module,
  moduleResolution,
  target: "es2022",
  lib: ["es2023"],
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true
})

/** Declarations of packages that are not ours can contradict one another; that is not what is checked here. */
const isOurs = (error) =>
  !error.startsWith("node_modules/") || /^node_modules\/(@effect-kinesis|effect-kinesis)\//.test(error)

/**
 * Type-checks the blocks by the repository's README's own configuration, and as strictly as can be, the declarations of our packages
 * included, under each way to find modules.
 */
export const typeCheck = async (folder, blocksOfReadme) => {
  const [proposed] = blocks("README.md", "json").map((text) => JSON.parse(text))
  const options = {
    proposed: proposed.compilerOptions,
    nodenext: strictly("nodenext", "nodenext"),
    bundler: strictly("esnext", "bundler")
  }
  const files = blocksOfReadme.map(({ file }) => file)
  for (const [name, compilerOptions] of Object.entries(options)) {
    const config = `tsconfig.${name}.json`
    writeFileSync(join(folder, config), JSON.stringify({ compilerOptions, files }))
    const said = await run("npx", ["tsc", "--pretty", "false", "--project", config], { cwd: folder, fails: true })
    const errors = said.split("\n").filter((line) => /error TS\d+/.test(line) && isOurs(line))
    refuse(errors.map((error) => `${name}: ${error}`))
  }
}

/** Runs a block that needs no AWS. */
export const runBlock = async (folder, { file, way }) => {
  await run("npx", way === "tested" ? ["vitest", "run", file] : ["tsx", file], { cwd: folder })
}

/** Runs the command that a README's lines installed. */
export const runCommand = async (folder) => {
  const kinesis = join(folder, "global", process.platform === "win32" ? "kinesis.cmd" : "bin/kinesis")
  const [line] = (await run(kinesis, ["demo", "--for", "2s", "--json"], { cwd: folder })).trim().split("\n").slice(-1)
  return `${JSON.parse(line).records} records read`
}
