import { LocalLeaseStore } from "@effect-kinesis/local"
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { LeaseStoreContract } from "effect-kinesis"

describe("the lease store in memory", () => {
  for (const { name, run } of LeaseStoreContract.cases) {
    it.effect(name, () => Effect.provide(run, LocalLeaseStore.layer()))
  }
})
