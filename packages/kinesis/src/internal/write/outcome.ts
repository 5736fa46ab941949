import type { PutRecordsResultEntry } from "../../KinesisApi.js"
import type { KinesisError } from "../../KinesisError.js"
import type { Entry, Trouble } from "./entry.js"

/**
 * What becomes of the records of a request that failed as a whole: they may have been written, and go again; they go again; they go again when
 * the service has room; nobody's go; or one of them is at fault.
 */
export type Verdict = "unknown" | "again" | "throttled" | "refused" | "invalid"

export const ofError = (error: KinesisError): Verdict => {
  switch (error._tag) {
    case "RequestTimeout":
    case "ServiceUnavailable":
      return "unknown"
    case "ThrottledError":
      return "throttled"
    case "ResourceInUse":
      return "again"
    case "CredentialsUnavailable":
      return error.hadCredentials ? "again" : "refused"
    case "InvalidArgument":
      return "invalid"
    case "ResourceNotFound":
    case "AccessDenied":
    case "KmsError":
      return "refused"
  }
}

/** What became of one entry of a request that was answered. An answer that says nothing of an entry leaves its outcome unknown. */
export type EntryVerdict = "written" | "throttled" | "failed" | "unknown"

export const ofEntry = ({ errorCode, sequenceNumber, shardId }: PutRecordsResultEntry): EntryVerdict => {
  if (errorCode === undefined) return shardId === undefined || sequenceNumber === undefined ? "unknown" : "written"
  return errorCode === "ProvisionedThroughputExceededException" ? "throttled" : "failed"
}

const silence: Trouble = { _tag: "EntryFailed", code: "none", message: "the answer does not say what became of it" }

/** What an entry failed with. */
export const troubleOf = (result: PutRecordsResultEntry): Trouble =>
  result.errorCode === undefined
    ? silence
    : { _tag: "EntryFailed", code: result.errorCode, message: result.errorMessage }

/** Whether a record that is given up may be in the stream. */
export const written = ({ mayBeWritten }: Entry): "no" | "unknown" => mayBeWritten ? "unknown" : "no"
