import { assert, it } from "@effect/vitest"
import * as CallScope from "../../src/internal/callScope.js"

const any = { operation: undefined, stream: undefined, shardId: undefined }
const scope: CallScope.CallScope = {
  operation: "getRecords",
  stream: "s",
  shardId: "a",
  touches: (id) => id === "a" || id === "b"
}

it("a scope is met by every field that it has", () => {
  assert.isTrue(CallScope.isMet(any, scope))
  assert.isTrue(CallScope.isMet({ operation: "getRecords", stream: "s", shardId: "b" }, scope))
  assert.isFalse(CallScope.isMet({ ...any, operation: "putRecord" }, scope))
  assert.isFalse(CallScope.isMet({ ...any, stream: "other" }, scope))
  assert.isFalse(CallScope.isMet({ ...any, shardId: "c" }, scope))
})
