import { assert, describe, it } from "@effect/vitest"
import * as PageEstimate from "../../src/internal/shard/pageEstimate.js"

const MiB = 1024 * 1024

describe("pageEstimate", () => {
  it("before any page came, the next may be as large as pages get", () => {
    assert.strictEqual(PageEstimate.nextPage(PageEstimate.unknown, 0), 10 * MiB)
  })

  it("a larger page counts at once, a smaller one half", () => {
    assert.deepStrictEqual(PageEstimate.after({ bytes: 1 * MiB }, 3 * MiB), { bytes: 3 * MiB })
    assert.deepStrictEqual(PageEstimate.after({ bytes: 8 * MiB }, 1 * MiB), { bytes: 4 * MiB })
  })

  it("leaves room for twice the shard's last page and for what came of late, within what pages can have", () => {
    const nothing = { bytes: 0 }
    assert.strictEqual(PageEstimate.nextPage(nothing, 0), 64 * 1024)
    assert.strictEqual(PageEstimate.nextPage(nothing, 1 * MiB), 2 * MiB)
    assert.strictEqual(PageEstimate.nextPage({ bytes: 3 * MiB }, 1 * MiB), 3 * MiB)
    assert.strictEqual(PageEstimate.nextPage(nothing, 6 * MiB), 10 * MiB)
  })
})
