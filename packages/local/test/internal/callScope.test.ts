import { assert, it } from "@effect/vitest"
import * as CallScope from "../../src/internal/callScope.js"

const any = { operation: undefined, stream: undefined, shardId: undefined }
const subject: CallScope.CallScope = {
  operation: "getRecords",
  stream: "s",
  shardId: "a",
  touches: (id) => id === "a" || id === "b"
}

it("a scope is met by every field that it has", () => {
  assert.isTrue(CallScope.isMet(any, subject))
  assert.isTrue(CallScope.isMet({ operation: "getRecords", stream: "s", shardId: "b" }, subject))
  assert.isFalse(CallScope.isMet({ ...any, operation: "putRecord" }, subject))
  assert.isFalse(CallScope.isMet({ ...any, stream: "other" }, subject))
  assert.isFalse(CallScope.isMet({ ...any, shardId: "c" }, subject))
})
