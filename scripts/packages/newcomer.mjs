/** A newcomer who copies a README into an empty folder: installs, type-checks and runs what stands there. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { blocks, lines } from "./readmes.mjs"
import { readJson, refuse, run } from "./run.mjs"

/** Runs npm's lines in a new folder, after those for a new project, which only the repository's README has. npm asks the registry. */
const runLines = async (npmLines, folder, registry) => {
  mkdirSync(folder, { recursive: true })
  const env = {
    npm_config_registry: registry,
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_loglevel: "error",
    npm_config_prefer_offline: "true"
  }
  const project = lines("README.md", "npm").filter((line) => line.startsWith("npm init "))
  for (const line of [...project, ...npmLines]) {
    const prefix = line.includes("--global") ? { npm_config_prefix: globally(folder) } : {}
    for (const [command, ...args] of line.split(" && ").map((command) => command.split(" "))) {
      await run(command, args, { cwd: folder, env: { ...env, ...prefix } })
    }
  }
}

/** A command is installed beside the folder's own packages. */
const globally = (folder) => {
  const prefix = join(folder, "global")
  mkdirSync(prefix, { recursive: true })
  return prefix
}

const installing = (readme) => lines(readme, "npm").filter((line) => line.startsWith("npm install "))

/** Installs in an empty folder what a README says. */
export const install = (readme, folder, registry) => runLines(installing(readme), folder, registry)

/** Installs a package in a program that has the oldest SDK which the package permits: there must be no second one. */
export const installBesideSdk = async (readme, { manifest }, folder, registry) => {
  const [name, range] = Object.entries(manifest.dependencies).find(([name]) => name.startsWith("@aws-sdk/client-"))
  const version = range.replace("^", "")
  await runLines([`npm install ${name}@${version}`, ...installing(readme)], folder, registry)
  const copies = readdirSync(join(folder, "node_modules"), { recursive: true })
    .filter((file) => file.replaceAll("\\", "/").endsWith(`${name}/package.json`))
  refuse(copies.length === 1 ? [] : [`there are ${copies.length} copies of ${name}: ${copies.join(", ")}`])
  return `one ${name}, ${readJson(join(folder, "node_modules", copies[0])).version}`
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
