import { assert, it } from "@effect/vitest"
import * as Subject from "../../src/internal/subject.js"

const any = { operation: undefined, stream: undefined, shardId: undefined }
const subject: Subject.Subject = {
  operation: "getRecords",
  stream: "s",
  shardId: "a",
  touches: (id) => id === "a" || id === "b"
}

it("a scope is met by every field that it has", () => {
  assert.isTrue(Subject.isMet(any, subject))
  assert.isTrue(Subject.isMet({ operation: "getRecords", stream: "s", shardId: "b" }, subject))
  assert.isFalse(Subject.isMet({ ...any, operation: "putRecord" }, subject))
  assert.isFalse(Subject.isMet({ ...any, stream: "other" }, subject))
  assert.isFalse(Subject.isMet({ ...any, shardId: "c" }, subject))
})
