import { assert, it } from "@effect/vitest"
import * as CallLog from "../../src/internal/callLog.js"

it("keeps the newest 100,000 calls, oldest first", () => {
  const log = CallLog.make<{ readonly at: number }>()
  for (let at = 0; at < 250_000; at++) {
    log.add({ at })
    if (at === 5) assert.deepStrictEqual(log.newest().map((call) => call.at), [0, 1, 2, 3, 4, 5])
  }
  const newest = log.newest()
  assert.strictEqual(newest.length, 100_000)
  assert.deepStrictEqual([newest[0]!.at, newest.at(-1)!.at], [150_000, 249_999])
})
