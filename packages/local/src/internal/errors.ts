import * as Errors from "effect-kinesis/KinesisError"
import type { KmsCode } from "../LocalKinesis.js"
import type { Refusal } from "./refusal.js"

/** Any error of an operation. */
export type Failure = Errors.KinesisError | Errors.ExpiredIterator | Errors.ExpiredListToken

/** Where an error happened. */
export interface CallSite {
  /** The API's name of the operation. */
  readonly operation: string
  readonly stream: string | undefined
  readonly shardId: string | undefined
}

/** The typed error of a refusal. */
export const fromRefusal = (site: CallSite, { description, field, refused }: Refusal): Failure => {
  const stream = typeof site.stream === "string" ? site.stream : undefined
  const fields = { ...site, stream, description }
  switch (refused) {
    case "throughput":
    case "limit":
      return new Errors.ThrottledError({ ...fields, reason: refused })
    case "ExpiredIterator":
      return new Errors.ExpiredIterator(fields)
    case "ExpiredListToken":
      return new Errors.ExpiredListToken(fields)
    case "InvalidArgument":
      return new Errors.InvalidArgument({ ...fields, field })
    case "ResourceInUse":
      return new Errors.ResourceInUse(fields)
    case "ResourceNotFound":
      return new Errors.ResourceNotFound(fields)
  }
}

/** What each code of KMS says of the stream's key. */
const wordsOfKms: Readonly<Record<KmsCode, string>> = {
  KMSAccessDeniedException: "The ciphertext refers to a key that does not exist or that the caller may not use.",
  KMSDisabledException: "The key is disabled.",
  KMSInvalidStateException: "The state of the key does not allow this request.",
  KMSNotFoundException: "The key cannot be found.",
  KMSOptInRequired: "The account is not subscribed to KMS.",
  KMSThrottlingException: "The request was denied due to request throttling by KMS."
}

/** The typed error of a refusal by KMS. */
export const ofKms = (site: CallSite, code: KmsCode): Failure =>
  code === "KMSThrottlingException"
    ? new Errors.ThrottledError({ ...site, description: wordsOfKms[code], reason: "kms" })
    : new Errors.KmsError({ ...site, description: wordsOfKms[code], code })
