/** The ledger in `docs/behaviours.md` and the numbers in the names of tests say the same. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))
const read = (file: string): string => readFileSync(join(root, file), "utf8")

const testFiles = readdirSync(join(root, "packages")).flatMap((name) => {
  const folder = `packages/${name}/test`
  return existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".test.ts"))
      .map((file) => `${folder}/${file.replaceAll("\\", "/")}`)
    : []
})

/** Each number that the test names of a file begin with, with the file: `B44 packages/kinesis/test/group/checkpoints.test.ts`. Those of writing have a W, those of fan-out an F. */
const named = testFiles.flatMap((file) => {
  const numbers = [...read(file).matchAll(/["'`]((?:[BFW]\d+ )+)/g)].flatMap(([, list]) => list!.trim().split(" "))
  return [...new Set(numbers)].map((number) => `${number} ${file}`)
})

const rows = [...read("docs/behaviours.md").matchAll(/^\| ([BFW]\d+) \| .+? \| (.+?) \| (.*?) \|$/gm)].map((
  [, number, proof, plants]
) => ({
  number: number!,
  files: [...proof!.matchAll(/`([^`]+)`/g)].map(([, file]) => {
    const [name, ...path] = file!.split("/")
    return `packages/${name}/test/${path.join("/")}.test.ts`
  }),
  plants: plants!
}))

describe("the ledger of behaviours", () => {
  it("names each test that carries a number, and no other", () => {
    const listed = rows.flatMap(({ files, number }) => files.map((file) => `${number} ${file}`))
    assert.deepStrictEqual(listed.filter((entry) => !named.includes(entry)), [], "no test carries the number")
    assert.deepStrictEqual(named.filter((entry) => !listed.includes(entry)), [], "not in the ledger")
  })

  it("names files that exist, and each number once", () => {
    assert.deepStrictEqual(rows.flatMap(({ files }) => files).filter((file) => !existsSync(join(root, file))), [])
    assert.strictEqual(new Set(rows.map(({ number }) => number)).size, rows.length)
  })

  it("says of each behaviour which planted bug its tests were seen to catch", () => {
    assert.deepStrictEqual(rows.filter(({ plants }) => plants === "").map(({ number }) => number), [])
  })
})
