/** The messages that docs/connecting.md explains are those of the code. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

const source = readdirSync(join(root, "packages/kinesis/src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => readFileSync(join(root, "packages/kinesis/src", file), "utf8"))
  .join("\n")
  .replaceAll("\\\"", "\"")

const table = /\| message \| cause \| remedy \|\n\|[-|]+\n((?:\|.*\n)+)/

/** The messages of a table, as they are written in code. */
const messagesIn = (page: string): ReadonlyArray<string> =>
  table.exec(readFileSync(join(root, page), "utf8"))![1]!.trim().split("\n")
    .map((row) => /`(.*?)`/.exec(row)![1]!)

/** The words of a message, without what stands for a value. */
const wordsOf = (message: string): ReadonlyArray<string> =>
  message.split(" ").map((word) => word.replace(/[:,…]+$/, "")).filter((word) => word !== "")

/** The longest run of words that is written in the code: between the runs there are values. */
const known = (words: ReadonlyArray<string>): number => {
  const runs = words.flatMap((_, from) => words.slice(from).map((__, more) => words.slice(from, from + more + 1)))
  return Math.max(0, ...runs.filter((run) => source.includes(run.join(" "))).map((run) => run.length))
}

describe("the messages of docs/connecting.md", () => {
  it("are those of the code", () => {
    const messages = messagesIn("docs/connecting.md")
    assert.isAbove(messages.length, 15)
    for (const message of messages) {
      const words = wordsOf(message)
      assert.isAtLeast(known(words), Math.min(3, Math.ceil(words.length / 2)), message)
    }
  })
})
