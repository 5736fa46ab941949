import type { Leases } from "effect-kinesis/LeaseStore"
import type { Calls } from "./calls.js"
import * as LeaseReads from "./leaseReads.js"
import type { Settings, State } from "./leaseTable.js"
import * as LeaseWrites from "./leaseWrites.js"

/** The leases of an existing table. */
export const make = (calls: Calls, settings: Settings): Leases => {
  const self: State = { calls, settings, reported: new Set() }
  return {
    list: LeaseReads.list(self),
    owned: LeaseReads.owned(self),
    create: LeaseWrites.create(self),
    claim: LeaseWrites.claim(self),
    requestHandoff: LeaseWrites.requestHandoff(self),
    withdrawHandoff: LeaseWrites.withdrawHandoff(self),
    renew: LeaseWrites.renew(self),
    checkpoint: LeaseWrites.checkpoint(self),
    finish: LeaseWrites.finish(self),
    release: LeaseWrites.release(self),
    reset: LeaseWrites.reset(self),
    annotate: LeaseWrites.annotate(self),
    remove: LeaseWrites.remove(self)
  }
}
