/** The file map of `docs/architecture.md` names every source file, and no other. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

const present = readdirSync(join(root, "packages")).flatMap((name) => {
  const folder = `packages/${name}/src`
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}/${file.replaceAll("\\", "/")}`)
})

const named = readFileSync(join(root, "docs/architecture.md"), "utf8").split("\n### ").slice(1).flatMap((section) => {
  const [, folder] = /^`([^`]+)`/.exec(section)!
  return [...section.matchAll(/^\| `([^`]+)` \| \S/gm)].map(([, file]) => `${folder}/${file}`)
})

describe("the file map", () => {
  it("names every source file", () => {
    assert.deepStrictEqual(present.filter((file) => !named.includes(file)), [])
  })

  it("names no file that does not exist, and none twice", () => {
    assert.deepStrictEqual(named.filter((file) => !present.includes(file)), [])
    assert.strictEqual(new Set(named).size, named.length)
  })
})

describe("the cores", () => {
  it("import nothing from Effect but types", () => {
    const cores = present.filter((file) => /kinesis\/src\/internal\/(shard|lease|record|write)\//.test(file))
    assert.isAbove(cores.length, 40)
    const acting = cores.filter((file) =>
      /^import (?!type )[^"]* from "effect/m.test(readFileSync(join(root, file), "utf8"))
    )
    assert.deepStrictEqual(acting, [])
  })
})
