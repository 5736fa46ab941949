/** docs/observability.md names every metric with its tags, and every event. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8")

const page = read("docs/observability.md")

const rowsOf = (heading: string): ReadonlyArray<ReadonlyArray<string>> =>
  page.slice(page.indexOf(heading)).split("\n\n")[0]!.split("\n").slice(2).map((row) => row.split("|").slice(1, -1))

const inCode = (text: string): ReadonlyArray<string> => [...text.matchAll(/`(\w+)`/g)].map(([, name]) => name!)

describe("docs/observability.md", () => {
  it("has a row for each metric", () => {
    const named = rowsOf("| metric | of").flatMap(([names]) => inCode(names!))
    const defined = read("packages/kinesis/src/KinesisMetrics.ts").match(/kinesis_\w+(?=")/g)!
    assert.isAbove(defined.length, 20)
    assert.deepStrictEqual(named.toSorted(), [...new Set(defined)].toSorted())
  })

  it("names each metric as the module exports it", () => {
    const source = read("packages/kinesis/src/KinesisMetrics.ts")
    const nameOf = (exported: string) => {
      const key = new RegExp(`^export const ${exported}: .*\\s.*\\bkeys\\.(\\w+)\\s*\\)$`, "m").exec(source)?.[1]
      return new RegExp(`^ {2}${key}: [\\w.]+\\(\\s*"(\\w+)"`, "m").exec(source)?.[1]
    }
    for (const [names, exported] of rowsOf("| metric | of")) {
      assert.deepStrictEqual<unknown>(inCode(exported!).map(nameOf), inCode(names!))
    }
  })

  it("has the tags of the metrics of calls", () => {
    const ofCalls = rowsOf("| metric | of").filter(([, , tags]) => tags!.includes("operation"))
    const names = ofCalls.flatMap(([names]) => inCode(names!))
    const counted = ["attempts", "throttles", "timeouts", "failures", "lease_store_failures"]
    assert.sameMembers(names, counted.map((name) => `kinesis_${name}_total`))
  })

  const sources = [["| event | |", "KinesisEvent"], ["| event of a producer | |", "ProducerEvent"]] as const
  it.each(sources)("has a row for each event: %s of %s", (heading, door) => {
    const events = read(`packages/kinesis/src/${door}.ts`).match(/^ {2}readonly (\w+)(?=: \{)/gm)!
      .map((line) => line.replace(/^ *readonly /, ""))
    const named = rowsOf(heading).flatMap(([names]) => inCode(names!))
    assert.deepStrictEqual(named.toSorted(), events.toSorted())
  })
})
