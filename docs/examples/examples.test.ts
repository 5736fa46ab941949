import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url))

const run = (example: string) =>
  Effect.async<string, Error>((resume) => {
    execFile(process.execPath, ["--import", "tsx", path(`./${example}`)], (error, stdout) =>
      resume(error === null ? Effect.succeed(stdout) : Effect.fail(error)))
  })

describe.concurrent("the examples do what they say", () => {
  it.live("quickstart", () =>
    Effect.gen(function*() {
      assert.match(yield* run("quickstart.ts"), /shardId-00000000000\d: kettle/)
    }))

  it("the README shows the quickstart as it is", () => {
    assert.include(readFileSync(path("../../README.md"), "utf8"), readFileSync(path("./quickstart.ts"), "utf8"))
  })

  it("the README of the in-memory Kinesis shows the test in virtual time as it is, and nothing of TestClock before it", () => {
    const readme = readFileSync(path("../../packages/local/README.md"), "utf8")
    const test = readFileSync(path("./virtual-time.test.ts"), "utf8")
    assert.include(readme, test.slice(test.indexOf("import ")))
    for (const page of [readme, readFileSync(path("../testing.md"), "utf8")]) {
      assert.isBelow(page.indexOf("VirtualTime.run"), page.indexOf("TestClock"))
    }
  })

  it.live("resume: killed in the middle of a record, nothing is lost", () =>
    Effect.gen(function*() {
      const lines = (yield* run("resume.ts")).match(/(first|second) run: order \d/g)
      const ids = (name: string) => lines?.filter((line) => line.startsWith(name)).map((line) => line.at(-1)).join("")
      assert.strictEqual(ids("first"), "123")
      assert.strictEqual(ids("second"), "2345")
    }))

  it.live("dead-letters", () =>
    Effect.gen(function*() {
      const lines = (yield* run("dead-letters.ts")).match(/(order \d|dead letter: .*)/g)
      assert.deepStrictEqual(lines?.slice(0, 3), ["order 1", "order 3", "order 4"])
      assert.deepStrictEqual(lines?.slice(3), [String.raw`dead letter: not JSON: {\"id\":two}"`])
    }))

  it.live("per-shard", () =>
    Effect.gen(function*() {
      const lines = (yield* run("per-shard.ts")).match(/shardId-\d+: [a-e ]*/g)!
      assert.strictEqual(lines.length, 3)
      assert.strictEqual(lines.at(-1), "shardId-000000000002: e")
    }))

  it.live("group", () =>
    Effect.gen(function*() {
      const output = yield* run("group.ts")
      const handled = [...output.matchAll(/(ann|bob) handled ([a-l]) of/g)]
      assert.deepStrictEqual(handled.map(([, , text]) => text).toSorted(), [..."abcdefghijkl"])
      assert.isTrue(handled.filter(([, , text]) => text! > "f").every(([, worker]) => worker === "bob"))
      assert.match(output, /ann has left 2 shards, 0 records cut off/)
    }))

  it.live("web-handler: each click is taken or refused, and each that is taken is written", () =>
    Effect.gen(function*() {
      const line = /(\d+) taken, (\d+) refused, (\d+) invalid; (\d+) written, (\d+) failed/.exec(
        yield* run("web-handler.ts")
      )!
      const [taken, refused, invalid, written, failed] = line.slice(1).map(Number)
      assert.isAbove(taken!, 0)
      assert.isAbove(refused!, 0)
      assert.strictEqual(taken! + refused!, 1_000)
      assert.deepStrictEqual([invalid, written, failed], [1, taken, 0])
    }))

  it.live("load-file: all lines in the order of their customer, but the one that is no order", () =>
    Effect.gen(function*() {
      const output = yield* run("load-file.ts")
      assert.include(output, "dead letter: customer 7 wants a kettle")
      assert.include(output, "20000 written, 1 failed")
      assert.include(output, "20000 read in the order of their customer")
    }))

  it.live("fan-in: all records of all streams, in the order of their key", () =>
    Effect.gen(function*() {
      const copied = [...(yield* run("fan-in.ts")).matchAll(/"orders-(eu|us|ap) (\d)"/g)]
        .map(([, region, number]) => ({ key: `${region} ${Number(number) % 3}`, number: Number(number) }))
      assert.strictEqual(copied.length, 30)
      for (const key of copied.map(({ key }) => key)) {
        const numbers = copied.filter((each) => each.key === key).map(({ number }) => number)
        assert.deepStrictEqual(numbers, numbers.toSorted())
      }
    }))
})
