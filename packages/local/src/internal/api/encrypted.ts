import type * as Api from "effect-kinesis/KinesisApi"
import type { KinesisRecord } from "effect-kinesis/KinesisRecord"
import { nameOf } from "../lookup.js"
import type { Account } from "../model.js"
import type { Refusal } from "../refusal.js"
import { isRefusal } from "../refusal.js"

/** What says that it is encrypted. */
export interface Encrypted {
  readonly encryptionType?: "KMS"
}

const isEncrypted = (account: Account, stream: string): boolean =>
  account.streams.get(nameOf(account, stream) ?? "")?.details.keyId !== undefined

/** The answer to a writer. */
export const written = <Answer extends object>(account: Account, stream: string, answer: Answer | Refusal) =>
  isRefusal(answer) || !isEncrypted(account, stream) ? answer : { ...answer, encryptionType: "KMS" as const }

/** A page, of which each record says it. */
export interface Page extends Omit<Api.GetRecordsResponse, "records"> {
  readonly records: ReadonlyArray<KinesisRecord & Encrypted>
}

/** What a stream's records say is what it is now. */
export const read = (account: Account, stream: string, page: Api.GetRecordsResponse | Refusal): Page | Refusal =>
  isRefusal(page) || !isEncrypted(account, stream) ? page : {
    ...page,
    records: page.records.map((record) => ({ ...record, encryptionType: "KMS" }))
  }
