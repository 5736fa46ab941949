import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import * as Iterators from "../../src/internal/iterators.js"
import * as Tokens from "../../src/internal/tokens.js"

describe("tokens", () => {
  it.prop("only what was sealed opens", [FastCheck.jsonValue(), FastCheck.nat(), FastCheck.base64String()], ([
    content,
    pick,
    other
  ]) => {
    const token = Tokens.seal("shards", content)
    assert.deepStrictEqual(Tokens.unseal("shards", token), JSON.parse(JSON.stringify(content)))
    assert.isUndefined(Tokens.unseal("iterator", token))
    assert.isUndefined(Tokens.unseal("shards", other))
    const at = pick % token.length
    const changed = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1)
    assert.isUndefined(Tokens.unseal("shards", changed))
  })

  it("an iterator is at most 512 characters", () => {
    const longest = Iterators.issue({
      serial: Number.MAX_SAFE_INTEGER,
      issuedAt: 8.64e15,
      stream: "s".repeat(128),
      generation: Number.MAX_SAFE_INTEGER,
      shardIndex: 2 ** 31,
      place: Number.MAX_SAFE_INTEGER
    })
    assert.isTrue(longest.length <= 512)
  })

  it("instants are written as the service does", () => {
    assert.strictEqual(Tokens.instant(Date.UTC(2015, 0, 22, 1, 22, 2)), "Thu Jan 22 01:22:02 UTC 2015")
  })
})
