/** What an editor shows: a sentence for everything public. Its examples are programs, which have the types that they should and run to their end. */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll } from "vitest"

const root = fileURLToPath(new URL("../../", import.meta.url))
const packages = ["kinesis", "local", "dynamodb", "server"]

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
      /@category (constructors|layers|combinators|decoders|encoders|parsers|serializers|configuration)/.test(
        comment!
      ) &&
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

/** What is said before the tags. */
const sentenceOf = (comment: string): string =>
  comment.split("\n").map((line) => line.replace(/^ *(\* ?|\/\*\*)?/, "").replace(/\*\/$/, "")).join("\n").split(
    /^@|\{@internal/m
  )[0]!.trim()

/** The lines of a file, each with the comment that ends on the line before it, if any. */
const commented = (file: string): ReadonlyArray<{ readonly line: string; readonly comment: string | undefined }> => {
  const lines = readFileSync(file, "utf8").split("\n")
  let comment: Array<string> = []
  let isOpen = false
  return lines.map((line) => {
    const before = comment.length > 0 && !isOpen ? comment.join("\n") : undefined
    if (/^ *\/\*\*/.test(line)) comment = []
    if (isOpen || /^ *\/\*\*/.test(line)) {
      comment.push(line)
      isOpen = !line.trimEnd().endsWith("*/")
    } else comment = []
    return { line, comment: before }
  })
}

/** What doors hand on of these files is public. */
const behindDoors: Readonly<Record<string, ReadonlyArray<string>>> = {
  "internal/decode/cloudWatchLogs.ts": ["Event"],
  "internal/decode/options.ts": [
    "Options",
    "InflateOptions",
    "JsonValuesOptions",
    "JsonOptions",
    "MixedOptions",
    "AutoOptions"
  ],
  "internal/encode/options.ts": ["KeyOptions", "JsonOptions", "CompressOptions"],
  "internal/group/report.ts": ["Report"],
  "internal/group/settings.ts": ["GroupOptions"],
  "internal/group/shardStreams.ts": ["ShardStream", "Checkpointer"],
  "internal/group/shardTasks.ts": ["Assigned"],
  "internal/group/streams.ts": ["LostStream"],
  "internal/reading/coordinator.ts": ["ShardStream"],
  "internal/reading/fanOutSettings.ts": ["FanOutOptions"],
  "internal/reading/settings.ts": ["ReadOptions", "StreamOptions"],
  "internal/wire/errorMapping.ts": ["Call"],
  "internal/wire/sdkClient.ts": ["ClientOptions", "Connections"],
  "internal/wire/sdkTransport.ts": ["Options"]
}

/** The members of interfaces, and of objects of which a union or a schema is made, each with its comment. */
const membersOf = (file: string, only?: ReadonlyArray<string>) => {
  let scope = ""
  let isOpen = false
  return commented(file).flatMap(({ comment, line }) => {
    const opened = /^export (?:interface|type) (\w+)/.exec(line)
    if (/^\S/.test(line)) isOpen = opened !== null
    scope = opened?.[1] ?? scope
    const member = /^(?: {2}| {4})readonly ("?[\w~]+"?)\??:(?! undefined$)/.exec(line)
    return member !== null && isOpen && !line.includes("?: undefined") && (only === undefined || only.includes(scope))
      ? [{ name: `${basename(file, ".ts")}.${scope}.${member[1]}`, comment }]
      : []
  })
}

const undocumented = (all: ReadonlyArray<{ readonly name: string; readonly comment: string | undefined }>) =>
  all.filter(({ comment }) => comment === undefined || sentenceOf(comment) === "").map(({ name }) => name)

describe("what an editor shows", () => {
  const doors = packages.flatMap(doorsOf)

  it("is a sentence for each export", () => {
    const exports = doors.flatMap((file) =>
      commented(file).flatMap(({ comment, line }) => {
        const [, name] = /^export (?:declare )?(?:const|class|function|interface|type) (\w+)/.exec(line) ?? []
        return name === undefined || comment?.includes("@internal")
          ? []
          : [{ name: `${basename(file, ".ts")}.${name}`, comment }]
      })
    )
    assert.isAbove(exports.length, 150)
    assert.deepStrictEqual(undocumented(exports), [])
  })

  it("is a sentence for each member of what is exported", () => {
    const members = [
      // an event's fields are told of by its own comment
      ...doors.filter((file) => !file.endsWith("KinesisEvent.ts")).flatMap((file) => membersOf(file)),
      ...Object.entries(behindDoors).flatMap(([file, names]) =>
        membersOf(join(root, "packages/kinesis/src", file), names)
      )
    ]
    assert.isAbove(members.length, 200)
    assert.deepStrictEqual(undocumented(members), [])
  })

  it("is a sentence for each event, and each field of an error", () => {
    const source = join(root, "packages/kinesis/src")
    const events = commented(join(source, "KinesisEvent.ts")).flatMap(({ comment, line }) => {
      const [, name] = /^ {2}readonly (\w+): \{/.exec(line) ?? []
      return name === undefined ? [] : [{ name, comment }]
    })
    const fields = [
      "KinesisError.ts",
      "LeaseStoreError.ts",
      "internal/decode/decodeError.ts",
      "internal/encode/encodeError.ts",
      "LeaseStore.ts"
    ].flatMap(
      (file) =>
        commented(join(source, file)).flatMap(({ comment, line }) => {
          const [, name] = /^ {2,6}(\w+): (?:Schema\.|HashKeyRange|Reason)/.exec(line) ?? []
          return name === undefined ? [] : [{ name: `${basename(file, ".ts")}.${name}`, comment }]
        })
    )
    assert.isAbove(events.length, 30)
    assert.isAbove(fields.length, 35)
    assert.deepStrictEqual(undocumented([...events, ...fields]), [])
  })

  it("is a sentence at the call of what is overloaded", () => {
    const signatures = doors.flatMap((file) =>
      commented(file).flatMap(({ comment, line }) =>
        /^ {2}<(?!.*=>)/.test(line) ? [{ name: `${basename(file)}: ${line}`, comment }] : []
      )
    )
    assert.isAbove(signatures.length, 3)
    assert.deepStrictEqual(undocumented(signatures), [])
  })

  it("is a module's first sentence at its name", () => {
    const flat = (text: string) => text.replaceAll(/\s+/g, " ")
    const named = packages.flatMap((name) =>
      commented(join(root, "packages", name, "src/index.ts")).flatMap(({ comment, line }) => {
        const [, module, path] = /^export \* as (\w+) from "\.\/(\w+)\.js"/.exec(line) ?? []
        return module === undefined
          ? []
          : [{ module, comment, file: join(root, "packages", name, "src", `${path}.ts`) }]
      })
    )
    assert.isAbove(named.length, 20)
    for (const { comment, file, module } of named) {
      const said = flat(sentenceOf(comment ?? ""))
      assert.isNotEmpty(said, module)
      assert.isTrue(flat(sentenceOf(readFileSync(file, "utf8").split("*/")[0]!)).startsWith(said), module)
    }
  })
})
