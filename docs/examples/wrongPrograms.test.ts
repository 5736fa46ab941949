/** What the compiler says of programs that are nearly right: the words that help come first. */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

const preamble = `import { Effect, Schema, Stream } from "effect"
import { Consumer, KinesisStream, RecordDecoder } from "effect-kinesis"
const reader = { stream: "orders", from: "latest" } as const
const group = { ...reader, application: "billing" } as const
const records = KinesisStream.records(reader)
`

/** A program, and what is said of its last line. */
const programs: ReadonlyArray<readonly [code: string, says: ReadonlyArray<string>]> = [
  [
    `records.pipe(RecordDecoder.json(Schema.Int, { onInvalid: "ignore" }))`,
    [`Type '"ignore"' is not assignable to type '"either" | "fail" | "skip"`]
  ],
  [
    `KinesisStream.records({ ...reader, onEvent: () => Effect.fail("x") })`,
    ["is not assignable to type 'OnEvent<never>'", "Type 'string' is not assignable to type 'never'"]
  ],
  [
    `Consumer.run({ ...group, handler: async () => 1 })`,
    ["Type '() => Promise<number>' is not assignable to type '(record: KinesisRecord, shard: ShardContext) => Effect<"]
  ],
  [
    `Consumer.run({ ...group, decode: Schema.Struct({ id: Schema.Int }), handler: () => Effect.void })`,
    ["Property 'decodeRecord' is missing in type 'Struct<", "but required in type 'Decoder<"]
  ],
  [
    `Consumer.make({ ...group, decode: RecordDecoder.json, handler: () => Effect.void })`,
    ["is missing the following properties from type 'Decoder<", "decodeRecord"]
  ],
  [
    `records.pipe(Stream.runForEach((record) => Effect.log(record.value)))`,
    ["Property 'value' does not exist on type 'KinesisRecord'"]
  ]
]

/** All that is right, and was not always. */
const right = [
  `records.pipe(RecordDecoder.json(Schema.Int, { onInvalid: (error) => Effect.log(error.line) }))`,
  `records.pipe(RecordDecoder.utf8({ onInvalid: (error) => Effect.log(error.line) }))`,
  `records.pipe(RecordDecoder.auto(Schema.Int, { onInvalid: (error) => Effect.log(error.line) }))`,
  `records.pipe(RecordDecoder.cloudWatchLogs({ onInvalid: (error) => Effect.log(error.line) }))`,
  `Consumer.run({ ...group, handler: () => Effect.void, onEvent: (event) => Effect.log(event._tag) })`
]

const compiled = (folder: string): Promise<string> =>
  new Promise((resolve) => {
    const args = [join(root, "node_modules/typescript/bin/tsc"), "-p", folder, "--pretty", "false"]
    execFile(process.execPath, args, { cwd: folder }, (_, stdout, stderr) => resolve(stdout + stderr))
  })

describe("a compiler", () => {
  it("says what is wrong with a program that is nearly right, and nothing about one that is", async () => {
    const folder = mkdtempSync(join(root, "packages/kinesis/examples-wrong-"))
    try {
      programs.forEach(([code], index) => writeFileSync(join(folder, `wrong${index}.ts`), `${preamble}${code}\n`))
      right.forEach((code, index) => writeFileSync(join(folder, `right${index}.ts`), `${preamble}${code}\n`))
      const compilerOptions = { noEmit: true, noUnusedLocals: false }
      writeFileSync(
        join(folder, "tsconfig.json"),
        JSON.stringify({ extends: "../../../tsconfig.base.json", compilerOptions, include: ["*.ts"] })
      )
      const said = (await compiled(folder)).split(/^(?=\w+\.ts)/m)
      assert.deepStrictEqual(said.filter((each) => each.startsWith("right")), [])
      for (const [index, [code, says]] of programs.entries()) {
        const of = said.filter((each) => each.startsWith(`wrong${index}.ts`)).join("")
        for (const words of says) assert.include(of, words, code)
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
