/** The examples of the doc comments are programs: they have the types that they should, and run to their end. */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll } from "vitest"

const root = fileURLToPath(new URL("../../", import.meta.url))
const packages = ["kinesis", "local", "dynamodb"]

interface Example {
  readonly name: string
  readonly code: string
}

const example =
  / *\* @example\n *\* ```ts\n((?: *\*.*\n)+?) *\* ```\n[^]*?\*\/\n(?:export (?:const|class|function)| *readonly) (\w+)/g

const examplesOf = (file: string): ReadonlyArray<Example> =>
  [...readFileSync(file, "utf8").matchAll(example)].map(([, code, name]) => ({
    name: `${basename(file, ".ts")}.${name}`,
    code: code!.replaceAll(/^ *\* ?/gm, "")
  }))

const documented = /\/\*\*((?:(?!\*\/)[^])*?)\*\/\nexport (?:const|class|function) (\w+)/g

/** Whoever writes a lease store starts from `LeaseTransition` and these, by the store's own documentation. */
const ofStores = ["LeaseStore.leaseOrLost", "LeaseTransition.unowned"]

const startingPointsOf = (file: string): ReadonlyArray<string> =>
  [...readFileSync(file, "utf8").matchAll(documented)]
    .filter(([, comment]) =>
      /@category (constructors|layers|combinators|decoders|parsers|configuration)/.test(comment!) &&
      !comment!.includes("@internal")
    )
    .map(([, , name]) => `${basename(file, ".ts")}.${name}`)
    .filter((name) => !ofStores.includes(name))

const doorsOf = (name: string): ReadonlyArray<string> => {
  const folder = join(root, "packages", name, "src")
  return readdirSync(folder).filter((file) => file.endsWith(".ts")).map((file) => join(folder, file))
}

const examplesIn = (name: string): ReadonlyArray<Example> => doorsOf(name).flatMap(examplesOf)

const compilerOptions = { noEmit: true, noUnusedLocals: false, allowImportingTsExtensions: true }

/** A folder of a package, where the package's dependencies are found, with its examples and a file that imports all of them. */
const writeOut = (name: string): string => {
  const folder = mkdtempSync(join(root, "packages", name, "examples-"))
  const examples = examplesIn(name)
  for (const { code, name } of examples) writeFileSync(join(folder, `${name}.ts`), code)
  writeFileSync(join(folder, "all.ts"), examples.map(({ name }) => `import "./${name}.ts"\n`).join(""))
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: "../../../tsconfig.base.json", compilerOptions, include: ["*.ts"] })
  )
  return folder
}

const run = (command: string, ...args: ReadonlyArray<string>): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(command, args, { cwd: root }, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`${stdout}${stderr}`)))
  })

describe("the examples of the doc comments", () => {
  const folders: Array<string> = []

  beforeAll(() => {
    for (const name of packages) folders.push(writeOut(name))
  })

  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })

  it("are there for what users start from", () => {
    const names = packages.flatMap(examplesIn).map(({ name }) => name)
    const startingPoints = packages.flatMap(doorsOf).flatMap(startingPointsOf)
    assert.isAbove(startingPoints.length, 60)
    assert.deepStrictEqual(startingPoints.filter((name) => !names.includes(name)), [])
    assert.strictEqual(new Set(names).size, names.length)
  })

  it("are all found", () => {
    for (const door of packages.flatMap(doorsOf)) {
      const written = readFileSync(door, "utf8").match(/@example/g)?.length ?? 0
      assert.strictEqual(examplesOf(door).length, written, door)
    }
  })

  for (const [index, name] of packages.entries()) {
    it(`have the types that they should (${name})`, async () => {
      await run(process.execPath, join(root, "node_modules/typescript/bin/tsc"), "-p", folders[index]!)
    })

    it(`run to their end (${name})`, async () => {
      await run(process.execPath, "--import", "tsx", join(folders[index]!, "all.ts"))
    })
  }
})
