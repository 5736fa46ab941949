/** The code in the pages and READMEs has the types that it should. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect"
import * as EffectKinesis from "effect-kinesis"
import { execFile } from "node:child_process"
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** A package that has every other as a dependency. */
const home = join(root, "packages/cli")

interface Block {
  readonly file: string
  readonly line: number
  readonly code: string
  /** The package that the suite does not install, named in a comment before the block. */
  readonly missing: string | undefined
}

const markdown = (folder: string) =>
  readdirSync(folder).filter((file) => file.endsWith(".md")).map((file) => join(folder, file))

const files = [
  join(root, "README.md"),
  ...markdown(join(root, "docs")),
  ...readdirSync(join(root, "packages")).map((name) => join(root, "packages", name, "README.md")).filter(existsSync)
]

const fenced = /(?:<!-- not installed: (\S+) -->\n+)?```ts\n([^]*?)^```$/gm

const blocksOf = (file: string): ReadonlyArray<Block> => {
  const text = readFileSync(file, "utf8")
  return [...text.matchAll(fenced)].map(({ 0: all, 1: missing, 2: code, index }) => ({
    file,
    line: text.slice(0, index + all.indexOf("```ts")).split("\n").length + 1,
    code: code!,
    missing
  }))
}

const blocks = files.flatMap(blocksOf)
const checked = blocks.filter(({ missing }) => missing === undefined)

const isProgram = ({ code }: Block) => code.startsWith("import ")

const ownNames = [
  ...readFileSync(join(root, "docs/examples/fragments.ts"), "utf8").matchAll(
    /^export (?:declare )?(?:const|class|interface) (\w+)/gm
  )
]
  .map(([, name]) => name)

const namesIn = (module: object): string =>
  Object.keys(module).filter((name) => /^[A-Z]/.test(name) && !ownNames.includes(name)).join(", ")

/** A fragment is in a program which has imported all modules, and has some things of its own. */
const preamble = [
  `import { ${namesIn(Effect)} } from "effect"`,
  `import { ${namesIn(EffectKinesis)} } from "effect-kinesis"`,
  "import { DynamoDbLeaseStore } from \"@effect-kinesis/dynamodb\"",
  "import { LocalKinesis, LocalLeaseStore, VirtualTime } from \"@effect-kinesis/local\"",
  "import { assert, it } from \"@effect/vitest\"",
  "import { NodeRuntime } from \"@effect/platform-node\"",
  `import { ${ownNames.join(", ")} } from "./fragments.ts"`
].join("\n")

const programOf = (block: Block): string =>
  isProgram(block) ? block.code : `${preamble}\nexport const fragment = () => {\n${block.code}}\n`

const nameOf = ({ file, line }: Block): string =>
  `${basename(file) === "README.md" ? `${basename(dirname(file))}-README` : basename(file, ".md")}-line-${line}.ts`

/** Dependencies of one package, where the others do not find them. */
const paths = Object.fromEntries(
  [["@aws-sdk/client-kinesis", "dist-types"], ["@smithy/node-http-handler", "dist-types"]].map(([name, types]) => [
    name,
    [join(root, "packages/kinesis/node_modules", name!, types!, "index.d.ts")]
  ])
)

const compilerOptions = {
  noEmit: true,
  noUnusedLocals: false,
  noUnusedParameters: false,
  allowImportingTsExtensions: true,
  verbatimModuleSyntax: false,
  isolatedModules: false,
  paths
}

const check = (folder: string): Promise<string> =>
  new Promise((resolve) => {
    const args = [join(root, "node_modules/typescript/bin/tsc"), "-p", folder, "--pretty", "false"]
    execFile(process.execPath, args, { cwd: folder }, (error, stdout, stderr) =>
      resolve(error === null ? "" : stdout + stderr))
  })

describe("the code in the pages", () => {
  it("is found, most of it", () => {
    assert.isAbove(checked.length, 10)
    const opened = files.map((file) => readFileSync(file, "utf8").match(/^```ts$/gm)?.length ?? 0)
    assert.strictEqual(blocks.length, opened.reduce((sum, count) => sum + count, 0))
    assert.isBelow(blocks.length - checked.length, 6)
  })

  it("is left out only where it imports what is not installed", () => {
    for (const { code, line, missing } of blocks) {
      if (missing === undefined) continue
      assert.include(code, `"${missing}"`, `line ${line}`)
      assert.isFalse(existsSync(join(home, "node_modules", missing)), missing)
    }
  })

  it("imports nothing that its page does not install, beside Effect and our packages", () => {
    const untold = blocks.flatMap(({ code, file, line }) => {
      const told = [...readFileSync(file, "utf8").matchAll(/npm install ([^#`\n]*)/g)].flatMap(([, named]) =>
        named!.split(" ").map((one) => one.replace(/(.)@.*/, "$1"))
      )
      return [...code.matchAll(/ from "((?:@[^/"]+\/)?[^/".]+)/g)].map(([, name]) => name!)
        .filter((name) => !/^(effect|effect-kinesis|@effect-kinesis\/.*|node:.*)$/.test(name) && !told.includes(name))
        .map((name) => `${basename(file)}, line ${line}: ${name}`)
    })
    assert.deepStrictEqual(untold, [])
  })

  it("has the types that it should", async () => {
    const folder = mkdtempSync(join(home, "examples-pages-"))
    try {
      copyFileSync(join(root, "docs/examples/fragments.ts"), join(folder, "fragments.ts"))
      for (const block of checked) writeFileSync(join(folder, nameOf(block)), programOf(block))
      const project = { extends: "../../../tsconfig.base.json", compilerOptions, include: ["*.ts"] }
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project))
      assert.strictEqual(await check(folder), "")
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
