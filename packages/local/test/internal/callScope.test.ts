import { assert, it } from "@effect/vitest"
import * as CallScope from "../../src/internal/callScope.js"

const any = { operations: undefined, stream: undefined, shardId: undefined, consumer: undefined, entries: undefined }
const scope: CallScope.CallScope = {
  operation: "getRecords",
  stream: "s",
  shardId: "a",
  consumer: "c",
  touches: (id) => id === "a" || id === "b",
  writes: (entries, shardId) => (shardId ?? "b") === "b" && entries({ data: new Uint8Array(1) }, 7)
}

it("a scope is met by every field that it has", () => {
  assert.isTrue(CallScope.isMet(any, scope))
  assert.isTrue(CallScope.isMet({ ...any, operations: ["putRecord", "getRecords"], stream: "s", shardId: "b" }, scope))
  assert.isFalse(CallScope.isMet({ ...any, operations: ["putRecord"] }, scope))
  assert.isFalse(CallScope.isMet({ ...any, stream: "other" }, scope))
  assert.isFalse(CallScope.isMet({ ...any, shardId: "c" }, scope))
  assert.isTrue(CallScope.isMet({ ...any, consumer: "c" }, scope))
  assert.isFalse(CallScope.isMet({ ...any, consumer: "d" }, scope))
  assert.isTrue(CallScope.isMet({ ...any, entries: (_, index) => index === 7 }, scope))
  assert.isFalse(CallScope.isMet({ ...any, entries: ({ data }) => data.length > 1 }, scope))
  assert.isFalse(CallScope.isMet({ ...any, shardId: "a", entries: () => true }, scope))
})
